"""The terminal view shows what a terminal shows, cell by cell."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from parhelia_tui.screens.terminal_tab import TerminalTab
from parhelia_tui.widgets.terminal_view import TerminalView
from tests.dashboard.conftest import Opens
from tests.support.cells import captured, drawn, padded
from tests.support.dashboard import Dashboard
from tests.support.still_fleet import LIVE, WAITS, StillFleet
from tests.support.tmux_server import TmuxServer

EVERYTHING = r"""
import sys, time
w = sys.stdout.write
for code in (1, 2, 3, 4, 5, 7, 8, 9, 21, 53):
    w(f"\x1b[{code}mattr{code}\x1b[0m ")
w("\r\n")
for code in (*range(30, 38), *range(90, 98), *range(40, 48), *range(100, 108)):
    w(f"\x1b[{code}mc{code}\x1b[0m")
w("\r\n")
for number in (0, 7, 15, 16, 99, 231, 232, 255):
    w(f"\x1b[38;5;{number}m256\x1b[48;5;{255 - number}mand\x1b[0m ")
w("\r\n\x1b[38;2;1;2;3m\x1b[48;2;250;128;0mrgb\x1b[39mno ink\x1b[49mno ground\x1b[0m\r\n")
w("\x1b[4:3mcurly\x1b[0m \x1b[4:2mdouble\x1b[0m \x1b[58;2;9;8;7m\x1b[4munder\x1b[0m\r\n")
w("wide \u6f22\u5b57 \uff21 accent e\u0301 o\u0308 kana \u30ab\u3099 | end\r\n")
w("\x1b(0lqqwqqk\x1b(B drawn \x1b(0x\x1b(B\r\n")
w("\x1b[1;31;44mgoes\r\non over\r\nlines\x1b[0m\r\n")
w("\x1b[10;20Hplaced\x1b[12;1H\x1b[2Kafter\x1b[s\x1b[5Cback\x1b[ufirst\x1b[12;30H\x1b[1mX\x1b[3b\x1b[0m")
w("\x1b[14;1Hinsert\x1b[14;3H\x1b[4@____\x1b[15;1Hdelete me\x1b[15;1H\x1b[3P\x1b[16;1Hto erase\x1b[16;4H\x1b[K")
w("\x1b[20;1Hready")
w("\x1b[18;7H")
sys.stdout.flush()
time.sleep(600)
"""
ALTERNATE = r"""
import sys, time
sys.stdout.write("below\r\n\x1b[?1049h\x1b[2J\x1b[44mthe other screen\x1b[K\x1b[0m\x1b[3;3Hready\x1b[?25l")
sys.stdout.flush()
time.sleep(600)
"""


@pytest.fixture
def server(still: StillFleet) -> Iterator[TmuxServer]:
    """Where the terminal of the task that waits can be started."""
    place = still.paths.container(LIVE[WAITS])
    place.mkdir(mode=0o700, parents=True)
    made = TmuxServer(place)
    made.socket = still.paths.tmux_socket(LIVE[WAITS])
    made.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    yield made
    made.close()


async def view_of(seen: Dashboard, text: str) -> TerminalView:
    seen.home.tasks.select(WAITS)
    await seen.press("d", "2")
    await seen.wait_for(text)
    view = seen.app.screen.query_one(TerminalTab).pane.view
    return view


async def compare(seen: Dashboard, view: TerminalView, server: TmuxServer, name: str) -> None:
    """Wait until the view shows the very cells of tmux; the cursor's own cell is reversed in the view alone."""
    width = view.size.width
    differs: list[str] = []

    def same() -> bool:
        differs.clear()
        screen = captured(server.run("capture-pane", "-e", "-p", "-t", f"={name}:").split("\n"))
        column, row, visible = map(int, server.ask("#{cursor_x} #{cursor_y} #{cursor_flag}", name).split())
        top = view._top(view.size.height)
        for y in range(min(view.size.height, len(screen) - top)):
            expected = padded(screen[top + y], width)
            found = padded(drawn(view.render_line(y), view.rich_style), width)
            if visible and top + y == row:
                if "reverse" not in found[column].attributes and all(
                    each.text <= "\u0300" for each in expected
                ):
                    # The view may be about to be told where the cursor went.
                    differs.append(f"{y}: no cursor at {column}")
                expected[column : column + 1] = found[column : column + 1] = []
            if [each.text for each in expected] != [each.text for each in found] or expected != found:
                differs.append(f"{y}: {expected}\n   {found}")
        return not differs

    try:
        await seen.wait(same)
    except AssertionError:
        raise AssertionError("\n".join(differs)[:4000]) from None


@pytest.mark.real
@pytest.mark.parametrize("program", [EVERYTHING, ALTERNATE], ids=["sequences", "alternate"])
async def test_every_sequence_looks_as_in_the_terminal(
    program: str, opened: Opens, still: StillFleet, server: TmuxServer
) -> None:
    door = still.client()
    name = door.session(WAITS).name
    door.close()
    server.start(program, name=name, columns=116, rows=24)
    server.wait_for("ready", name=name)
    async with opened() as seen:
        view = await view_of(seen, "ready")
        await compare(seen, view, server, name)
        assert (view._cursor is None) == (program is ALTERNATE)
        if program is EVERYTHING:
            assert view._cursor == (6, 17)


@pytest.mark.real
@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            ("vim", "-u", "NONE", "-i", "NONE", "-n", "-c", "syntax on", "-c", "set number", "FILE"),
            "import os",
        ),
        (("less", "-N", "FILE"), "import os"),
        # It draws once and then waits.
        (("top", "-d", "600"), "PID"),
    ],
    ids=["vim", "less", "top"],
)
async def test_programs_look_as_in_the_terminal(
    words: tuple[str, ...], text: str, opened: Opens, still: StillFleet, server: TmuxServer, tmp_path: Path
) -> None:
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not there")
    file = tmp_path / "shown.py"
    file.write_text(
        "import os\n\n\ndef shown(name: str) -> str:\n    '''Say.'''\n    return f'{name}' # 漢字\n"
    )
    door = still.client()
    name = door.session(WAITS).name
    door.close()
    program = "import subprocess, sys, time; subprocess.run(sys.argv[1:]); time.sleep(600)"
    server.start(
        program, *(str(file) if each == "FILE" else each for each in words), name=name, columns=116, rows=30
    )
    server.wait_for(text, name, 30.0)
    async with opened() as seen:
        view = await view_of(seen, text)
        await compare(seen, view, server, name)
        if words[0] == "vim":
            await seen.press("i")
            await seen.wait_for("typing")
            await seen.press("j", "o")
            await seen.type("more")
            await seen.press("escape")
            await seen.wait_for("more")
            await compare(seen, view, server, name)
