"""Questions to a real tmux server, and what is done to its sessions."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from parhelia_tui.core.backends.base import TmuxEndpoint
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.sessions import server
from tests.sessions.attaching import attached
from tests.support.tmux_server import TmuxServer
from tests.support.waiting import process_is_there, until, wait_until

pytestmark = pytest.mark.real

WAIT = "input()"
SHOW = "import sys, time; print(sys.argv[1], flush=True); time.sleep(600)"
# What is typed comes back as hexadecimal; with brackets asked for when there is an argument.
HEX = """
import os, sys, tty
tty.setraw(0)
os.write(1, b"\\x1b[?2004h" if len(sys.argv) > 1 else b"")
os.write(1, b"ready\\r\\n")
while True:
    os.write(1, os.read(0, 1 << 16).hex().encode() + b".")
"""


def typed(tmux: TmuxServer) -> bytes:
    """What the program above was sent."""
    return bytes.fromhex(tmux.screen().partition("ready")[2].replace("\n", "").replace(".", ""))


async def code_of(work: object) -> str:
    with pytest.raises(ParheliaError) as caught:
        await work  # type: ignore[misc]
    return caught.value.code


async def test_a_server_is_alive_until_it_is_killed(tmux: TmuxServer) -> None:
    assert not await server.is_alive(tmux.socket)
    tmux.start(WAIT)
    assert await server.is_alive(tmux.socket)
    tmux.run("kill-server")
    await until(lambda: not any(map(process_is_there, tmux.pids)))
    assert not await server.is_alive(tmux.socket)


async def test_asking_never_starts_a_server(tmux: TmuxServer) -> None:
    endpoint = TmuxEndpoint(tmux.socket, "ph-one")
    for work in (
        server.capture_text(endpoint),
        server.send_keys(endpoint, ["a"]),
        server.send_text(endpoint, "a"),
        server.kill_session(endpoint),
        server.resize(endpoint, 80, 24),
    ):
        assert await code_of(work) == "E601"
    assert not tmux.socket.exists()


async def test_a_name_is_never_a_pattern_a_beginning_or_an_option(tmux: TmuxServer) -> None:
    tmux.start(WAIT, name="ph-one-1234")
    for name in (
        "ph-one",
        "ph-*",
        "ph-one-123?",
        "=ph-one-1234",
        "-a",
        "$0",
        "@0",
        "%0",
        "",
        "ph-one-1234:0",
    ):
        endpoint = TmuxEndpoint(tmux.socket, name)
        for work in (
            server.capture_text(endpoint),
            server.send_keys(endpoint, ["a"]),
            server.send_text(endpoint, "a"),
            server.resize(endpoint, 80, 24),
            server.kill_session(endpoint),
        ):
            assert await code_of(work) == "E200", name
    assert tmux.run("list-sessions", "-F", "#{session_name}") == "ph-one-1234"


async def test_the_screen_is_read_as_text(tmux: TmuxServer) -> None:
    endpoint = tmux.start(SHOW, "\x1b[31mred\r\nstill\x1b[0m off")
    tmux.wait_for("off")
    text = await server.capture_text(endpoint)
    assert text[:3] == ["red", "still off", ""]
    assert len(text) == 24


async def test_history_is_read_when_it_is_asked_for(tmux: TmuxServer) -> None:
    endpoint = tmux.start(SHOW, "\r\n".join(str(number) for number in range(100)))
    tmux.wait_for("99")
    assert len(await server.capture_text(endpoint)) == 24
    assert (await server.capture_text(endpoint, 5))[0] == "72"
    assert (await server.capture_text(endpoint, 1000))[0] == "0"


@pytest.mark.parametrize(
    ("keys", "bytes_"),
    [
        (["a", "Enter"], b"a\r"),
        (["C-c"], b"\x03"),
        (["Escape"], b"\x1b"),
        (["Up"], b"\x1b[A"),
        ([";"], b";"),
        ([";", "x"], b";x"),
        (["C-M-a"], b"\x1b\x01"),
        (["-", "#", "'", '"', "\\", "{", "~", "$"], b"-#'\"\\{~$"),
        (["Space", "Tab", "BSpace"], b" \t\x7f"),
        (["F5"], b"\x1b[15~"),
    ],
)
async def test_keys_reach_the_program(tmux: TmuxServer, keys: list[str], bytes_: bytes) -> None:
    endpoint = tmux.start(HEX)
    tmux.wait_for("ready")
    await server.send_keys(endpoint, keys)
    await until(lambda: typed(tmux) == bytes_)


@pytest.mark.parametrize(
    "key", ["", "ab", "Enter Enter", "C-", "; kill-server", "é", "-t", "\n", "Any", "C-C-C-C-a"]
)
async def test_what_is_no_key_is_refused(tmux: TmuxServer, key: str) -> None:
    endpoint = tmux.start(WAIT)
    assert await code_of(server.send_keys(endpoint, [key])) == "E101"


TEXTS = {
    "lines": "one\n\ttwo\n",
    "marks": "; kill-server ; #(id) #{x} $HOME `id` 'a' \"b\" \\ ~ % %% -t -- {}",
    "an option": "-b x",
    "wide": "漢字 é 🙂 \u202e",
    "a semicolon at the end": "echo a;",
}


@pytest.mark.parametrize("kind", TEXTS)
async def test_any_text_is_pasted_as_it_is(tmux: TmuxServer, kind: str) -> None:
    endpoint = tmux.start(HEX)
    tmux.wait_for("ready")
    await server.send_text(endpoint, TEXTS[kind])
    await until(lambda: typed(tmux) == TEXTS[kind].encode())
    assert tmux.run("list-buffers") == ""


async def test_text_comes_in_brackets_where_they_are_asked_for(tmux: TmuxServer) -> None:
    endpoint = tmux.start(HEX, "brackets")
    tmux.wait_for("ready")
    await server.send_text(endpoint, "one\ntwo")
    await until(lambda: typed(tmux) == b"\x1b[200~one\ntwo\x1b[201~")


async def test_a_long_text_arrives_whole(tmux: TmuxServer, tmp_path: Path) -> None:
    program = (
        "import os, sys, tty\ntty.setraw(0)\nos.write(1, b'ready')\nleft = 100_000\n"
        "with open(sys.argv[1], 'wb') as file:\n"
        "    while left: data = os.read(0, left); left -= len(data); file.write(data)\n"
        "os.write(1, b'whole'); os.read(0, 1)"
    )
    endpoint = tmux.start(program, str(tmp_path / "text"))
    tmux.wait_for("ready")
    text = "".join(f"{number:09}\n" for number in range(10_000))
    await server.send_text(endpoint, text)
    await until(lambda: "whole" in tmux.screen())
    assert (tmp_path / "text").read_text() == text


@pytest.mark.parametrize("text", ["\x1b[201~", "a\rb", "\0", "\x7f", "\u009b2J", "a\x03"])
async def test_control_characters_are_refused(tmux: TmuxServer, text: str) -> None:
    endpoint = tmux.start(HEX)
    tmux.wait_for("ready")
    assert await code_of(server.send_text(endpoint, text)) == "E100"
    await server.send_text(endpoint, "")
    await server.send_text(endpoint, "x")
    await until(lambda: typed(tmux) == b"x")


async def test_keys_and_text_leave_the_scrolling_mode_first(tmux: TmuxServer) -> None:
    endpoint = tmux.start(HEX)
    tmux.wait_for("ready")
    tmux.run("copy-mode", "-t", "=ph-one:")
    await server.send_keys(endpoint, ["j"])
    await until(lambda: typed(tmux) == b"j")
    tmux.run("copy-mode", "-t", "=ph-one:")
    await server.send_text(endpoint, "q")
    await until(lambda: typed(tmux) == b"jq")


async def test_a_session_is_killed_alone(tmux: TmuxServer) -> None:
    one, two = tmux.start(WAIT), tmux.start(WAIT, name="ph-two")
    await server.kill_session(one)
    assert tmux.run("list-sessions", "-F", "#{session_name}") == two.session
    assert await code_of(server.kill_session(one)) == "E200"


async def test_a_size_holds_until_somebody_attaches(tmux: TmuxServer) -> None:
    endpoint = tmux.start(WAIT)
    await server.resize(endpoint, 132, 50)
    assert tmux.ask("#{window_width} #{window_height}") == "132 50"
    with attached(endpoint, columns=91, rows=31) as terminal:
        terminal.wait_for(rb"the work goes on")
        assert tmux.ask("#{window_width} #{window_height}") == "91 30"
        terminal.write(b"\x11")
        terminal.wait_end()
    assert tmux.ask("#{window_width} #{window_height}") == "91 30"
    for columns, rows in ((0, 10), (10, 0), (2000, 10), (10, -1)):
        assert await code_of(server.resize(endpoint, columns, rows)) == "E101"


async def test_a_server_that_hangs_does_not_hang_us(
    tmux: TmuxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "DEADLINE_S", 0.3)
    endpoint = tmux.start(WAIT)
    (pid,) = tmux.pids
    os.kill(pid, signal.SIGSTOP)
    try:
        assert not await server.is_alive(tmux.socket)
        assert await code_of(server.capture_text(endpoint)) == "E601"
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: tmux.run("list-clients") == "")


async def test_without_tmux_it_says_so(tmux: TmuxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = tmux.start(WAIT)
    monkeypatch.setenv("PATH", "/nowhere")
    assert await code_of(server.capture_text(endpoint)) == "E500"
    assert await code_of(server.resize(endpoint, 80, 24)) == "E500"
    monkeypatch.undo()
