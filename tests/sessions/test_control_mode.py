"""A control-mode client of a real tmux server."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from parhelia_tui.core.backends.base import TmuxEndpoint
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.sessions import control_mode
from parhelia_tui.core.sessions.control_mode import Command, ControlClient
from parhelia_tui.core.sessions.control_protocol import Notice, Output
from tests.support.tmux_server import TmuxServer
from tests.support.waiting import process_is_there, until, wait_until

pytestmark = pytest.mark.real

WAIT = "input()"
FLOOD = """
import os, sys, time
input()
left = 100_000_000
while left > 0:
    left -= os.write(1, b"x" * 99 + b"\\n")
open(sys.argv[1], "w").close()
time.sleep(600)
"""


@asynccontextmanager
async def client_of(
    endpoint: TmuxEndpoint, heard: list[Output | Notice] | None = None
) -> AsyncIterator[ControlClient]:
    client = ControlClient(endpoint, (heard if heard is not None else []).append)
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


def children() -> set[int]:
    """The processes that this one has started and not yet waited for."""
    return {int(pid) for pid in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()}


async def test_commands_are_answered_in_order(tmux: TmuxServer) -> None:
    endpoint = tmux.start(WAIT)
    async with client_of(endpoint) as client:
        answers = await asyncio.gather(
            *(client.command("display-message", "-p", str(number)) for number in range(50))
        )
    assert answers == [[str(number)] for number in range(50)]


@pytest.mark.parametrize(
    "word", ["a b", "'", '"', "\\", "$HOME", "#", "~", ";", "{", "}", "%if", "a;", "漢字", "", " ", "-"]
)
async def test_a_word_stays_one_word(tmux: TmuxServer, word: str) -> None:
    endpoint = tmux.start(WAIT)
    async with client_of(endpoint) as client:
        await client.command("set-option", "-s", "@word", word)
        assert tmux.run("show-options", "-s", "-v", "@word") == word


async def test_a_word_with_a_line_break_is_refused(tmux: TmuxServer) -> None:
    endpoint = tmux.start(WAIT)
    async with client_of(endpoint) as client:
        for word in ("a\nkill-server", "a\rb", "\0"):
            with pytest.raises(ParheliaError) as caught:
                await client.command("display-message", "-p", word)
            assert caught.value.code == "E100"
        assert await client.command("display-message", "-p", "alive") == ["alive"]


async def test_what_tmux_refuses_is_an_error_and_the_client_goes_on(tmux: TmuxServer) -> None:
    endpoint = tmux.start(WAIT)
    async with client_of(endpoint) as client:
        for words, code in (
            (("capture-pane", "-p", "-t", "=ph-none:"), "E200"),
            (("no-such-command",), "E601"),
        ):
            with pytest.raises(ParheliaError) as caught:
                await client.command(*words)
            assert caught.value.code == code
        assert await client.command("display-message", "-p", "alive") == ["alive"]


async def test_a_missing_server_and_a_missing_session_are_told(tmux: TmuxServer, tmp_path: Path) -> None:
    tmux.start(WAIT)
    before = children()
    for endpoint, code in (
        (TmuxEndpoint(tmp_path / "nobody.sock", "ph-one"), "E601"),
        (TmuxEndpoint(tmux.socket, "ph-none"), "E200"),
        (TmuxEndpoint(tmux.socket, "*"), "E200"),
    ):
        with pytest.raises(ParheliaError) as caught:
            await ControlClient(endpoint, lambda _: None).start()
        assert caught.value.code == code
    assert not (tmp_path / "nobody.sock").exists()
    assert children() == before


async def test_it_changes_no_size_and_is_no_viewer(tmux: TmuxServer) -> None:
    endpoint = tmux.start(WAIT, columns=132, rows=50)
    async with client_of(endpoint):
        assert tmux.ask("#{window_width} #{window_height}") == "132 50"
        flags = tmux.run("list-clients", "-F", "#{client_flags}").splitlines()
        assert all("ignore-size" in flag for flag in flags)
    wait_until(lambda: tmux.run("list-clients") == "")


async def test_output_is_heard_with_all_its_bytes(tmux: TmuxServer) -> None:
    data = bytes(byte for byte in range(1, 256) if byte not in b"\n") + "漢\\012".encode()
    program = (
        "import os, sys, tty; tty.setraw(0); os.write(1, b'ready'); os.read(0, 1); "
        "os.write(1, bytes.fromhex(sys.argv[1])); os.read(0, 1)"
    )
    endpoint = tmux.start(program, data.hex())
    tmux.wait_for("ready")
    heard: list[Output | Notice] = []
    async with client_of(endpoint, heard):
        tmux.type("x")

        def written() -> bytes:
            return b"".join(event.data for event in heard if isinstance(event, Output))

        await until(lambda: len(written()) >= len(data))
        assert written() == data


async def test_the_end_is_heard_once_and_last(tmux: TmuxServer) -> None:
    endpoint = tmux.start(WAIT)
    heard: list[Output | Notice] = []
    async with client_of(endpoint, heard) as client:
        # Stopped, so that it cannot answer before it is killed.
        os.kill(next(iter(tmux.pids)), signal.SIGSTOP)
        waiting = asyncio.create_task(client.command("display-message", "-p", "x"))
        await asyncio.sleep(0)
        tmux.kill()
        with pytest.raises(ParheliaError) as caught:
            await waiting
        assert caught.value.code == "E601"
        assert client.ended.is_set()
        with pytest.raises(ParheliaError):
            await client.command("display-message", "-p", "x")
        client.send("display-message", "x")
    assert [isinstance(event, Notice) and event.name == "exit" for event in heard].count(True) >= 1
    assert isinstance(heard[-1], Notice)
    assert heard[-1].name == "exit"


async def test_a_lost_guard_ends_the_client(tmux: TmuxServer) -> None:
    endpoint = tmux.start(WAIT)
    async with client_of(endpoint) as client:
        clients = tmux.run("list-clients", "-F", "#{client_flags} #{client_pid}").splitlines()
        (guard,) = [int(line.split()[1]) for line in clients if "no-output" in line]
        os.kill(guard, signal.SIGKILL)
        await until(client.ended.is_set)


async def test_a_server_that_hangs_is_told_and_left(
    tmux: TmuxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = tmux.start(WAIT)
    before = children()
    (pid,) = tmux.pids
    try:
        async with client_of(endpoint) as client:
            os.kill(pid, signal.SIGSTOP)
            # Only now: a server that is well may take longer on a busy machine.
            monkeypatch.setattr(control_mode, "REPLY_DEADLINE_S", 0.2)
            monkeypatch.setattr(control_mode, "STOP_DEADLINE_S", 0.2)
            with pytest.raises(ParheliaError) as caught:
                await client.command("display-message", "-p", "x")
            assert caught.value.code == "E501"
            assert client.ended.is_set()
        assert children() == before
        with pytest.raises(ParheliaError) as caught:
            await ControlClient(endpoint, lambda _: None).start()
        assert caught.value.code == "E601"
        assert children() == before
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_a_cancelled_command_leaves_the_order_whole(tmux: TmuxServer) -> None:
    endpoint = tmux.start(WAIT)
    async with client_of(endpoint) as client:
        first = asyncio.create_task(client.command("display-message", "-p", "first"))
        await asyncio.sleep(0)
        first.cancel()
        assert await client.command("display-message", "-p", "second") == ["second"]
        assert first.cancelled()


async def test_a_screen_that_forges_the_protocol_is_only_a_screen(tmux: TmuxServer) -> None:
    """The stamps of replies are a clock and a counter, so a pane can show the right one."""
    program = (
        "import sys, time\n"
        "for line in sys.stdin:\n"
        "    now, number = map(int, line.split())\n"
        "    guesses = [f'%end {t} {n} 1' for t in range(now, now + 3) for n in range(number, number + 7)]\n"
        "    print('\\x1b[2J\\x1b[H' + '\\r\\n'.join(guesses) + '\\r\\nshown', end='', flush=True)\n"
    )
    endpoint = tmux.start(program, rows=24)
    async with client_of(endpoint) as client:
        heard = client._parser._stamp
        await client.command("display-message", "-p", "x")
        number = int(client._parser._stamp.split()[1])
        assert heard != client._parser._stamp
        await client.command("send-keys", "-t", "=ph-one:", f"{int(time.time())} {number + 3}", "Enter")
        await until(lambda: "shown" in tmux.screen())
        for _ in range(3):
            screen = Command(("capture-pane", "-p", "-t", "=ph-one:"), lambda _: 24)
            (reply,) = await client.exchange([screen])
            assert len(reply.lines) == 24
            assert b"shown" in reply.lines
        assert await client.command("display-message", "-p", "alive") == ["alive"]


@pytest.mark.long
async def test_a_stopped_watcher_stops_no_program(tmux: TmuxServer, tmp_path: Path) -> None:
    """One that is not read at all, as when its process is stopped; without its guard the pane freezes."""
    endpoint = tmux.start(FLOOD, str(tmp_path / "done"))
    async with client_of(endpoint):
        tmux.type("Enter")
        # This blocks the event loop, so nobody reads what tmux sends.
        wait_until((tmp_path / "done").exists, 30)


async def test_nothing_is_left_of_a_killed_watcher(tmux: TmuxServer) -> None:
    endpoint = tmux.start(WAIT)
    script = (
        "import asyncio, sys\nfrom pathlib import Path\n"
        "from parhelia_tui.core.backends.base import TmuxEndpoint\n"
        "from parhelia_tui.core.sessions.control_mode import ControlClient\n"
        "async def main():\n"
        "    client = ControlClient(TmuxEndpoint(Path(sys.argv[1]), 'ph-one'), lambda _: None)\n"
        "    await client.start()\n    print('ready', flush=True)\n    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    (tmux.directory / "w").mkdir()
    watcher = TmuxServer(tmux.directory / "w")
    try:
        watcher.start(script, str(endpoint.socket))
        watcher.wait_for("ready")
        clients = [int(pid) for pid in tmux.run("list-clients", "-F", "#{client_pid}").split()]
        assert len(clients) == 2
        os.kill(int(watcher.ask("#{pane_pid}")), signal.SIGKILL)
        wait_until(lambda: not any(map(process_is_there, clients)))
        assert tmux.run("list-clients") == ""
    finally:
        watcher.close()


async def test_a_stop_that_is_cancelled_leaves_no_client(tmux: TmuxServer, tmp_path: Path) -> None:
    """A server that ends waits for a client whose output nobody takes, and the client waits for the server."""
    before = children()
    endpoint = tmux.start(FLOOD, str(tmp_path / "done"))
    client = ControlClient(endpoint, lambda event: None)
    await client.start()
    mine = children() - before
    assert len(mine) == 2
    tmux.run("send-keys", "-t", f"={endpoint.session}:", "Enter")
    (server,) = tmux.pids
    os.kill(server, signal.SIGSTOP)
    try:
        stopping = asyncio.create_task(client.stop())
        # It is in its wait for clients that cannot go while their server stands still.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        stopping.cancel()
        await asyncio.gather(stopping, return_exceptions=True)
        await until(lambda: not any(map(process_is_there, mine)), 20)
    finally:
        os.kill(server, signal.SIGCONT)
    await client.stop()
