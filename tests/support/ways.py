"""How one comes to each screen and dialog of the dashboard, over the fleet that stands still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textual.pilot import Pilot

from parhelia_tui.app import ParheliaApp
from parhelia_tui.core.client import Client
from parhelia_tui.screens.home import HomeScreen
from tests.support.dashboard import standing
from tests.support.still_fleet import CANCELLED, DONE, FAILED, NOW, PORTS, StillFleet
from tests.support.waiting import until

WAIT_S = 30.0
NAMES = {
    ":": "colon", "?": "question_mark", "\t": "tab", "\n": "enter", " ": "space", "-": "minus", "/": "slash",
    "$": "dollar_sign", "@": "at", "\x7f": "delete",
}  # fmt: skip
"""What Textual calls keys that are written as one character here."""


@dataclass(frozen=True)
class Way:
    """How one comes to a screen.

    Args:
        keys: are pressed at home, some at a time; after each of them its text has to stand on the screen.
        row: the task that is chosen before.
        before: lays down what there has to be.
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


WAYS = {
    "Arrange": Way((("v", "pane"),)),
    "Ask": Way((("t", "be told?"),)),
    "CheckpointPage": Way((("C", "cp-"), ("d", "checkpoint")), FAILED, checkpoints),
    "Checkpoints": Way((("C", "E204"),), FAILED, checkpoints),
    "CommandLine": Way(((":c", "cleanup"),)),
    "CommandOutput": Way(((":task show t-none\n", "▪ ended with 1"),)),
    "Confirm": Way((("x", "Let it be"),)),
    "Container": Way((("\td", "memory"),)),
    "EditText": Way((("d9", "Parser"), ("e", "tests first")), before=remembered),
    "Events": Way((("E", "follow"),)),
    "FileDiff": Way((("C", "E204"), ("b", ".py"), ("\t\n", "@@")), FAILED, checkpoints),
    "Help": Way((("?", "Keys"),)),
    "Home": Way(),
    "Hosts": Way((("h", "called nobody yet"),)),
    "Inbox": Way((("i", "allow"),), before=asked),
    "Log": Way((("l", "line 100"),), PORTS, printed),
    "NewTask": Way((("nls", "shell:"),)),
    "PastTask": Way((("T", "THE PAST"), ("\n", "asks"))),
    "Pulses": Way((("P", "containers"),)),
    "Recover": Way((("C", "E204"), ("f", "happened")), FAILED, checkpoints),
    "Settings": Way((("S", "defaults.agent"), ("/dashboard\n", "dashboard.theme"))),
    "TaskDetails": Way((("d", "About"),)),
    "TimeTravel": Way((("T", "THE PAST"),)),
    "Trash": Way((("U", "make release"),), before=put_away),
    "Tree": Way((("B", "workspace"),)),
    "Wall": Way((("w", "Wall"),)),
}
"""By the names of the screens, without "Screen" at their end."""


def own_command(still: StillFleet, place: Path) -> None:
    file = place / "config" / "parhelia" / "commands.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('[note]\nkey = "b"\nconfirm = true\nrun = ["note", "--of", "{id}", "{title}"]\n')


THERE = ("C", "E204")
"""The checkpoints, when they are compared with a workspace that is not there."""
QUESTIONS = {
    "checkpoint_acts.delete": Way((THERE, ("\x7f", "Delete")), FAILED, checkpoints),
    "checkpoint_acts.fork": Way((THERE, ("n", "task of its own")), FAILED, checkpoints),
    "checkpoint_acts.note": Way((THERE, ("m", "A note on")), FAILED, checkpoints),
    "checkpoint_acts.restore": Way((THERE, ("o", "Where shall")), FAILED, checkpoints),
    "checkpoint_acts.resume": Way((THERE, ("u", "new container")), FAILED, checkpoints),
    "checkpoint_acts.roll_back": Way((THERE, ("R", "Bring the workspace")), FAILED, checkpoints),
    "container.action_terminate": Way((("\td", "memory"), ("x", "End the container"))),
    "custom_acts.run": Way((("b", "Run note"),), before=own_command),
    "inbox._ask": Way((("i", "allow"), ("jjy", "Which form")), before=asked),
    "inbox.action_deny": Way((("i", "allow"), ("jd", "Refuse")), before=asked),
    "marked_acts._ask": Way((("  x", "Cancel 2 tasks"),)),
    "marked_acts.tell": Way((("  t", "be told?"),)),
    "settings._ask": Way((("S", "defaults.agent"), ("/theme\n", "dashboard.theme"), ("t", "What shall"))),
    "task_acts.budget": Way((("$", "The budget of"),)),
    "task_acts.cancel": Way((("x", "Cancel the task"),)),
    "task_acts.tell": Way((("t", "be told?"),)),
    "task_acts.terminate": Way((("X", "Terminate c-"),)),
    "time_travel.action_export": Way((("T", "THE PAST"), ("e", "Where shall"))),
    "time_travel.action_moment": Way((("T", "THE PAST"), ("@", "Which moment?"))),
    "trash.action_purge": Way((("U", "make release"), ("\x7f", "for good")), before=put_away),
}
"""Each place in `screens/` where a question is asked, as MODULE.FUNCTION."""
OF_THIS_MACHINE = ("branch_act.ask_for_branch", "settings._confirm")
"""Questions that name a directory of the machine, which no picture can pin."""


def home_of(app: ParheliaApp) -> HomeScreen:
    """The home screen, also while another covers it."""
    found = app.screen_stack[1]
    assert isinstance(found, HomeScreen)
    return found


async def go(pilot: Pilot[None], app: ParheliaApp, way: Way) -> None:
    """Go a way from the home screen on."""
    tasks = home_of(app).tasks
    tasks.focus()
    if way.row:
        tasks.select(way.row)
    for keys, text in way.keys:
        await pilot.press(*(NAMES.get(key, key) for key in keys))
        await until(partial(stands, app, text), WAIT_S)


def stands(app: ParheliaApp, text: str) -> bool:
    """Say whether a text stands on the screen."""
    return text in standing(app)
