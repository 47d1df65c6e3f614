"""A small ssh client as a program: it runs one tmux command at an endpoint, on this terminal or on its streams.

`python -m parhelia_tui.core.sessions.ssh_client [--terminal] ENDPOINT WORDS...`, ENDPOINT as JSON. It trusts one host
key and offers one client key; nothing of the user's own ssh configuration, keys or agent takes part.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shlex
import signal
import sys
import termios
import threading
import tty
from enum import IntEnum
from pathlib import Path
from typing import Any

CONNECT_S = 20.0
KEEPALIVE_S, KEEPALIVES = 30, 3
RECONNECT_FOR_S = 120.0
CHUNK = 1 << 16
_CIPHERS = ("aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes128-ctr")
_CLEAN = b"\x1b[H\x1b[2J"


class Ended(IntEnum):
    """Exit codes of the program beyond those of the command."""

    NO_ENTRY = 250
    WRONG_HOST = 251
    LOST = 252


class Channel:
    """What asyncssh calls for one command: bytes out go straight to a descriptor.

    Args:
        sink, errors: descriptors for output and errors.
    """

    def __init__(self, sink: int, errors: int) -> None:
        self._sink = sink
        self._errors = errors
        self.ended = asyncio.get_running_loop().create_future()
        self.status: int | None = None
        self.tail = b""

    def connection_made(self, channel: Any) -> None:
        """It is open."""

    def session_started(self) -> None:
        """The command runs."""

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Write on; while nobody takes it, nothing more is read from the network either."""
        self.tail = (self.tail + data)[-400:]
        with contextlib.suppress(BrokenPipeError):
            _write_all(self._sink if datatype is None else self._errors, data)

    def eof_received(self) -> bool:
        """All output came; the status comes still."""
        return False

    def exit_status_received(self, status: int) -> None:
        """How it ended."""
        self.status = status

    def exit_signal_received(self, name: str, core: bool, message: str, language: str) -> None:
        """It was killed."""
        self.status = 137

    def connection_lost(self, error: Exception | None) -> None:
        """Over, with or without a status."""
        if not self.ended.done():
            self.ended.set_result(None)

    def pause_writing(self) -> None:
        """Keys come slowly; nothing is held back."""

    def resume_writing(self) -> None:
        """See `pause_writing`."""


async def connect(endpoint: dict[str, Any]) -> Any:
    """Open a connection to who has the pinned key, and to nobody else. Raises what asyncssh raises, OSError."""
    import asyncssh

    _, _, pinned = Path(endpoint["known_hosts"]).read_text(encoding="ascii").strip().partition(" ")
    return await asyncssh.connect(
        endpoint["host"],
        endpoint["port"],
        username=endpoint["user"],
        client_keys=[endpoint["key"]],
        known_hosts=([asyncssh.import_public_key(pinned)], [], []),
        server_host_key_algs=["ssh-ed25519"],
        preferred_auth="publickey",
        encryption_algs=_CIPHERS,
        compression_algs=None,
        config=None,
        agent_path=None,
        keepalive_interval=KEEPALIVE_S,
        keepalive_count_max=KEEPALIVES,
        tcp_keepalive=True,
        connect_timeout=CONNECT_S,
        login_timeout=CONNECT_S,
    )


