"""The whole tour on a real terminal: every screen and dialog is opened and left by keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.views import views
from tests.dashboard.test_real_terminal import DEADLINE_S, SIZES, OnTmux, tmux
from tests.support.still_fleet import DONE, FAILED, PORTS, WAITS, StillFleet
from tests.support.tmux_server import TmuxServer
from tests.support.waiting import wait_until
from tests.support.ways import asked, checkpoints, printed, remembered

__all__ = ["tmux"]
pytestmark = pytest.mark.real

HOME = "q quit"
TOUR: tuple[tuple[str, str, tuple[tuple[str, str, str], ...]], ...] = (
    ("NewTask", WAITS, (("n", "New task", ""), ("Escape", HOME, "New task"))),
    ("Inbox", WAITS, (("i", "Fleet > Inbox", ""), ("i", HOME, "Fleet > "))),
    ("Ask", WAITS, (("t", "be told?", ""), ("Escape", HOME, "be told?"))),
    ("Confirm", WAITS, (("x", "Let it be", ""), ("n", HOME, "Let it be"))),
    ("TaskDetails", WAITS, (
        ("d", "> About", ""), ("2", "> Terminal", ""), ("BTab", "> About", ""), ("d", HOME, "Fleet > "),
    )),
    ("EditText", WAITS, (
        ("d", "> About", ""), ("9", "tests first", ""), ("e", "Ctrl+S keeps it", ""),
        ("Escape", "> Memory", "Ctrl+S keeps it"), ("q", HOME, "Fleet > "),
    )),
    ("Log", PORTS, (("l", "line 100", ""), ("l", HOME, "line 100"))),
    ("Hosts", WAITS, (("h", "called nobody yet", ""), ("h", HOME, "called nobody yet"))),
    ("Arrange", WAITS, (("v", "Esc closes", ""), ("v", HOME, "Esc closes"))),
    ("Help", WAITS, (("?", "Esc closes", ""), ("q", HOME, "Esc closes"))),
    ("CommandLine", WAITS, ((":", "… and ", ""), ("Escape", HOME, "… and "))),
    ("CommandOutput", WAITS, (
        (":", "… and ", ""), ("task show t-none", "task show t-none", ""), ("Enter", "E201", ""),
        ("C-c", HOME, "E201"),
    )),
    ("Checkpoints", FAILED, (("C", "Fleet > checkpoints of", ""), ("q", HOME, "Fleet > "))),
    ("CheckpointPage", FAILED, (
        ("C", "cp-", ""), ("d", "> checkpoint cp-", ""), ("q", "Fleet > checkpoints of", "> checkpoint cp-"),
        ("Escape", HOME, "Fleet > "),
    )),
    ("Recover", FAILED, (
        ("C", "cp-", ""), ("f", "What now", ""), ("q", "Fleet > checkpoints of", "What now"), ("q", HOME, "Fleet > "),
    )),
    ("FileDiff", FAILED, (
        ("C", "cp-", ""), ("b", ".py", ""), ("Enter", ".py", ""), ("Enter", "@@", ""),
        ("q", "Fleet > checkpoints of", "@@"), ("q", HOME, "Fleet > "),
    )),
    ("Trash", WAITS, (("U", "Bump dependencies", ""), ("U", HOME, "Fleet > "))),
    ("Wall", WAITS, (("w", "Fleet > Wall", ""), ("z", "Fleet > Wall", ""), ("w", HOME, "Fleet > "))),
    ("Events", WAITS, (("E", "follows", ""), ("E", HOME, "Fleet > "))),
    ("TimeTravel", WAITS, (("T", "THE PAST", ""), ("T", HOME, "THE PAST"))),
    ("PastTask", WAITS, (
        ("T", "THE PAST", ""), ("Enter", "> task t-", ""), ("q", "Fleet > The past", "> task t-"),
        ("q", HOME, "THE PAST"),
    )),
    ("Tree", WAITS, (("B", "owner", ""), ("B", HOME, "Fleet > "))),
    ("Pulses", WAITS, (("P", "per hour", ""), ("P", HOME, "Fleet > "))),
    ("Settings", WAITS, (("S", "defaults.agent", ""), ("S", HOME, "Fleet > "))),
    ("Container", WAITS, (("Tab", HOME, ""), ("d", "Fleet > container", ""), ("q", HOME, "Fleet > "))),
)  # fmt: skip
"""Screens, the row that is chosen before, and keys, each with what has to stand then and what must be gone."""


def test_the_tour_passes_every_screen() -> None:
    assert {name for name, _, _ in TOUR} == {each["view"] for each in views()} - {"Home", "TooSmall"}


@pytest.mark.long
@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_every_screen_is_opened_and_left(
    columns: int, rows: int, still: StillFleet, tmux: TmuxServer, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "wake", lambda self: None)
    for before in (checkpoints, asked, remembered, printed):
        before(still, place)
    door = still.client()
    door.trash_tasks([DONE])
    door.close()
    seen = OnTmux(tmux, place, columns, rows)
    seen.wait_for(HOME)
    for name, row, steps in TOUR:
        # One row is left, so it is the chosen one; and the pane of the tasks is in front again.
        seen.type(f"/id:{row}")
        seen.wait_for(f"1 of 7: id:{row}")
        seen.press("Enter")
        for keys, there, gone in steps:
            (seen.press if keys[0].isupper() and len(keys) > 1 else seen.type)(keys)
            look_for(seen, name, there, gone)
        seen.press("Escape")
        look_for(seen, name, HOME, f"id:{row}")
    seen.type("q")
    seen.wait_for("left with 0")


def look_for(seen: OnTmux, name: str, there: str, gone: str) -> None:
    """Wait until a text stands on the terminal and another one does not."""

    def is_so() -> bool:
        screen = seen.tmux.screen()
        return there in screen and not (gone and gone in screen)

    try:
        wait_until(is_so, DEADLINE_S)
    except AssertionError:
        raise AssertionError(f"{name}: {there!r} and not {gone!r} in\n{seen.tmux.screen()}") from None
