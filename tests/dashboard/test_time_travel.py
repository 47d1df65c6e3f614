"""The dashboard at a moment that is over."""

from __future__ import annotations

import json
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.client.past_report import read_moment
from parhelia_tui.core.model.asking import question_of
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.states import ApprovalState, TaskState
from parhelia_tui.core.store import approvals, events, ledger, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from parhelia_tui.screens.past_task import PastTaskScreen
from parhelia_tui.screens.time_travel import TimeTravelScreen
from parhelia_tui.widgets.row_table import RowTable
from tests.dashboard.conftest import Opens
from tests.support.fleet import create, end_of, reach
from tests.support.product import Product
from tests.support.still_fleet import LIVE, MINUTE, NOW, PORTS, QUEUED, WAITS, WATCHES, StillFleet


@pytest.mark.parametrize("text", ["999999999d", "1960-01-01", "0001-01-02T00:00+00:00", "nan", "soon"])
def test_a_moment_that_no_fleet_can_have_had_is_refused_in_words(text: str) -> None:
    with pytest.raises(ParheliaError) as told:
        read_moment(text, NOW)
    assert told.value.code == "E101"


def test_states_costs_and_heartbeats_are_those_of_the_moment(still: StillFleet) -> None:
    db = open_migrated(still.paths.database)
    with writing(db) as tx:
        ledger.add(
            tx,
            tasks.get(tx, PORTS),
            container_id=LIVE[PORTS],
            spool_seq=9,
            at=NOW - 20 * MINUTE,
            model="m",
            input_tokens=5,
            output_tokens=7,
            cost_usd=0.25,
        )
        for age, what in ((30 * MINUTE, "waiting"), (25 * MINUTE, "running")):
            events.append(tx, f"task.{what}", "asks: Which?", task_id=PORTS, at=NOW - age)
    db.close()
    door = still.client()
    found = door.past(NOW - 28 * MINUTE).fleet
    known = {each.id: each for each in found.tasks}
    assert {WATCHES, PORTS} <= set(known)
    assert not {WAITS, QUEUED} & set(known)
    assert (known[PORTS].state, known[PORTS].question) == (TaskState.WAITING, "Which?")
    before = known[PORTS].cost_usd or 0.0
    later = door.past(NOW - 10 * MINUTE).fleet
    ports = next(each for each in later.tasks if each.id == PORTS)
    assert ports.state is TaskState.RUNNING
    assert (ports.cost_usd or 0.0) == pytest.approx(before + 0.25)
    assert later.totals.spent_total_usd >= found.totals.spent_total_usd + 0.25 - 1e-9
    assert [each.at for each in found.events] == sorted(each.at for each in found.events)
    assert max(each.at for each in found.events) <= NOW - 28 * MINUTE
    moment = NOW - 2 - 5 * 10
    beats = door.past(moment).beats[LIVE[WAITS]]
    assert beats[-1].at <= moment < beats[-1].at + 10
    door.close()


def test_a_task_waits_then_as_long_as_a_question_of_its_does(still: StillFleet) -> None:
    still.ask()
    db = open_migrated(still.paths.database)
    with writing(db) as tx:
        question, plan = (each for each in approvals.waiting(tx, task_id=PORTS))
        approvals.move(tx, plan, ApprovalState.WITHDRAWN, finished_at=NOW - 50)
        events.append(tx, "approval.withdrawn", "it is not asked any more", task_id=PORTS, at=NOW - 50)
        approvals.move(tx, question, ApprovalState.ALLOWED, finished_at=NOW - 20)
        # An agent that said by itself that it waits, before it asked.
        events.append(tx, "task.waiting", "asks: Well?", task_id=WAITS, at=NOW - 400)
        (asked,) = approvals.waiting(tx, task_id=WAITS)
        approvals.move(tx, asked, ApprovalState.ALLOWED, finished_at=NOW - 250)
    db.close()
    with closing(still.client()) as door:

        def then(task_id: str, age: float) -> tuple[TaskState, str]:
            task = next(each for each in door.past(NOW - age).fleet.tasks if each.id == task_id)
            return task.state, task.question

        which = question_of(question.kind, question.tool, question.input, question.message)
        assert then(PORTS, 210) == (TaskState.RUNNING, "")
        assert [then(PORTS, age) for age in (190, 55, 30)] == [(TaskState.WAITING, which)] * 3
        assert then(PORTS, 10) == (TaskState.RUNNING, "")
        assert door.past(NOW - 30).fleet.totals.by_state[TaskState.WAITING] >= 1
        assert then(WAITS, 270) == (TaskState.WAITING, "Well?")
        assert then(WAITS, 240) == (TaskState.RUNNING, "")


