"""At the limit of the provider's account a task stands still, and goes on by itself when the account does."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.egress.usage_limit import reached
from parhelia_tui.core.model.states import TaskState
from tests.egress.conftest import ASK, Fleet
from tests.egress.egress import VIRTUAL, egress
from tests.egress.upstream import Script, Talk, running, says
from tests.support.fleet import end_of
from tests.support.waiting import wait_until

NOW = 1_800_000_000.0
REFUSED = {
    "anthropic-ratelimit-unified-status": "rejected",
    "anthropic-ratelimit-unified-reset": str(int(NOW) + 3600),
    "anthropic-ratelimit-unified-representative-claim": "five_hour",
}


def limit_of(status: int, headers: Mapping[str, str]) -> float | None:
    found = reached(status, [(name.encode(), value.encode()) for name, value in headers.items()], NOW)
    return found.until if found else None


def test_the_account_s_limit_is_told_from_every_other_refusal() -> None:
    prefix = "anthropic-ratelimit-unified-"
    assert limit_of(429, REFUSED) == NOW + 3600
    assert limit_of(200, REFUSED) is None
    assert limit_of(429, {"retry-after": "3600"}) is None
    assert limit_of(429, {**REFUSED, f"{prefix}status": "allowed_warning"}) is None
    assert limit_of(429, {**REFUSED, f"{prefix}fallback": "available"}) is None


@pytest.mark.parametrize("reset", ["", "soon", "nan", "inf", "-1", "0", str(NOW - 1), str(NOW + 9 * 86400)])
def test_a_moment_that_cannot_be_is_none(reset: str) -> None:
    assert limit_of(429, {**REFUSED, "anthropic-ratelimit-unified-reset": reset}) is None


def limited(times: int, seconds: float) -> Script:
    """An account that is at its limit at first, `times` times, and says so."""
    left = [times]

    def script(talk: Talk) -> None:
        if left[0] == 0:
            says("Hello")(talk)
            return
        left[0] -= 1
        until = {**REFUSED, "anthropic-ratelimit-unified-reset": str(time.time() + seconds)}
        talk.answer(
            429, json.dumps({"type": "error", "error": {"type": "rate_limit_error"}}).encode(), **until
        )

    return script


@pytest.mark.long
@pytest.mark.real
def test_a_task_at_the_limit_stands_still_and_goes_on_by_itself(fleet: Fleet, client: Client) -> None:
    # Long enough for a slow machine to hold it still before the limit is over.
    fleet.api.script = limited(1, 10.0)
    beats = "while :; do date +%s.%N >> beats; sleep 0.05; done"
    made = fleet.json(
        *("task", "create", "--network", "api", "--workspace", str(fleet.workspace)),
        f"({beats}) & python3 -I -c '{ASK}' 1 > said",
    )
    wait_until(lambda: client.task(made["id"]).agent_state == "parked", 60)
    parked = client.task(made["id"])
    assert parked.state is TaskState.RUNNING
    assert "the provider's limit for five hours is reached; it goes on by itself at" in parked.agent_detail
    assert end_of(client, made["id"], 60).state is TaskState.COMPLETED
    assert (fleet.workspace / "said").read_text().startswith("200 ")
    times = [float(line) for line in (fleet.workspace / "beats").read_text().split()]
    gaps = [after - before for before, after in pairwise(times)]
    assert max(gaps) > 1.0
    # It was asked once more at the end of the limit, and never in between.
    assert len(fleet.api.seen) == 2
    told = [each["type"] for each in fleet.json("events", "list", "--task", made["id"])]
    assert told.count("agent.parked") == told.count("agent.unparked") == 1
    wait_until(lambda: client.task(made["id"]).cost_usd == pytest.approx(0.0075), 30)


@pytest.mark.long
def test_a_limit_that_is_put_off_is_told_again(tmp_path: Path) -> None:
    with running(limited(2, 4.0)) as api, egress(tmp_path, api.url, holds=True) as it:
        assert it.ask().status == 200
        first, second = it.told("hold")
        assert second["until"] > first["until"]
        assert len(it.told("go_on")) == 1
        assert len(api.seen) == 3


def test_where_nobody_can_hold_it_still_the_refusal_is_passed_on(tmp_path: Path) -> None:
    with running(limited(1, 3600.0)) as api, egress(tmp_path, api.url) as it:
        response = it.ask()
        assert response.status == 429
        assert response.getheader("anthropic-ratelimit-unified-status") == "rejected"
        assert it.told("hold") == []


def test_who_leaves_while_it_is_parked_is_forgotten(tmp_path: Path) -> None:
    with running(limited(9, 3600.0)) as api, egress(tmp_path, api.url, holds=True) as it:
        with socket.create_connection(("127.0.0.1", it.port)) as raw:
            raw.sendall(f"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: {VIRTUAL}\r\n".encode())
            raw.sendall(b"content-length: 2\r\n\r\n{}")
            wait_until(lambda: it.told("hold"), 30)
            assert it.told("hold")[0]["scope"] == "provider"
        wait_until(lambda: it.told("go_on"), 30)
        assert len(api.seen) == 1
        assert it.entries(1)[0].cost == 0
