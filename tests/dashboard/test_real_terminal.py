"""The installed dashboard on a real terminal: start a task, see it live, attach, leave, filter, quit."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.support.fleet import container_of, controller_pid, create, event, kill_controller, reach
from tests.support.outer_terminal import OuterTerminal
from tests.support.product import Product
from tests.support.tmux_server import TmuxServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

DASHBOARD = str(Path(sys.executable).with_name("parhelia-tui"))
DEADLINE_S = 30.0
SHELL = """
import os, signal, subprocess, sys
signal.signal(signal.SIGINT, lambda *_: None)
os.environ.update(TERM="tmux-256color")
print("before", flush=True)
code = subprocess.call(sys.argv[2:], cwd=sys.argv[1])
print("left with", code, flush=True)
input()
"""
WHO_KEEPS_IT_QUIET = """
import pathlib, signal, subprocess, sys
signal.signal(signal.SIGHUP, lambda *_: None)
pathlib.Path(sys.argv[1]).write_text(str(subprocess.call(sys.argv[2:])))
"""
SIZES = [(120, 40), (80, 24)]


class OnTmux:
    """The dashboard in a tmux session, started by a program that says what was before and after it."""

    def __init__(self, tmux: TmuxServer, place: Path, columns: int, rows: int) -> None:
        self.tmux = tmux
        tmux.start(SHELL, str(place), DASHBOARD, columns=columns, rows=rows)

    def press(self, *keys: str) -> None:
        self.tmux.type(*keys)

    def type(self, text: str) -> None:
        self.tmux.run("send-keys", "-t", "=ph-one:", "-l", text)

    def wait_for(self, *texts: str) -> str:
        """Wait until all of the texts stand on the terminal, and give what does."""
        try:
            wait_until(lambda: all(text in self.tmux.screen() for text in texts), DEADLINE_S)
        except AssertionError:
            raise AssertionError(f"not all of {texts} in\n{self.tmux.screen()}") from None
        return self.tmux.screen()


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[TmuxServer]:
    server = TmuxServer(tmp_path)
    # Whoever wants to test what it does inside another tmux finds a plain one here.
    yield server
    server.close()


@pytest.mark.long
@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_a_day_at_the_terminal(
    columns: int, rows: int, product: Product, client: Client, tmux: TmuxServer, place: Path
) -> None:
    seen = OnTmux(tmux, place, columns, rows)
    seen.wait_for("No tasks yet.", "○ controller asleep", "n new")
    # A task, typed as fast as a person never does.
    seen.type("necho it is heard; cat")
    seen.wait_for("New task", "echo it is heard; cat")
    seen.press("Enter")
    screen = seen.wait_for("● running", "1 running")
    if columns == 80:
        assert "Heartbeats" not in screen
        # One pane at a time: the terminal is the last of them.
        seen.press("BTab")
    # What it printed, and not only its title.
    wait_until(lambda: re.search(r"^\W*it is heard", tmux.screen(), re.MULTILINE), DEADLINE_S)
    # Into it, and out again.
    seen.press("Enter")
    seen.wait_for("Ctrl+Q leaves")
    seen.type("hello")
    seen.press("Enter")
    wait_until(lambda: tmux.screen().count("hello") == 2, DEADLINE_S)
    seen.press("C-q")
    seen.wait_for("q quit", "hello")
    # A filter, in which every letter would be a key if it came too early.
    seen.type("/zebra")
    seen.wait_for("0 of 1: zebra")
    seen.press("Escape")
    seen.wait_for("Tasks ▪ 1")
    # Out of the dashboard: the work goes on.
    seen.type("q")
    assert re.search(r"before\nleft with 0\s*$", seen.wait_for("left with"))
    task = client.tasks()[0]
    assert (task.prompt, task.state) == ("echo it is heard; cat", TaskState.RUNNING)
    assert task.workspace == str(place)


LOST = """\
#!/bin/bash
case " $* " in
*" -C "*) ;;
*attach-session*)
    if mkdir "{once}"; then
        kill -9 {server}
        while [ -e /proc/{server} ] && ! grep -q ") Z" /proc/{server}/stat; do sleep 0.01; done
    elif [ "{then}" = lost ]; then
        exec "{tmux}" -S /nowhere list-sessions
    fi ;;
