"""How every screen and dialog looks, at two sizes and in two themes; one that is new here has to have its pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot

from parhelia_tui.app import ParheliaApp
from parhelia_tui.core.client import Client
from parhelia_tui.core.settings.dashboard import Dashboard
from parhelia_tui.views import views
from tests.dashboard.conftest import Compare
from tests.dashboard.test_looks import BOTH, SIZES, after, fixed_surroundings, home
from tests.support.dashboard import standing
from tests.support.still_fleet import CANCELLED, DONE, FAILED, NOW, PORTS, StillFleet
from tests.support.waiting import until

__all__ = ["fixed_surroundings"]
WAIT_S = 30.0


@dataclass(frozen=True)
class Look:
    """How one comes to a screen.

    Args:
        keys: are pressed at home, some at a time; after each of them its text has to stand on the screen.
        row: the task that is chosen before.
        before: what there has to be.
    """

    keys: tuple[tuple[str, str], ...] = ()
    row: str = ""
    before: Callable[[StillFleet, Path], None] = lambda still, place: None


def checkpoints(still: StillFleet, place: Path) -> None:
    (place / "work").mkdir()
    still.take_checkpoints(place / "work", "/srv/project")


def asked(still: StillFleet, place: Path) -> None:
    still.ask()


def put_away(still: StillFleet, place: Path) -> None:
    door = Client(still.paths, clock=lambda: NOW - 3600)
    door.trash_tasks([DONE, FAILED, CANCELLED])
    door.close()


def remembered(still: StillFleet, place: Path) -> None:
    door = still.client()
    door.remember("/srv/project", "# Parser\n\n- tests first\n")
    door.close()


def printed(still: StillFleet, place: Path) -> None:
    still.write_log(PORTS, b"".join(b"line %d of what it printed\r\n" % number for number in range(1, 101)))


LOOKS = {
    "Arrange": Look((("v", "pane"),)),
    "Ask": Look((("t", "be told?"),)),
    "CheckpointPage": Look((("C", "cp-"), ("d", "checkpoint")), FAILED, checkpoints),
    "Checkpoints": Look((("C", "cp-"),), FAILED, checkpoints),
    "CommandLine": Look(((":c", "cleanup"),)),
    "CommandOutput": Look(((":task show t-none\n", "E201"),)),
    "Confirm": Look((("x", "Let it be"),)),
    "Container": Look((("\td", "memory"),)),
    "EditText": Look((("d9", "Parser"), ("e", "tests first")), before=remembered),
    "Events": Look((("E", "follow"),)),
    "FileDiff": Look((("C", "cp-"), ("b", ".py"), ("\t\n", "@@")), FAILED, checkpoints),
    "Help": Look((("?", "Keys"),)),
    "Home": Look(),
    "Hosts": Look((("h", "called nobody yet"),)),
    "Inbox": Look((("i", "allow"),), before=asked),
    "Log": Look((("l", "line 100"),), PORTS, printed),
    "NewTask": Look((("nls", "shell:"),)),
    "PastTask": Look((("T", "THE PAST"), ("\n", "asks"))),
    "Pulses": Look((("P", "containers"),)),
    "Recover": Look((("C", "cp-"), ("f", "happened")), FAILED, checkpoints),
    "Settings": Look((("S", "defaults.agent"), ("/dashboard\n", "dashboard.theme"))),
    "TaskDetails": Look((("d", "About"),)),
    "TimeTravel": Look((("T", "THE PAST"),)),
    "Trash": Look((("U", "make release"),), before=put_away),
    "Tree": Look((("B", "workspace"),)),
    "Wall": Look((("w", "Wall"),)),
}


def test_every_screen_and_dialog_has_its_pictures() -> None:
    # What is shown on too small a terminal has a size of its own (test_looks.py).
    assert LOOKS.keys() == {each["view"] for each in views()} - {"TooSmall"}


@pytest.mark.long
@BOTH
@SIZES
@pytest.mark.parametrize("name", LOOKS)
def test_how_it_looks(
    name: str, size: tuple[int, int], theme: str, tmp_path: Path, still: StillFleet, snap_compare: Compare
) -> None:
    look = LOOKS[name]
    look.before(still, tmp_path)
    door = still.client()
    app = ParheliaApp(door, door.snapshot(), look=Dashboard(theme=theme), clock=lambda: NOW)

    async def go(pilot: Pilot[None]) -> None:
        await after()(pilot)
        if look.row:
            home(pilot).tasks.select(look.row)
        for keys, text in look.keys:
            await pilot.press(*(named(key) for key in keys))
            await until(partial(stands, pilot, text), WAIT_S)
        await after()(pilot)

    assert snap_compare(app, terminal_size=size, run_before=go)
    door.close()


def named(key: str) -> str:
    return {
        ":": "colon",
        "?": "question_mark",
        "\t": "tab",
        "\n": "enter",
        " ": "space",
        "-": "minus",
        "/": "slash",
    }.get(key, key)


def stands(pilot: Pilot[None], text: str) -> bool:
    return text in standing(pilot.app)