@pytest.mark.long
async def test_the_arrows_scrub_and_nothing_acts(opened: Opens, tmp_path: Path) -> None:
    async with opened() as seen:
        await seen.press("T")
        await seen.wait_for("THE PAST", "2026-03-05", "0s ago", "Fix the failing", "◆ waiting")
        screen = seen.app.screen
        assert isinstance(screen, TimeTravelScreen)
        await seen.press("left")
        await seen.wait_for("8s ago", "Write the migration")
        await seen.press("left")
        await seen.wait_for("13s ago")
        await seen.wait_gone("Write the migration")
        await seen.press("left", "left", "left")
        await seen.wait_for("41m ago")
        assert not seen.shows("Fix the failing")
        await seen.press("right_square_bracket")
        await seen.wait_for("40m ago")
        await seen.press("shift+left")
        await seen.wait_for("41m ago")
        await seen.press("less_than_sign")
        await seen.wait_for("3h ago", "npm test")
        await seen.press("left")
        await seen.press("ctrl+right")
        await seen.wait_for("8s ago")
        for key in ("x", "c", "n", "dollar_sign"):
            await seen.press(key)
            await seen.wait_for("what is over cannot be acted on")
            assert seen.app.screen is screen
        await seen.press("at")
        await seen.type("2h")
        await seen.press("enter")
        await seen.wait_for("2h ago")
        await seen.press("at")
        await seen.type("soon")
        await seen.press("enter")
        await seen.wait_for("is no moment")
        await seen.press("enter")
        await seen.wait_for("THE PAST ▪ ", "npm test -- --watch", "task.created")
        await seen.press("escape", "question_mark")
        await seen.wait_for("type a moment")
        await seen.press("escape", "tab", "tab", "escape")
        assert seen.app.screen is seen.home


async def test_enter_while_the_past_is_still_being_read_opens_its_first_task(
    opened: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, may_read = TimeTravelScreen._read, threading.Event()

    def late(*args: Any) -> Any:
        may_read.wait(20)
        return usual(*args)

    monkeypatch.setattr(TimeTravelScreen, "_read", late)
    async with opened() as seen:
        await seen.press("T")
        await seen.wait(lambda: isinstance(seen.app.focused, RowTable) and seen.app.screen is not seen.home)
        await seen.press("enter")
        assert isinstance(seen.app.screen, TimeTravelScreen)
        may_read.set()
        await seen.wait(lambda: isinstance(seen.app.screen, PastTaskScreen))


async def test_a_moment_is_exported_for_people_and_programs(
    opened: Opens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened((80, 24)) as seen:
        await seen.press("T")
        await seen.wait_for("THE PAST", "0s ago")
        await seen.press("e")
        await seen.wait_for("Where shall the fleet")
        await seen.press("enter")
        await seen.wait_for("It is in parhelia-")
        (page,) = tmp_path.glob("parhelia-*.md")
        text = page.read_text()
        assert text.startswith("# The fleet at 2026-03-05")
        assert "Fix the failing cache tests (asks: May I remove build/?)" in text
        await seen.press("e", "enter")
        await seen.wait_for("is there already")
        await seen.press("e", "ctrl+u")
        await seen.type("then.json")
        await seen.press("enter")
        await seen.wait_for("It is in then.json")
    found = json.loads((tmp_path / "then.json").read_text())
    assert {each["id"] for each in found["tasks"]} >= {WAITS, PORTS}
    assert found["at"] == NOW


@pytest.mark.real
def test_the_command_shows_a_real_fleet_as_it_was(product: Product, client: Client, place: Path) -> None:
    task = create(client, "sleep 600", place)
    running = reach(client, task.id, TaskState.RUNNING)
    (told,) = client.events(task_id=task.id, types=("task.running",))
    client.cancel_task(task.id)
    assert end_of(client, task.id).state is TaskState.CANCELLED
    (then,) = product.json("events", "replay", "--at", f"{told.at + 0.0001:.4f}")["tasks"]
    assert (then["state"], then["container_id"], then["attempt"]) == ("running", running.container_id, 1)
    before = product.json("events", "replay", "--at", f"{task.created_at - 1:.4f}")
    assert before["tasks"] == []
    (now,) = product.json("events", "replay", "--at", "0s")["tasks"]
    assert now["state"] == "cancelled"
    assert product.json("events", "replay", "--at", "0s", "--to", str(place / "now.md"))["file"]
    assert "– cancelled" in (place / "now.md").read_text()
    code, error = product.error("events", "replay", "--at", "tomorrow")
    assert (code, error["code"]) == (2, "E101")
    code, error = product.error("events", "replay")
    assert error["code"] == "E102"