esac 2>/dev/null
exec "{tmux}" "$@"
"""
"""A tmux whose server dies just before somebody attaches for the first time; and whoever comes then meets none."""


@pytest.mark.parametrize("then", ["there", "lost"])
def test_a_terminal_that_is_lost_on_the_way_is_attached_once_it_is_there_again_or_the_dashboard_comes_back(
    then: str,
    product: Product,
    client: Client,
    tmux: TmuxServer,
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = create(client, "echo it is heard; cat", place)
    reach(client, task.id, TaskState.RUNNING, deadline_s=DEADLINE_S)
    program = shutil.which("tmux")
    asked = [str(program), "-S", str(product.paths.tmux_socket(container_of(client, task.id).id))]
    server = subprocess.check_output([*asked, "display-message", "-p", "#{pid}"], text=True).strip()
    shown = tmp_path / "bin" / "tmux"
    shown.parent.mkdir()
    shown.write_text(LOST.format(once=tmp_path / "once", server=server, tmux=program, then=then))
    shown.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shown.parent}:{os.environ['PATH']}")
    seen = OnTmux(tmux, place, 120, 40)
    seen.wait_for("1 running")
    seen.press("Enter")
    # Nobody asks for it a second time, and where it is lost again the screen is not left empty.
    seen.wait_for(*(("Ctrl+Q leaves",) if then == "there" else ("1 running", "E601")))
    event(client, "session.terminal_restored", task_id=task.id)
    if then == "there":
        seen.press("C-q")
    seen.wait_for("q quit")


def test_a_terminal_on_the_wall_is_attached_and_left_again_and_so_is_a_command_of_one_s_own(
    client: Client, tmux: TmuxServer, place: Path, tmp_path: Path
) -> None:
    commands = tmp_path / "config" / "parhelia" / "commands.toml"
    commands.parent.mkdir(parents=True, exist_ok=True)
    run = json.dumps(["sh", "-c", 'echo "it is for $1"; exec sleep 600', "sh", "{title}"])
    commands.write_text(f'[own]\nkey = "f6"\nterminal = true\nrun = {run}\n')
    for word in ("one", "two"):
        task = create(client, f"echo it is {word}; cat", place)
        reach(client, task.id, TaskState.RUNNING, deadline_s=DEADLINE_S)
    seen = OnTmux(tmux, place, 80, 24)
    seen.wait_for("2 running")
    seen.type("w")
    seen.wait_for("Fleet > Wall", "it is one", "it is two")
    seen.press("Tab", "Enter")
    seen.wait_for("Ctrl+Q leaves")
    seen.type("hello")
    seen.press("Enter")
    wait_until(lambda: tmux.screen().count("hello") == 2, DEADLINE_S)
    seen.press("C-q")
    seen.wait_for("Fleet > Wall", "it is one", "it is two", "hello")
    seen.type("w")
    seen.wait_for("q quit")
    # Ctrl+C ends the command and not the dashboard.
    seen.press("F6")
    seen.wait_for("it is for echo it is two; cat")
    seen.press("C-c")
    seen.wait_for("own was ended by signal 2.", "2 running")
    seen.type("q")
    seen.wait_for("left with 0")


def test_keys_in_one_burst_act_where_those_before_them_led(
    client: Client, tmux: TmuxServer, place: Path
) -> None:
    task = create(client, "echo it is heard; cat", place)
    reach(client, task.id, TaskState.RUNNING, deadline_s=DEADLINE_S)
    seen = OnTmux(tmux, place, 120, 40)
    seen.wait_for("1 running")
    seen.press(":", *"status", "Enter", "?")
    # It is painted from above: with the last line nothing of what stood there before is left.
    seen.wait_for("Esc closes", "Esc back")
    seen.press("Escape", "Escape")
    seen.wait_for("q quit")
    # Typed for the terminal of the task; here they would cancel it.
    seen.press("Enter", "x", "y")
    seen.wait_for("Ctrl+Q leaves")
    seen.press("C-q")
    seen.wait_for("q quit")
    seen.press("?")
    seen.wait_for("Keys")
    assert client.task(task.id).state is TaskState.RUNNING


def test_the_terminal_is_as_before_after_it(client: Client, place: Path) -> None:
    task = create(client, "cat", place)
    reach(client, task.id, TaskState.RUNNING, deadline_s=DEADLINE_S)
    with OuterTerminal([DASHBOARD], columns=120, rows=40) as terminal:
        before = terminal.modes()
        terminal.wait_for(rb"running", DEADLINE_S)
        terminal.write(b"a")
        terminal.wait_for(rb"Ctrl\+Q leaves", DEADLINE_S)
        terminal.write(b"\x11")
        terminal.wait_for(rb"quit", DEADLINE_S)
        terminal.write(b"q")
        assert terminal.wait_end(DEADLINE_S) == 0
        assert terminal.modes() == before
        given = terminal.received
    # Every private mode that was switched on is off again (alternate screen, mouse, paste, focus), and the
    # cursor is there.
    modes = {}
    for numbers, act in re.findall(rb"\x1b\[\?([\d;]+)([hl])", given):
        for number in numbers.split(b";"):
            modes[int(number)] = act
    assert {number for number, act in modes.items() if act == b"h"} <= {25, 7}
    assert modes[25] == b"h"


@pytest.mark.long
def test_a_killed_controller_is_followed_by_another_while_it_is_open(
    product: Product, client: Client, tmux: TmuxServer, place: Path
) -> None:
    task = create(client, "until [ -e go ]; do sleep 0.02; done; exit 5", place)
    reach(client, task.id, TaskState.RUNNING, deadline_s=DEADLINE_S)
    seen = OnTmux(tmux, place, 120, 40)
    seen.wait_for("● controller", "1 running")
    before = controller_pid(product)
    kill_controller(product)
    seen.wait_for("✗ no controller")
    seen.wait_for("● controller")
    assert controller_pid(product) != before
    (place / "go").touch()
    seen.wait_for("✗ failed", "exit code 5")
    seen.type("q")
    seen.wait_for("left with 0")


def test_a_window_that_is_closed_ends_the_dashboard_and_not_the_work(client: Client, place: Path) -> None:
    task = create(client, "sleep 600", place)
    reach(client, task.id, TaskState.RUNNING, deadline_s=DEADLINE_S)
    with OuterTerminal([DASHBOARD], columns=120, rows=40) as terminal:
        terminal.wait_for(rb"running", DEADLINE_S)
        os.kill(terminal.process.pid, signal.SIGHUP)
        terminal.wait_end(DEADLINE_S)
    assert client.task(task.id).state is TaskState.RUNNING


def test_a_terminal_that_is_gone_ends_the_dashboard_where_nobody_tells_it(
    client: Client, place: Path, tmp_path: Path
) -> None:
    create(client, "sleep 600", place)
    note = tmp_path / "code"
    # The kernel tells the leader of the session alone, and make, for one, only waits on.
    leader = [sys.executable, "-c", WHO_KEEPS_IT_QUIET, str(note), DASHBOARD]
    with OuterTerminal(leader, columns=120, rows=40) as terminal:
        terminal.wait_for(rb"running", DEADLINE_S)
        terminal.hang_up()
        assert terminal.process.wait(DEADLINE_S) == 0
    assert note.read_text() == str(-signal.SIGHUP)


def test_another_size_is_taken_over_also_where_a_parent_left_an_old_one(client: Client, place: Path) -> None:
    create(client, "sleep 600", place)
    env = {"COLUMNS": "80", "LINES": "24"}
    with OuterTerminal([DASHBOARD], env, columns=120, rows=40) as terminal:
        terminal.wait_for(rb"Heartbeats", DEADLINE_S)
        terminal.resize(60, 20)
        terminal.wait_for(rb"make it larger", DEADLINE_S)
        terminal.resize(80, 24)
        terminal.wait_for(rb"Tab: Containers", DEADLINE_S)
        terminal.write(b"q")
        assert terminal.wait_end(DEADLINE_S) == 0