async def run(endpoint: dict[str, Any], words: list[str], *, terminal: bool) -> int:
    """Run a command at an endpoint until it ends; on a terminal a lost connection is made again.

    Returns:
        The command's exit code, or one of `Ended` with a line on standard error.
    """
    keys = _Keys()
    keys.start()
    deadline, pause_s, connected = 0.0, 0.2, False
    loop = asyncio.get_running_loop()
    while True:
        try:
            async with await connect(endpoint) as connection:
                if connected:
                    # What was drawn before the connection broke; tmux draws all of it again.
                    os.write(1, _CLEAN)
                channel = await _open(connection, words, terminal)
                connected, pause_s, deadline = True, 0.2, 0.0
                await keys.pour_into(channel)
                if channel.session.status is not None:
                    return _told(channel.session, terminal)
                why = "the connection ended"
        except Exception as error:
            name = type(error).__name__
            why = str(error) or name
            if name in ("HostKeyNotVerifiable", "KeyExchangeFailed"):
                return _say(
                    Ended.WRONG_HOST, f"{endpoint['host']} is not the sandbox that it should be: {why}"
                )
            if name == "PermissionDenied":
                return _say(Ended.NO_ENTRY, why)
        if not terminal or (not connected and not deadline and not keys.is_open):
            return _say(Ended.NO_ENTRY if not connected else Ended.LOST, why)
        now = loop.time()
        deadline = deadline or now + (RECONNECT_FOR_S if connected else CONNECT_S)
        if now > deadline or not keys.is_open:
            return _say(Ended.LOST if connected else Ended.NO_ENTRY, why)
        await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
        pause_s = min(pause_s * 2, 5.0)


class _Opened:
    """A command that runs."""

    def __init__(self, channel: Any, session: Channel) -> None:
        self.channel = channel
        self.session = session


async def _open(connection: Any, words: list[str], terminal: bool) -> _Opened:
    more: dict[str, Any] = {}
    if terminal:
        rows, columns = termios.tcgetwinsize(0)
        more = {"term_type": os.environ.get("TERM", "xterm-256color"), "term_size": (columns, rows)}
    channel, session = await connection.create_session(
        lambda: Channel(1, 2), shlex.join(words), encoding=None, **more
    )
    if terminal:
        asyncio.get_running_loop().add_signal_handler(signal.SIGWINCH, _resize, channel)
    return _Opened(channel, session)


def _resize(channel: Any) -> None:
    with contextlib.suppress(OSError, termios.error):
        rows, columns = termios.tcgetwinsize(0)
        channel.change_terminal_size(columns, rows)


class _Keys:
    """Standard input, read by a thread: it may be a terminal, a pipe, a socket or a file."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._room = threading.Semaphore(64)
        self.is_open = True

    def start(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._read, name="keys", daemon=True).start()

    async def pour_into(self, opened: _Opened) -> None:
        """Hand on what comes until the command has ended."""
        pouring = asyncio.create_task(self._pour(opened.channel))
        try:
            await opened.session.ended
        finally:
            pouring.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pouring

    async def _pour(self, channel: Any) -> None:
        while True:
            data = await self._queue.get()
            self._room.release()
            with contextlib.suppress(OSError):
                if data:
                    channel.write(data)
                else:
                    channel.write_eof()

    def _read(self) -> None:
        while self.is_open:
            try:
                data = os.read(0, CHUNK)
            except OSError:
                data = b""
            self.is_open = bool(data)
            self._room.acquire()
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._queue.put_nowait, data)


def _told(session: Channel, terminal: bool) -> int:
    if terminal:
        # The client's last words, which a person need not see, tell how it ended.
        sys.stderr.write(session.tail.decode("utf-8", "replace").replace("\r", "\n"))
    return session.status if session.status is not None else int(Ended.LOST)


def _say(code: Ended, why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return int(code)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            # A socket of the one who started us; it will be taken.
            import select

            select.select([], [descriptor], [])


def main() -> int:
    """Run as the arguments say; the terminal is raw meanwhile."""
    arguments = sys.argv[1:]
    terminal = arguments[0] == "--terminal"
    endpoint, *words = arguments[terminal:]
    before = termios.tcgetattr(0) if terminal else None
    try:
        if terminal:
            tty.setraw(0, termios.TCSANOW)
        return asyncio.run(run(json.loads(endpoint), words, terminal=terminal))
    finally:
        if before is not None:
            termios.tcsetattr(0, termios.TCSADRAIN, before)


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # The thread that reads keys would wait for one more.
    os._exit(code)
