"""The tabs of a task: its terminal, its talk and what it changed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import events

from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.store import tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from parhelia_tui.screens.task_details import TaskDetailsScreen
from parhelia_tui.screens.terminal_tab import TerminalTab
from tests.dashboard.conftest import Opens
from tests.support.dashboard import Dashboard
from tests.support.still_fleet import LIVE, NOW, PORTS, WAITS, StillFleet
from tests.support.store import make_task
from tests.support.tmux_server import TmuxServer

ECHOES = r"""
import sys, termios, tty
for number in range(200):
    print("old line", number)
old = termios.tcgetattr(0)
tty.setraw(0)
sys.stdout.write("\x1b[?2004h\x1b[?1000h\x1b[?1006hready\r\n")
sys.stdout.flush()
import os
while True:
    data = os.read(0, 1000)
    sys.stdout.write(repr(data) + "\r\n")
    sys.stdout.flush()
    if data == b"\x03":
        break
"""


@pytest.fixture
def terminal(still: StillFleet) -> Iterator[TmuxServer]:
    """A program behind the task that waits, which says what it is told."""
    place = still.paths.container(LIVE[WAITS])
    place.mkdir(mode=0o700, parents=True)
    server = TmuxServer(place)
    server.socket = still.paths.tmux_socket(LIVE[WAITS])
    server.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    door = still.client()
    name = door.session(WAITS).name
    door.close()
    server.start(ECHOES, name=name, columns=100, rows=30)
    server.wait_for("ready", name=name)
    yield server
    server.close()


def tab_of(seen: Dashboard) -> TerminalTab:
    screen = seen.app.screen
    assert isinstance(screen, TaskDetailsScreen)
    assert isinstance(screen.front, TerminalTab)
    return screen.front


@pytest.mark.real
async def test_keys_pastes_and_the_mouse_go_into_the_terminal_until_it_is_left(
    opened: Opens, terminal: TmuxServer
) -> None:
    async with opened() as seen:
        seen.home.tasks.select(WAITS)
        await seen.press("d", "2")
        await seen.wait_for("ready")
        await seen.press("i")
        await seen.wait_for("typing ▪ Ctrl+Q leaves")
        view = tab_of(seen).pane.view
        for key, told in (
            ("q", "b'q'"), ("ctrl+p", r"b'\x10'"), ("up", r"b'\x1b[A'"), ("tab", r"b'\t'"), ("escape", r"b'\x1b'"),
            ("shift+tab", r"b'\x1b[Z'"), ("f5", r"b'\x1b[15~'"), ("ctrl+right", r"b'\x1b[1;5C'"),
        ):  # fmt: skip
            await seen.press(key)
            await seen.wait_for(told)
        view.post_message(events.Paste("two\nlines\x1b[201~"))
        await seen.wait_for(r"b'\x1b[200~two\nlines\x1b[201~'")
        await seen.pilot.click(view, offset=(4, 2))
        row = view._top(view.size.height) + 3
        await seen.wait_for(rf"\x1b[<0;5;{row}M")
        await seen.press("ctrl+q")
        await seen.wait_gone("typing ▪ Ctrl+Q leaves")
        name = seen.home.client.session(WAITS).name
        assert terminal.ask("#{pane_width}x#{pane_height}", name) == f"{view.size.width}x{view.size.height}"
        assert terminal.ask("#{window-size}", name) in ("", "latest")
        await seen.press("q")
        assert seen.app.screen is seen.home


@pytest.mark.real
async def test_older_lines_are_scrolled_searched_and_copied(opened: Opens, terminal: TmuxServer) -> None:
    async with opened() as seen:
        seen.home.tasks.select(WAITS)
        await seen.press("d", "2")
        await seen.wait_for("ready")
        await seen.press("pageup")
        await seen.wait_for("old line 199")
        await seen.press("g")
        await seen.wait_for("old line 0")
        await seen.press("slash")
        await seen.type("line 17")
        await seen.press("enter")
        await seen.wait_for("old line 17")
        await seen.press("n", "v", "k", "k", "y")
        await seen.wait_for("3 lines copied.")
        copied = seen.app.clipboard.split("\n")
        assert [each.split()[:2] for each in copied] == [["old", "line"]] * 3
        await seen.press("slash")
        await seen.type("nowhere")
        await seen.press("enter")
        await seen.wait_for("No line has nowhere.")
        await seen.press("escape")
        await seen.wait(lambda: not tab_of(seen).has_class("-back"))
        await seen.press("escape")
        assert seen.app.screen is seen.home


def begin(still: StillFleet, task_id: str) -> Path:
    """Give a task of the fleet its attempt, and the home of its container."""
    db = open_migrated(still.paths.database)
    with writing(db) as tx:
        task = tasks.get(tx, task_id)
        tasks.update(tx, task, attempt=0)
        tasks.add_attempt(tx, tasks.get(tx, task_id), LIVE[task_id], NOW, "the-id")
    db.close()
    home = still.paths.container(LIVE[task_id]) / "home"
    home.mkdir(parents=True)
    return home


async def test_a_talk_is_shown_with_its_tools_folded_and_nothing_of_it_acts(
    opened: Opens, still: StillFleet
) -> None:
    place = begin(still, PORTS) / ".parhelia-demo"
    place.mkdir()
    talk = place / "talk.jsonl"
    said = [
        {"said": "person", "text": "Port [bold]it[/] \x1b]0;title\x07now"},
        {"said": "agent", "text": "# Plan\nI read\x1b[2J first."},
        {
            "tool": "Bash",
            "input": {"command": "grep -r parser"},
            "result": "one.py\ntwo\x1b[31m.py",
            "failed": False,
        },
        {"tool": "Write", "input": {"file_path": "new.py", "content": "x"}, "result": "no", "failed": True},
    ]
    talk.write_text("".join(f"{json.dumps(each)}\n" for each in said))
    async with opened() as seen:
        seen.home.tasks.select(PORTS)
        await seen.press("d", "3")
        await seen.wait_for(
            "Port [bold]it[/] now", "I read first.", "▸ Bash  grep -r parser", "✓ 2 lines", "✗ failed"
        )
        assert not seen.shows("one.py")
        await seen.press("left_square_bracket", "enter")
        await seen.wait_for("▾ Bash", "command: grep -r parser", "one.py", "two.py")
        await seen.press("enter")
        await seen.wait_gone("one.py")
        await seen.press("f")
        await seen.wait_for("one.py", "file_path: new.py")
        await seen.press("f")
        await seen.wait_gone("one.py")
        with talk.open("a") as file:
            file.write(json.dumps({"said": "agent", "text": "Done it."}) + "\n")
        await seen.wait_for("Done it.")
        assert not any("\x1b" in line or "\x07" in line for line in seen.lines())


async def test_what_a_task_changed_is_shown_by_file_and_on_both_sides(
    opened: Opens, still: StillFleet, tmp_path: Path
) -> None:
    place = tmp_path / "made"
    place.mkdir()
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run([*git, "init", "-q"], cwd=place, check=True)
    (place / "cache.py").write_text("".join(f"line {number}\n" for number in range(20)))
    subprocess.run([*git, "add", "."], cwd=place, check=True)
    subprocess.run([*git, "commit", "-q", "-m", "first"], cwd=place, check=True)
    text = (place / "cache.py").read_text().replace("line 7\n", "line [b]seven[/]\n")
    (place / "cache.py").write_text(text)
    (place / "fresh.txt").write_text("fresh\n")
    still.add(
        make_task(
            "t-0000000a",
            title="Tidy",
            slug="tidy",
            workspace=str(place),
            created_at=NOW,
            state=TaskState.PENDING,
        )
    )
    async with opened() as seen:
        await seen.wait_for("Tidy")
        seen.home.tasks.select("t-0000000a")
        await seen.press("d", "4")
        await seen.wait_for("M  cache.py", "A  fresh.txt", "-line 7", "+line [b]seven[/]")
        await seen.press("enter")
        await seen.wait_line("-line 7", "│")
        assert "+line [b]seven[/]" in seen.line_with("-line 7")
        await seen.press("s")
        await seen.wait_line("-line 7", "│-line 7")
        assert "seven" not in seen.line_with("-line 7")
        await seen.press("escape", "j")
        await seen.wait_for("+fresh")
        (place / "later.txt").write_text("later\n")
        await seen.press("r")
        await seen.wait_for("A  later.txt")


async def test_without_a_beginning_there_is_nothing_to_compare_with(
    opened: Opens, still: StillFleet, tmp_path: Path
) -> None:
    still.add(make_task("t-0000000a", title="Bare", slug="bare", workspace=str(tmp_path), created_at=NOW))
    async with opened() as seen:
        await seen.wait_for("Bare")
        seen.home.tasks.select("t-0000000a")
        await seen.press("d", "4")
        await seen.wait_for("no checkpoint was taken of it")
        await seen.press("6")
        await seen.wait_for("No checkpoints yet.")
        await seen.press("2", "i")
        await seen.wait_for("There is no terminal to type into")
        await seen.press("3")
        await seen.wait_for("keeps no conversation")


@pytest.mark.real
async def test_a_tile_of_the_wall_is_typed_into_where_it_stands(opened: Opens, terminal: TmuxServer) -> None:
    async with opened() as seen:
        seen.home.tasks.select(WAITS)
        await seen.press("w")
        await seen.wait_for("ready")
        await seen.press("t")
        await seen.wait_for("typing ▪ Ctrl+Q leaves")
        await seen.press("x", "enter")
        await seen.wait_for("b'x'", r"b'\r'")
        await seen.press("ctrl+q", "escape")
        assert seen.app.screen is seen.home
