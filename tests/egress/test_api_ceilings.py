"""The metered API at a ceiling: refused in words, held until somebody raises it, and never raced past."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from parhelia_tui.core.meter import ceilings
from parhelia_tui.core.meter.money import NANO
from tests.egress.egress import A_HUNDRED_OUT, A_THOUSAND_IN, VIRTUAL, egress
from tests.egress.upstream import Talk, running, says, stop
from tests.support.waiting import wait_until

NOW = 1_800_000_000.0


def test_a_spent_budget_is_refused_with_words(tmp_path: Path) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url) as it:
        ceilings.put(it.book, "task:t-1", A_THOUSAND_IN, NOW)
        it.ask().read()
        response = it.ask()
        said = json.loads(response.read())
        assert (response.status, said["type"], said["error"]["type"]) == (402, "error", "billing_error")
        assert "$0.0075 of $0.0050 for task t-1 are spent" in said["error"]["message"]
        assert "parhelia budget raise t-1" in said["error"]["message"]
        assert len(api.seen) == 1
        assert it.told("refused")[0]["scope"] == "task:t-1"


def test_without_a_book_every_request_is_refused_in_words(tmp_path: Path) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url) as it:
        it.end()
        for path in tmp_path.glob("meter.db*"):
            path.write_bytes(b"no database at all" * 100)
        it.start()
        for _ in range(2):
            response = it.ask()
            assert response.status == 503
            assert b"no request can be booked" in response.read()
        assert api.seen == []


def test_the_same_trouble_is_told_once_and_not_with_every_request(tmp_path: Path) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url, key="") as it:
        ceilings.stop(it.book, "t-2", NOW)
        for _ in range(30):
            it.ask().read()
        assert len(it.told("problem")) == 1
        ceilings.stop(it.book, "t-1", NOW)
        for _ in range(30):
            assert it.ask().status == 402
        assert len(it.told("refused")) == 1


def test_a_held_request_goes_on_when_the_ceiling_is_raised(tmp_path: Path) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url, holds=True) as it:
        ceilings.put(it.book, "day", 0, NOW)
        with ThreadPoolExecutor(2) as threads:
            asked = [threads.submit(it.ask) for _ in range(2)]
            wait_until(lambda: it.told("hold"), 30)
            assert it.told("hold")[0]["scope"] == "day"
            assert not any(each.done() for each in asked)
            ceilings.lift(it.book, "day", NANO, time.time())
            assert [each.result(60).read()[-4:] for each in asked] == [stop(100)[-4:]] * 2
        wait_until(lambda: it.told("go_on"), 30)
        assert len(it.told("hold")) == len(it.told("go_on")) == 1


def test_a_held_request_is_refused_when_a_person_says_stop(tmp_path: Path) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url, holds=True) as it:
        ceilings.put(it.book, "all", 0, NOW)
        with ThreadPoolExecutor(1) as threads:
            asked = threads.submit(it.ask)
            wait_until(lambda: it.told("hold"), 30)
            ceilings.stop(it.book, "t-1", NOW)
            response = asked.result(60)
            assert response.status == 402
            assert b"A person has stopped" in response.read()
        assert api.seen == []


def test_a_container_that_leaves_while_it_is_held_is_forgotten(tmp_path: Path) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url, holds=True) as it:
        ceilings.put(it.book, "all", 0, NOW)
        with socket.create_connection(("127.0.0.1", it.port)) as raw:
            raw.sendall(f"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: {VIRTUAL}\r\n".encode())
            raw.sendall(b"content-length: 2\r\n\r\n{}")
            wait_until(lambda: it.told("hold"), 30)
        wait_until(lambda: it.told("go_on"), 30)
        assert api.seen == []


def test_twenty_requests_at_once_stay_below_the_ceiling_and_what_is_in_flight(tmp_path: Path) -> None:
    luck = random.Random(7)
    sizes = [luck.randint(0, 400) for _ in range(1000)]
    lock = threading.Lock()

    def script(talk: Talk) -> None:
        with lock:
            size = sizes.pop()
        says("x", output_tokens=size)(talk)

    with running(script) as api, egress(tmp_path, api.url) as it:
        ceilings.put(it.book, "all", NANO // 5, NOW)

        def agent(_: int) -> int:
            connection = it.connect()
            while (response := it.ask(connection=connection)).status == 200:
                response.read()
            return response.status

        with ThreadPoolExecutor(20) as threads:
            assert set(threads.map(agent, range(20))) == {402}
        booked = it.entries(len(api.seen))
        total = sum(each.cost for each in booked)
        assert NANO // 5 <= total < NANO // 5 + 20 * (A_THOUSAND_IN + 4 * A_HUNDRED_OUT)
        assert len(booked) == len(api.seen)
