"""A key behind one that opens or leaves a screen is for what that led to; where it leads nowhere the key is lost."""

from __future__ import annotations

import random
import threading
from contextlib import closing
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input, TextArea

from parhelia_tui.core.client import Client
from parhelia_tui.core.client.budgets import Budgets
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.screens.ask import AskScreen
from parhelia_tui.screens.command_output import CommandOutputScreen
from parhelia_tui.screens.help import HelpScreen
from parhelia_tui.screens.new_task import NewTaskScreen
from parhelia_tui.widgets import keys_in_turn
from tests.dashboard.conftest import Opens
from tests.support.dashboard import Dashboard
from tests.support.still_fleet import FAILED, WAITS, StillFleet
from tests.support.ways import NAMES

ALL_NAMES = {**NAMES, "\x1b": "escape", "\b": "backspace"}


@pytest.fixture(autouse=True)
def nobody_is_woken(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    """The fleet that stands still has no controller that could be woken; begin where a container may work."""
    monkeypatch.setattr(Client, "wake", lambda self: None)
    monkeypatch.chdir(place)


def names(keys: str) -> list[str]:
    return [ALL_NAMES.get(key, key) for key in keys]


def stack(seen: Dashboard) -> list[str]:
    return [type(each).__name__ for each in seen.app.screen_stack[2:]]


def asked_for(still: StillFleet) -> set[str]:
    with closing(still.client()) as door:
        return {each.type for each in door.events(limit=1000)}


async def looked_at(seen: Dashboard) -> None:
    """Wait until the dashboard has looked at every key that came."""
    done = threading.Event()
    seen.app.post_message(events.Callback(done.set))
    await seen.wait(done.is_set)


async def at(seen: Dashboard, task_id: str) -> None:
    seen.home.tasks.focus()
    seen.home.tasks.select(task_id)
    await seen.pilot.pause()


async def row_below(seen: Dashboard, task_id: str, rows: int) -> str:
    """The task so many rows below another; the cursor stands on that one."""
    await at(seen, task_id)
    await seen.press(*"j" * rows)
    found = seen.home.tasks.key
    await at(seen, task_id)
    assert found not in (None, task_id)
    return str(found)


async def test_a_line_of_commands_in_one_burst_and_the_keys_of_what_it_opens(opened: Opens) -> None:
    async with opened() as seen:
        seen.burst(*names(":"), *"status", "enter", *names("?"))
        await seen.wait(lambda: stack(seen) == ["CommandOutputScreen", "HelpScreen"])
        assert isinstance(seen.app.screen, HelpScreen)
        output = seen.app.screen_stack[2]
        assert isinstance(output, CommandOutputScreen)
        assert output.crumb == "parhelia status"


async def test_what_comes_behind_an_answer_is_for_the_screen_below(opened: Opens) -> None:
    given: list[str | None] = []
    async with opened() as seen:
        below = await row_below(seen, WAITS, 2)
        seen.app.push_screen(AskScreen("What?", "So."), given.append)
        seen.burst(*"ab", "enter", *"jj")
        await seen.wait(lambda: seen.home.tasks.key == below)
        assert given == ["ab"]


async def test_what_comes_behind_a_confirmation_is_for_the_screen_below(
    opened: Opens, still: StillFleet
) -> None:
    async with opened() as seen:
        below = await row_below(seen, WAITS, 2)
        seen.burst(*"xyjj")
        await seen.wait(lambda: seen.home.tasks.key == below)
        await seen.wait(lambda: "task.cancel_requested" in asked_for(still))
        assert stack(seen) == []


async def test_one_answer_after_the_other_in_one_burst(opened: Opens) -> None:
    given: list[str | None] = []
    async with opened() as seen:

        def again(answer: str | None) -> None:
            given.append(answer)
            if len(given) < 3:
                seen.app.push_screen(AskScreen("What?", "So."), again)

        seen.app.push_screen(AskScreen("What?", "So."), again)
        seen.burst(*"ab", "enter", "c", "enter", "d", "backspace", "e", "enter", *names("?"))
        await seen.wait(lambda: stack(seen) == ["HelpScreen"])
        assert given == ["ab", "c", "e"]


async def test_what_comes_behind_a_form_that_is_sent_is_for_the_screen_below(
    opened: Opens, still: StillFleet, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    async with opened() as seen:
        seen.burst(
            "n", *"exit", *["tab"] * 5, "ctrl+u", *names(str(tmp_path / "other")), "enter", *names("?")
        )
        await seen.wait(lambda: stack(seen) == ["HelpScreen"])

        def made() -> list[str]:
            with closing(still.client()) as door:
                return [each.workspace for each in door.tasks() if each.prompt == "exit"]

        await seen.wait(made)
        assert made() == [str(tmp_path / "other")]


async def test_what_comes_behind_a_form_with_a_fault_is_lost(opened: Opens) -> None:
    async with opened() as seen:
        seen.burst("n", *"true", *["tab"] * 5, "ctrl+u", *names("/nowhere"), "enter", *"jj", "escape")
        await looked_at(seen)
        form = seen.app.screen
        assert isinstance(form, NewTaskScreen)
        assert form.query_one("#workspace", Input).value == "/nowhere"


async def test_keys_wait_for_a_question_that_is_read_first(
    opened: Opens, still: StillFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = held_up(monkeypatch)
    async with opened() as seen:
        await at(seen, WAITS)
        seen.burst(*names("$5xy"))
        await seen.wait(lambda: any(each.name == keys_in_turn.OPENS for each in seen.app.workers))
        assert stack(seen) == []
        go_on.set()
        await seen.wait(lambda: isinstance(seen.app.screen, AskScreen))
        await seen.wait(lambda: seen.app.screen.query_one(Input).value == "5xy")
    assert "task.cancel_requested" not in asked_for(still)


async def test_keys_for_a_question_that_does_not_come_are_lost(
    opened: Opens, still: StillFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = held_up(monkeypatch, ParheliaError("E500", "The store cannot be read"))
    async with opened() as seen:
        await at(seen, WAITS)
        seen.burst(*names("$xyj"))
        await seen.wait(lambda: any(each.name == keys_in_turn.OPENS for each in seen.app.workers))
        go_on.set()
        await looked_at(seen)
        await seen.wait(lambda: "E500" in seen.said())
        await seen.press(*names("?"))
        await seen.wait(lambda: stack(seen) == ["HelpScreen"])
        assert seen.home.tasks.key == WAITS
    assert "task.cancel_requested" not in asked_for(still)


async def test_keys_for_a_question_that_hangs_are_lost_and_the_next_ones_are_not(
    opened: Opens, still: StillFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_in_turn, "LONGEST_S", 0.2)
    go_on = held_up(monkeypatch)
    async with opened() as seen:
        below = await row_below(seen, WAITS, 1)
        seen.burst(*names("$xy"))
        await looked_at(seen)
        await seen.press("j")
        await seen.wait(lambda: seen.home.tasks.key == below)
        assert stack(seen) == []
        go_on.set()
    assert "task.cancel_requested" not in asked_for(still)


def held_up(monkeypatch: pytest.MonkeyPatch, error: ParheliaError | None = None) -> threading.Event:
    """Let the budget of a task be read only when the event is set, and then not at all where there is an error."""
    go_on, read = threading.Event(), Budgets.of_task

    def slow(self: Budgets, task: Task) -> object:
        assert go_on.wait(30)
        if error is not None:
            raise error
        return read(self, task)

    monkeypatch.setattr(Budgets, "of_task", slow)
    return go_on


@pytest.mark.parametrize("keys", ["xr", "xD", "tDD", "aDr"])
async def test_what_comes_behind_a_key_that_is_refused_is_lost(
    keys: str, opened: Opens, still: StillFleet
) -> None:
    async with opened() as seen:
        await at(seen, FAILED)
        seen.burst(*keys)
        await looked_at(seen)
        await seen.press(*names("?"))
        await seen.wait(lambda: stack(seen) == ["HelpScreen"])
    assert not asked_for(still) & {"task.retry_requested", "task.trashed"}


async def test_what_was_typed_for_a_terminal_does_nothing_once_that_is_left(
    opened: Opens, still: StillFleet
) -> None:
    async with opened() as seen:
        await at(seen, WAITS)
        seen.burst("enter", *"xy")
        await seen.wait(lambda: "cannot be handed over" in seen.said())
        await seen.press(*names("?"))
        await seen.wait(lambda: stack(seen) == ["HelpScreen"])
    assert "task.cancel_requested" not in asked_for(still)


PHRASES = (
    *("j", "jj", "k", "kk", " ", "\t", "z", "z"),
    *("nabc\t\t\t\t\tx", "n\tj\t", "nab\bc"),
    *(":sta", ":abc\bd", ":", "?", "?jj", "djj", "d3", "d", "ij", "E", "Sj", "S/theme\n", "v", "vj"),
    *("B", "Bj", "P", "U", "wz", "hj", "Cj", "l", "lG", "d?", "S?", "E?", "T?"),
    *("/the\n", "/a\b", "/s\nj"),
)
"""What somebody types from the home screen on; each is left by Escapes, but for the last one of a text."""
LEAVES = "\x1b" * 3


def chosen(seed: int) -> list[str]:
    chance = random.Random(seed)
    some = chance.choices(PHRASES, k=6)
    return names(LEAVES.join(some))


def standing(seen: Dashboard) -> object:
    """Where the keys led: the screens, the focus, what is typed, the rows."""
    front, focused = seen.app.screen, seen.app.focused
    typed = [each.value for each in front.query(Input)] + [each.text for each in front.query(TextArea)]
    home = seen.home
    return (
        stack(seen), front.is_mounted, focused and (type(focused).__name__, focused.id), typed,
        home.tasks.key, sorted(home.tables.marked), home.filter_line.text, home.filter_line.typing,
    )  # fmt: skip


async def led_to(opened: Opens, keys: list[str]) -> object:
    """Press one key after the other, each when the one before has done everything."""
    async with opened() as seen:
        await at(seen, WAITS)
        for key in keys:
            await seen.press(key)
            await seen.wait(lambda: seen.app.screen.is_mounted)
            await seen.pilot.pause()
        return standing(seen)


SOME, MANY = 3, 16
"""Bursts that are tried with every change, and all that are tried."""


@pytest.mark.parametrize(
    "seed", [*range(SOME), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(SOME, MANY))]
)
async def test_a_burst_leads_where_its_keys_lead_one_by_one(seed: int, opened: Opens) -> None:
    keys = chosen(seed)
    slowly = await led_to(opened, keys)
    async with opened() as seen:
        await at(seen, WAITS)
        seen.burst(*keys)
        try:
            await looked_at(seen)
            await seen.wait(lambda: standing(seen) == slowly)
        except AssertionError as error:
            raise AssertionError(f"{keys} led to {standing(seen)} and slowly to {slowly}") from error
