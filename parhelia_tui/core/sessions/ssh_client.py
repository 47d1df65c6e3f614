"""A small ssh client as a program: it runs one tmux command at an endpoint, on this terminal or on its streams.

`python -m parhelia_tui.core.sessions.ssh_client [--terminal] ENDPOINT WORDS...`, ENDPOINT as JSON. It trusts one host
key and offers one client key; nothing of the user's own ssh configuration, keys or agent takes part.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import selectors
import shlex
import sys
import termios
import tty
import warnings
from enum import IntEnum
from pathlib import Path
from typing import Any

from parhelia_tui.core.sessions.ssh_carrying import Channel, Keys
from parhelia_tui.core.sessions.ssh_waiting import CLEAN, Left, Waiting

CONNECT_S = 20.0
KEEPALIVE_S, KEEPALIVES = 30, 3
RECONNECT_FOR_S = 120.0
_CIPHERS = ("aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes128-ctr")


class Ended(IntEnum):
    """Exit codes of the program beyond those of the command."""

    NO_ENTRY = 250
    WRONG_HOST = 251
    LOST = 252
    LEFT = 253


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
    keys = Keys(terminal)
    waiting = Waiting(endpoint["name"]) if terminal else None
    deadline, pause_s, connected = 0.0, 0.2, False
    loop = asyncio.get_running_loop()
    while True:
        try:
            opening = _opened(endpoint, words, terminal)
            connection, channel, session = await (
                waiting.during(opening, again=connected) if waiting else opening
            )
            async with connection:
                if waiting and (connected or waiting.has_said):
                    # What was drawn before the connection broke, or said since; tmux draws all of it again.
                    os.write(1, CLEAN)
                    waiting.has_said = False
                connected, pause_s, deadline = True, 0.2, 0.0
                if waiting and (typed := waiting.typed()):
                    channel.write(typed)
                await keys.carry(connection, channel, session)
                if session.status is not None:
                    return _told(session, terminal)
                why = "the connection ended"
        except Left:
            return _say(Ended.LEFT, "left before there was a connection")
        except Exception as error:
            name = type(error).__name__
            why = str(error) or name
            if name in ("HostKeyNotVerifiable", "KeyExchangeFailed"):
                return _say(
                    Ended.WRONG_HOST, f"{endpoint['host']} is not the sandbox that it should be: {why}"
                )
            if name == "PermissionDenied":
                return _say(Ended.NO_ENTRY, why)
        if not terminal or (not connected and not deadline and not keys.are_there()):
            return _say(Ended.NO_ENTRY if not connected else Ended.LOST, why)
        now = loop.time()
        deadline = deadline or now + (RECONNECT_FOR_S if connected else CONNECT_S)
        if now > deadline or not keys.are_there():
            return _say(Ended.LOST if connected else Ended.NO_ENTRY, why)
        pause = asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
        try:
            await (waiting.during(pause, again=connected) if waiting else pause)
        except Left:
            return _say(Ended.LEFT, why)
        pause_s = min(pause_s * 2, 5.0)


async def _opened(endpoint: dict[str, Any], words: list[str], terminal: bool) -> tuple[Any, Any, Channel]:
    """Connect, and open the channel on which the command runs; all or nothing of it is left open."""
    connection = await connect(endpoint)
    try:
        return connection, *await _open(connection, words, terminal)
    except BaseException:
        connection.abort()
        raise


async def _open(connection: Any, words: list[str], terminal: bool) -> tuple[Any, Channel]:
    more: dict[str, Any] = {}
    if terminal:
        rows, columns = termios.tcgetwinsize(0)
        more = {"term_type": os.environ.get("TERM", "xterm-256color"), "term_size": (columns, rows)}
    channel, session = await connection.create_session(
        lambda: Channel(1, 2), shlex.join(words), encoding=None, **more
    )
    return channel, session


def _told(session: Channel, terminal: bool) -> int:
    if terminal:
        # The client's last words, which a person need not see, tell how it ended.
        sys.stderr.write(session.tail.decode("utf-8", "replace").replace("\r", "\n"))
    return session.status if session.status is not None else int(Ended.LOST)


def _say(code: Ended, why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return int(code)


def main() -> int:
    """Run as the arguments say; the terminal is raw meanwhile."""
    # Standard error is for its own words, which who started it reads or shows; those of libraries are neither.
    logging.getLogger().addHandler(logging.NullHandler())
    warnings.simplefilter("ignore")
    arguments = sys.argv[1:]
    terminal = arguments[0] == "--terminal"
    endpoint, *words = arguments[terminal:]
    before = termios.tcgetattr(0) if terminal else None
    try:
        if terminal:
            tty.setraw(0, termios.TCSANOW)
        # By poll(2), which takes files as standard input too.
        with asyncio.Runner(
            loop_factory=lambda: asyncio.SelectorEventLoop(selectors.PollSelector())
        ) as runner:
            return runner.run(run(json.loads(endpoint), words, terminal=terminal))
    finally:
        if before is not None:
            termios.tcsetattr(0, termios.TCSADRAIN, before)


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # The end of all modules takes 20 ms, and there is nothing left to tidy.
    os._exit(code)
