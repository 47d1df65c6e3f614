"""How the screens look, pinned as pictures: fixed fleet, fixed moment, fixed terminal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import gethostname

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from parhelia_tui.app import ParheliaApp
from parhelia_tui.core.settings.dashboard import THEMES, Dashboard
from parhelia_tui.screens.checkpoint_page import CheckpointPageScreen
from parhelia_tui.screens.checkpoints import CheckpointsScreen
from parhelia_tui.screens.command_line import CommandLineScreen
from parhelia_tui.screens.home import HomeScreen
from parhelia_tui.screens.log import LogScreen
from parhelia_tui.screens.new_task import NewTaskScreen
from parhelia_tui.screens.settings import SettingsScreen
from parhelia_tui.screens.task_details import TaskDetailsScreen
from parhelia_tui.widgets.row_table import RowTable
from parhelia_tui.widgets.terminal_view import TerminalView
from tests.dashboard.conftest import Before, Compare
from tests.support.dashboard import standing
from tests.support.still_fleet import FAILED, LIVE, NOW, PORTS, WAITS, StillFleet
from tests.support.tmux_server import TmuxServer
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
WIDE, NARROW = (120, 40), (80, 24)
# Stands still when it has printed, as an agent that waits for an answer does; the fixture ends it.
PRINTED = r"""
import sys, time
sys.stdout.write(
    "\x1b[1m● Fix the failing cache tests\x1b[0m\r\n\r\n"
    "  \x1b[32m✓\x1b[0m read \x1b[36msrc/cache.py\x1b[0m\r\n"
    "  \x1b[32m✓\x1b[0m ran \x1b[36mpytest -q\x1b[0m   \x1b[31m2 failed\x1b[0m, 40 passed\r\n"
    "  \x1b[33m◆\x1b[0m wants to run \x1b[1mrm -r build/\x1b[0m   漢字\r\n\r\n"
    "May I remove build/? (y/n) "
)
sys.stdout.flush()
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def fixed_surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same time zone, directory and terminal everywhere."""
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("TEXTUAL", raising=False)
    monkeypatch.chdir("/usr")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def app(still: StillFleet) -> Iterator[ParheliaApp]:
    """The dashboard over the fleet that stands still."""
    door = still.client()
    yield ParheliaApp(door, door.snapshot(), clock=lambda: NOW)
    door.close()


@pytest.fixture
def empty_app(empty: StillFleet) -> Iterator[ParheliaApp]:
    """The dashboard over no task."""
    door = empty.client()
    yield ParheliaApp(door, door.snapshot(), clock=lambda: NOW)
    door.close()


@pytest.fixture
def terminal(still: StillFleet) -> Iterator[None]:
    """A real terminal behind the task that waits."""
    place = still.paths.container(LIVE[WAITS])
    place.mkdir(mode=0o700, parents=True)
    server = TmuxServer(place)
    server.socket = still.paths.tmux_socket(LIVE[WAITS])
    server.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with_client = still.client()
    name = with_client.session(WAITS).name
    with_client.close()
    server.start(PRINTED, name=name, columns=118, rows=30)
    server.wait_for("(y/n)", name=name)
    yield
    server.close()


ENDLESS = ("_follow", "_turns", "_show", "_watch", "_travel")
"""Workers that go on for as long as their screen is there."""


def home(pilot: Pilot[None]) -> HomeScreen:
    found = pilot.app.screen_stack[1]
    assert isinstance(found, HomeScreen)
    return found


def after(*keys: str, then: Callable[[Pilot[None]], object] = lambda pilot: True) -> Before:
    """Press keys, once the heartbeats of the past are there; then wait for a condition."""

    async def act(pilot: Pilot[None]) -> None:
        await pilot.pause()
        screen = home(pilot)
        if screen.fleet.containers:
            await until(lambda: len(screen.fleet.beats.get(LIVE[WAITS], ())) == 20, 30)
        await pilot.press(*keys)
        await until(lambda: then(pilot), 30)
        # What is looked up once is there then.
        await until(
            lambda: not any(each.is_running and each.name not in ENDLESS for each in pilot.app.workers), 30
        )
        # Nothing blinks in a picture.
        for each in (*pilot.app.screen.query(TextArea), *pilot.app.screen.query(Input)):
            each.cursor_blink = False
        await pilot.pause()
        await asyncio.sleep(0)

    return act


def shown(pilot: Pilot[None], text: str) -> bool:
    return any(text in line.plain for line in home(pilot).terminal.query_one(TerminalView)._lines)


@pytest.mark.real
@pytest.mark.parametrize("size", [WIDE, NARROW, (200, 50)], ids=["120x40", "80x24", "200x50"])
def test_home(size: tuple[int, int], app: ParheliaApp, terminal: None, snap_compare: Compare) -> None:
    assert snap_compare(app, terminal_size=size, run_before=after(then=lambda pilot: shown(pilot, "(y/n)")))


@pytest.mark.real
def test_the_terminal_on_a_narrow_screen(app: ParheliaApp, terminal: None, snap_compare: Compare) -> None:
    ready = after("shift+tab", then=lambda pilot: shown(pilot, "(y/n)"))
    assert snap_compare(app, terminal_size=NARROW, run_before=ready)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])
def test_no_tasks_yet(size: tuple[int, int], empty_app: ParheliaApp, snap_compare: Compare) -> None:
    assert snap_compare(empty_app, terminal_size=size, run_before=after())


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])
def test_new_task(size: tuple[int, int], empty_app: ParheliaApp, snap_compare: Compare) -> None:
    def known(pilot: Pilot[None]) -> bool:
        form = pilot.app.screen
        return isinstance(form, NewTaskScreen) and form._make is not None

    assert snap_compare(empty_app, terminal_size=size, run_before=after(*"nls", then=known))


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])
def test_keys(size: tuple[int, int], app: ParheliaApp, snap_compare: Compare) -> None:
    assert snap_compare(app, terminal_size=size, run_before=after("question_mark"))


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])
def test_cancel(size: tuple[int, int], app: ParheliaApp, snap_compare: Compare) -> None:
    assert snap_compare(app, terminal_size=size, run_before=after("x"))


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])
def test_output(size: tuple[int, int], app: ParheliaApp, still: StillFleet, snap_compare: Compare) -> None:
    still.write_log(PORTS, b"".join(b"line %d of what it printed\r\n" % number for number in range(1, 101)))

    def read(pilot: Pilot[None]) -> bool:
        log = pilot.app.screen
        return isinstance(log, LogScreen) and log.lines._count == 100

    assert snap_compare(app, terminal_size=size, run_before=after("j", "l", then=read))


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])
def test_filter(size: tuple[int, int], app: ParheliaApp, snap_compare: Compare) -> None:
    assert snap_compare(app, terminal_size=size, run_before=after("slash", "t", "h", "e"))


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])
def test_wall(size: tuple[int, int], app: ParheliaApp, snap_compare: Compare) -> None:
    assert snap_compare(app, terminal_size=size, run_before=after("w"))


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])
def test_inbox(size: tuple[int, int], still: StillFleet, snap_compare: Compare) -> None:
    still.ask()
    door = still.client()
    asked = ParheliaApp(door, door.snapshot(), clock=lambda: NOW)
    assert snap_compare(asked, terminal_size=size, run_before=after("i", "j", "space", "space", "k"))
    door.close()


@pytest.mark.parametrize("keys", ["ijd", "ijjy"], ids=["refused", "answered"])
def test_an_answer_in_the_inbox(keys: str, still: StillFleet, snap_compare: Compare) -> None:
    still.ask()
    door = still.client()
    asked = ParheliaApp(door, door.snapshot(), clock=lambda: NOW)
    assert snap_compare(asked, terminal_size=WIDE, run_before=after(*keys))
    door.close()


def test_nobody_waits(empty_app: ParheliaApp, snap_compare: Compare) -> None:
    assert snap_compare(empty_app, terminal_size=NARROW, run_before=after("i"))


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])
def test_command_line(size: tuple[int, int], app: ParheliaApp, snap_compare: Compare) -> None:
    def offered(pilot: Pilot[None]) -> bool:
        screen = pilot.app.screen
        assert isinstance(screen, CommandLineScreen)
        return screen._asked == "c" and len(screen._offers) > 3

    assert snap_compare(app, terminal_size=size, run_before=after("colon", "c", then=offered))


def details_are_read(pilot: Pilot[None]) -> bool:
    screen = pilot.app.screen
    assert isinstance(screen, TaskDetailsScreen)
    return screen._about is not None


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])
def test_task_details(size: tuple[int, int], app: ParheliaApp, snap_compare: Compare) -> None:
    assert snap_compare(app, terminal_size=size, run_before=after("j", "d", then=details_are_read))


@pytest.mark.parametrize("keys", ["9", "9e"], ids=["shown", "edited"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])
def test_the_memory_of_a_project(
    size: tuple[int, int], keys: str, still: StillFleet, app: ParheliaApp, snap_compare: Compare
) -> None:
    door = still.client()
    door.remember(
        "/srv/project", "# Parser\n\n- 2026-03-04: the old interface stays until May\n- tests first\n"
    )
    door.close()

    async def act(pilot: Pilot[None]) -> None:
        await after("j", "d", then=details_are_read)(pilot)
        await after(*keys)(pilot)

    assert snap_compare(app, terminal_size=size, run_before=act)


def compared(pilot: Pilot[None]) -> bool:
    screen = pilot.app.screen
    return not isinstance(screen, CheckpointsScreen) or bool(screen.timeline.key and screen.changes.key)


@pytest.mark.parametrize("keys", ["", "b", "R", "f"], ids=["since", "in it", "asked", "recover"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])
def test_checkpoints(
    size: tuple[int, int],
    keys: str,
    tmp_path: Path,
    still: StillFleet,
    app: ParheliaApp,
    snap_compare: Compare,
) -> None:
    (tmp_path / "work").mkdir()
    still.take_checkpoints(tmp_path / "work")

    async def act(pilot: Pilot[None]) -> None:
        await after()(pilot)
        home(pilot).tasks.select(FAILED)
        await after("C", then=compared)(pilot)
        await after(*keys, then=compared)(pilot)

    assert snap_compare(app, terminal_size=size, run_before=act)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])
def test_the_details_of_a_checkpoint(
    size: tuple[int, int], tmp_path: Path, still: StillFleet, app: ParheliaApp, snap_compare: Compare
) -> None:
    (tmp_path / "work").mkdir()
    still.take_checkpoints(tmp_path / "work", "/srv/project")

    async def act(pilot: Pilot[None]) -> None:
        await after()(pilot)
        home(pilot).tasks.select(FAILED)
        await after("C", then=lambda pilot: pilot.app.screen.query_one("#timeline", RowTable).key)(pilot)
        await after("d", then=lambda pilot: isinstance(pilot.app.screen, CheckpointPageScreen))(pilot)

    assert snap_compare(app, terminal_size=size, run_before=act)


def test_a_notice_and_the_zoom(app: ParheliaApp, snap_compare: Compare) -> None:
    assert snap_compare(app, terminal_size=WIDE, run_before=after("tab", "z", "r"))


@pytest.mark.parametrize("theme", [name for name in THEMES if name != "dark"])
def test_the_colours_of_the_other_themes(theme: str, still: StillFleet, snap_compare: Compare) -> None:
    door = still.client()
    app = ParheliaApp(door, door.snapshot(), look=Dashboard(theme=theme), clock=lambda: NOW)
    assert snap_compare(app, terminal_size=WIDE, run_before=after("G"))
    door.close()


def test_a_way_that_fails_is_told_with_what_stood_there(app: ParheliaApp, snap_compare: Compare) -> None:
    async def go(pilot: Pilot[None]) -> None:
        await after("x")(pilot)
        raise AssertionError("it never came")

    with pytest.raises(AssertionError, match=r"it never came[\s\S]*Let it be"):
        snap_compare(app, terminal_size=WIDE, run_before=go)


def test_the_pictures_hold_nothing_of_the_machine_that_drew_them() -> None:
    pictures = sorted((ROOT / "snapshots" / "test_looks").glob("*.svg"))
    assert pictures
    for picture in pictures:
        text = picture.read_text()
        assert not [each for each in (str(ROOT), str(Path.home()), "/tmp/", gethostname()) if each in text]


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])
def test_choosing_columns(
    size: tuple[int, int], theme: str, still: StillFleet, snap_compare: Compare
) -> None:
    door = still.client()
    app = ParheliaApp(door, door.snapshot(), look=Dashboard(theme=theme), clock=lambda: NOW)
    assert snap_compare(app, terminal_size=size, run_before=after("5", "v", "j", "space"))
    door.close()


BOTH = pytest.mark.parametrize("theme", ["dark", "light"])
SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])


@BOTH
@pytest.mark.parametrize("size", [(60, 16), (30, 8)], ids=["60x16", "30x8"])
def test_too_small(size: tuple[int, int], theme: str, still: StillFleet, snap_compare: Compare) -> None:
    door = still.client()
    app = ParheliaApp(door, door.snapshot(), look=Dashboard(theme=theme), clock=lambda: NOW)
    assert snap_compare(app, terminal_size=size, run_before=after())
    door.close()


@SIZES
def test_the_palette(size: tuple[int, int], still: StillFleet, snap_compare: Compare) -> None:
    door = still.client()
    app = ParheliaApp(door, door.snapshot(), clock=lambda: NOW)
    found = after("ctrl+p", *"trash", then=lambda pilot: "bring back" in standing(pilot.app))
    assert snap_compare(app, terminal_size=size, run_before=found)
    door.close()


def settings_are_read(pilot: Pilot[None]) -> bool:
    screen = pilot.app.screen
    return isinstance(screen, SettingsScreen) and bool(screen.table.key)


@BOTH
@SIZES
@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("tree", ("B",)),
        ("pulses", ("P",)),
        ("faults", ("ctrl+z",)),
        ("marks", ("space", "space", "x")),
        ("panes", ("tab", "tab", "minus", "shift+tab", "left_curly_bracket")),
    ],
)
def test_the_views_of_the_fleet(
    name: str,
    keys: tuple[str, ...],
    size: tuple[int, int],
    theme: str,
    still: StillFleet,
    snap_compare: Compare,
) -> None:
    door = still.client()
    app = ParheliaApp(door, door.snapshot(), look=Dashboard(theme=theme), clock=lambda: NOW)
    assert snap_compare(app, terminal_size=size, run_before=after(*keys))
    door.close()


@BOTH
@SIZES
def test_settings(size: tuple[int, int], theme: str, still: StillFleet, snap_compare: Compare) -> None:
    door = still.client()
    app = ParheliaApp(door, door.snapshot(), look=Dashboard(theme=theme), clock=lambda: NOW)
    ready = after("S", then=settings_are_read)

    async def choose(pilot: Pilot[None]) -> None:
        await ready(pilot)
        await pilot.press("slash", *"dashboard", "enter")

    assert snap_compare(app, terminal_size=size, run_before=choose)
    door.close()
