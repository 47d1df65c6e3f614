"""What the meter of a container elsewhere tells, taken into the book here; the meter may say anything."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.control import allowances
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.meter.money import NANO
from parhelia_tui.core.meter.spending import TOKENS, day_of
from parhelia_tui.core.model.records import Container
from parhelia_tui.core.settings.config import Config
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.store import containers, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.support.store import make_task

DAY_S = 86_400.0
BEGAN = 1_800_000_000.0
NOW = BEGAN + 2 * DAY_S


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    paths = Paths(tmp_path)
    db = open_migrated(paths.database)
    made = Context(paths, Config(), db, {}, logging.getLogger("test"), clock=lambda: NOW)
    yield made
    db.close()
    if made.book.db is not None:
        made.book.db.close()


@pytest.fixture
def sandbox(context: Context) -> Container:
    with writing(context.db) as tx:
        task = tasks.add(tx, make_task(backend="modal", created_at=BEGAN))
        return containers.add(tx, "c-00000001", task, attempt=1, workspace=task.workspace, slot=1, at=BEGAN)


def settled(**other: Any) -> dict[str, Any]:
    report = {
        "kind": "settled",
        "request": "r-1",
        "model": "claude",
        "cost": NANO,
        "state": "settled",
        "assumed": 0,
        "status": 200,
        "at": NOW - 60,
        "subscription": 0,
        **dict.fromkeys(TOKENS, 1),
    }
    return {"type": "egress", "at": NOW, "report": {**report, **other}}


def booked(context: Context) -> list[tuple[str, str, int]]:
    assert context.book.db is not None
    found = context.book.db.execute("SELECT request, day, cost_nano FROM entries ORDER BY request")
    return [tuple(row) for row in found]


def test_records_of_a_strange_form_are_passed_over_and_those_behind_them_are_booked(
    context: Context, sandbox: Container
) -> None:
    strange = [
        settled(request="inf", cost=float("inf")),
        settled(request="huge", cost=10**400),
        settled(request="below", cost=-1),
        settled(request="tokens", input_tokens=float("nan")),
        settled(request="word", at="yesterday"),
        settled(request="untold:c-00000002:1"),
        {"type": "egress", "at": NOW, "report": {"kind": "want", "limit": 1 << 60, "open": 0}},
        {"type": "egress", "at": NOW, "report": {"kind": "returned", "number": "1", "limit": 0}},
    ]
    allowances.take(context, sandbox, [*strange, settled()])
    assert booked(context) == [("r-1", day_of(NOW), NANO)]


@pytest.mark.parametrize("at", [0.0, -1e300, float("nan"), BEGAN - DAY_S])
def test_nothing_is_booked_on_a_day_before_the_sandbox_began(
    context: Context, sandbox: Container, at: float
) -> None:
    allowances.take(context, sandbox, [settled(at=at)])
    assert booked(context) == [("r-1", day_of(BEGAN), NANO)]


def test_nothing_is_booked_in_the_future(context: Context, sandbox: Container) -> None:
    allowances.take(context, sandbox, [settled(at=float("inf"))])
    assert booked(context) == [("r-1", day_of(NOW), NANO)]
