"""Attaching: the terminal goes to a session and comes back as it was."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from parhelia_tui.core.backends.base import TmuxEndpoint
from parhelia_tui.core.sessions.attach import attach_command
from tests.sessions.attaching import ROOT, attach_words, attached
from tests.support.outer_terminal import OuterTerminal
from tests.support.tmux_server import TmuxServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

STATUS = rb"the work goes on"
READY = "print('ready', flush=True); input(); print('line taken', flush=True); import time; time.sleep(600)"
ECHO_KEYS = """
import os, sys, termios, tty
tty.setraw(0)
os.write(1, b"ready")
while True:
    os.write(1, b"<%s>" % os.read(0, 100).hex().encode())
"""


def client_pid(tmux: TmuxServer) -> int:
    return int(tmux.run("list-clients", "-F", "#{client_pid}"))


def after_prefix(tmux: TmuxServer, terminal: OuterTerminal, key: bytes) -> None:
    """Press Ctrl+B and then a key."""
    # Keys that come within a millisecond are taken for a paste; this types faster than a person.
    tmux.run("set-option", "-g", "assume-paste-time", "0")
    terminal.write(b"\x02")
    wait_until(lambda: tmux.run("list-clients", "-F", "#{client_prefix}") == "1")
    terminal.write(key)


def test_ctrl_q_leaves_and_the_work_goes_on(tmux: TmuxServer) -> None:
    endpoint = tmux.start(READY)
    # Before anybody attaches: what it says later comes behind the last line of the first picture.
    tmux.wait_for("ready")
    with attached(endpoint) as terminal:
        before = terminal.modes()
        terminal.wait_for(rb"ready")
        terminal.wait_for(STATUS)
        terminal.write(b"\x11")
        terminal.wait_for(rb"RESULT detached")
        assert terminal.wait_end() == 0
        assert terminal.modes() == before
    tmux.type("Enter")
    tmux.wait_for("line taken")


def test_ctrl_b_d_leaves_too(tmux: TmuxServer) -> None:
    endpoint = tmux.start(READY)
    with attached(endpoint) as terminal:
        terminal.wait_for(STATUS)
        after_prefix(tmux, terminal, b"d")
        terminal.wait_for(rb"RESULT detached")
        terminal.wait_end()


def test_both_keys_can_be_sent_to_the_program(tmux: TmuxServer) -> None:
    endpoint = tmux.start(ECHO_KEYS)
    with attached(endpoint) as terminal:
        terminal.wait_for(STATUS)
        after_prefix(tmux, terminal, b"\x11")
        tmux.wait_for("<11>")
        after_prefix(tmux, terminal, b"\x02")
        tmux.wait_for("<02>")


def test_other_keys_after_the_prefix_do_nothing(tmux: TmuxServer) -> None:
    endpoint = tmux.start(ECHO_KEYS)
    with attached(endpoint) as terminal:
        terminal.wait_for(STATUS)
        for key in b":cx&%\"!$,.fws'?~=D(){}tiz0123456789":
            after_prefix(tmux, terminal, bytes([key]))
            wait_until(lambda: tmux.run("list-clients", "-F", "#{client_prefix}") == "0")
        terminal.write(b"E")
        tmux.wait_for("<45>")
        assert tmux.screen().split()[0] == "ready<45>"
        assert tmux.run("list-panes", "-a", "-F", "#{session_name} #{pane_in_mode}") == "ph-one 0"


def test_the_first_frame_has_the_size_of_the_terminal(tmux: TmuxServer) -> None:
    program = (
        "import os,signal,time\n"
        "def told(*_): print('size', *os.get_terminal_size(), flush=True)\n"
        "signal.signal(signal.SIGWINCH, told); print('ready', flush=True)\n"
        "while True: time.sleep(600)"
    )
    endpoint = tmux.start(program, columns=120, rows=40)
    tmux.wait_for("ready")
    with attached(endpoint, columns=91, rows=31) as terminal:
        first = terminal.wait_for(STATUS)
        # The status line stands on the last row; no row beyond it was drawn.
        assert first.count(b"\r\n") >= 29
        tmux.wait_for("size 91 30")
        terminal.resize(70, 20)
        tmux.wait_for("size 70 19")
        terminal.write(b"\x11")
        terminal.wait_end()
    assert tmux.ask("#{window_width} #{window_height}") == "70 19"


def test_the_end_of_the_session_is_told(tmux: TmuxServer) -> None:
    endpoint = tmux.start("input()")
    tmux.start(READY, name="ph-two")
    with attached(endpoint) as terminal:
        terminal.wait_for(STATUS)
        terminal.write(b"\r")
        terminal.wait_for(rb"RESULT session ended")
        terminal.wait_end()
    assert tmux.run("list-sessions", "-F", "#S") == "ph-two"


def test_the_end_of_the_last_session_is_told(tmux: TmuxServer) -> None:
    endpoint = tmux.start("input()")
    with attached(endpoint) as terminal:
        terminal.wait_for(STATUS)
        terminal.write(b"\r")
        terminal.wait_for(rb"RESULT session ended")
        terminal.wait_end()


def test_a_killed_server_is_told(tmux: TmuxServer) -> None:
    endpoint = tmux.start(READY)
    with attached(endpoint) as terminal:
        before = terminal.modes()
        terminal.wait_for(STATUS)
        tmux.kill()
        terminal.wait_for(rb"\x1b\[\?1049l.*RESULT server lost")
        terminal.wait_end()
        assert terminal.modes() == before


def test_a_killed_client_leaves_a_usable_terminal(tmux: TmuxServer) -> None:
    endpoint = tmux.start(READY)
    with attached(endpoint) as terminal:
        before = terminal.modes()
        terminal.wait_for(STATUS)
        assert terminal.modes() != before
        os.kill(client_pid(tmux), signal.SIGKILL)
        restored = terminal.wait_for(rb"RESULT client lost")
        for switched_off in (b"?1000l", b"?1002l", b"?1006l", b"?2004l", b"?1004l", b"?1049l", b"?25h"):
            assert b"\x1b[" + switched_off in restored
        assert terminal.wait_end() == 0
        assert terminal.modes() == before
        # The server's own cleaning, which clears the screen, came before the screen was given back.
        assert re.search(
            rb"\[2J.*\x1b\[\?1049l\x1b\[\?25hRESULT client lost\s*$", terminal.received, re.DOTALL
        )
    assert tmux.ask("#{session_attached}") == "0"


def test_keys_meant_for_a_session_that_ended_reach_nobody(tmux: TmuxServer) -> None:
    endpoint = tmux.start(READY)
    script = attach_words(endpoint)
    script[2] += (
        "\nimport os, select, termios, tty\ntty.setcbreak(0, termios.TCSANOW)\n"
        "left = select.select([0], [], [], 0.2)[0]\n"
        "print('LEFT', os.read(0, 100) if left else b'', flush=True)\n"
    )
    with OuterTerminal(script, {"PYTHONPATH": str(ROOT)}) as terminal:
        terminal.wait_for(STATUS)
        pid = client_pid(tmux)
        # Stopped, so that it cannot read what is typed; then it dies.
        os.kill(pid, signal.SIGSTOP)
        os.kill(next(iter(tmux.pids)), signal.SIGSTOP)
        terminal.write(b"xxx")
        os.kill(pid, signal.SIGKILL)
        terminal.wait_for(rb"LEFT b''")
        os.kill(next(iter(tmux.pids)), signal.SIGCONT)
        terminal.wait_end()


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (120, f" ph-fix-the-failing-cache-acf9{'Ctrl+Q leaves, the work goes on':>89} "),
        (60, f" ph-fix-the-failing-cache-acf9{'Ctrl+Q leaves':>29} "),
        (40, " ph-fix-the-failing-cach… Ctrl+Q leaves "),
        (17, f"{'Ctrl+Q leaves':>16} "),
    ],
)
def test_the_key_that_leaves_stands_in_every_width(tmux: TmuxServer, columns: int, line: str) -> None:
    endpoint = tmux.start(READY, name="ph-fix-the-failing-cache-acf9")
    (tmux.socket.parent / "outer").mkdir()
    bare = tmux.socket.parent / "bare.conf"
    bare.write_text("set -g status off\n")
    outer = TmuxServer(tmux.socket.parent / "outer", bare)
    words = ["env", f"PYTHONPATH={ROOT}", *attach_words(endpoint)]
    try:
        run = "import subprocess, sys; subprocess.run(sys.argv[1:]); sys.stdin.read()"
        outer.start(run, *words, name="mine", columns=columns, rows=12)
        outer.wait_for("Ctrl+Q", name="mine")
        # A screen can be caught while it is drawn.
        wait_until(lambda: outer.screen("mine").splitlines()[-1:] == [line.rstrip()])
    finally:
        outer.close()


def test_it_works_inside_another_tmux(tmux: TmuxServer, tmp_path: Path) -> None:
    endpoint = tmux.start(READY)
    (tmp_path / "outer").mkdir()
    # Other people's configuration: tmux's own defaults.
    outer = TmuxServer(tmp_path / "outer", Path(os.devnull))
    words = ["env", f"PYTHONPATH={ROOT}", *attach_words(endpoint)]
    try:
        outer.start(
            "import subprocess, sys; subprocess.run(sys.argv[1:]); sys.stdin.read()", *words, name="mine"
        )
        outer.wait_for("Ctrl+Q leaves", name="mine")
        outer.wait_for("ready", name="mine")
        outer.type("C-q", name="mine")
        outer.wait_for("RESULT detached", name="mine")
    finally:
        outer.close()


def test_without_a_terminal_it_says_so(tmux: TmuxServer) -> None:
    endpoint = tmux.start(READY)
    done = subprocess.run(
        attach_words(endpoint), cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.stdout.startswith("ERROR E601: attaching needs a terminal")
    assert done.stderr == ""


def test_a_gone_server_and_an_unknown_session_are_told_before_the_screen_is_cleared(
    tmux: TmuxServer, tmp_path: Path
) -> None:
    tmux.start(READY)
    for endpoint, error in (
        (TmuxEndpoint(tmp_path / "nobody.sock", "ph-one"), rb"ERROR E601"),
        (TmuxEndpoint(tmux.socket, "ph-on"), rb"ERROR E200"),
        (TmuxEndpoint(tmux.socket, "*"), rb"ERROR E200"),
    ):
        with attached(endpoint) as terminal:
            terminal.wait_for(error)
            terminal.wait_end()
            assert b"\x1b" not in terminal.received


def test_a_terminal_that_tmux_cannot_use_is_told(tmux: TmuxServer) -> None:
    endpoint = tmux.start(READY)
    with attached(endpoint, {"TERM": "no-such-terminal"}) as terminal:
        terminal.wait_for(
            rb"ERROR E601: tmux cannot use this terminal, whose type is TERM=no-such-terminal: "
        )
        terminal.wait_end()
        # What it cannot do it is not told either.
        assert b"\x1b" not in terminal.received


def test_true_colour_is_asked_for_where_the_terminal_has_it(
    tmux: TmuxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = tmux.start(r"print('\x1b[38;2;1;2;3mready', flush=True); input()")
    with attached(endpoint, {"COLORTERM": "truecolor"}) as terminal:
        terminal.wait_for(rb"\x1b\[38;2;1;2;3m(\x1b\[H)?ready")
    monkeypatch.delenv("COLORTERM", raising=False)
    assert "RGB" not in " ".join(attach_command(endpoint))


def test_nothing_is_left_when_the_attaching_process_is_interrupted(tmux: TmuxServer) -> None:
    endpoint = tmux.start(READY)
    with attached(endpoint) as terminal:
        terminal.wait_for(STATUS)
        client = client_pid(tmux)
        assert client != terminal.process.pid
        os.kill(terminal.process.pid, signal.SIGINT)
        terminal.wait_end()
        wait_until(lambda: tmux.ask("#{session_attached}") == "0")
        assert b"KeyboardInterrupt" in terminal.received
