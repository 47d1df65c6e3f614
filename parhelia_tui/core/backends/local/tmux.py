"""Starting and ending the tmux server of a container; what happens in it is core/sessions' part."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import struct
from collections.abc import Sequence
from pathlib import Path

from parhelia_tui.core.backends.local.host import program
from parhelia_tui.core.backends.local.waiting import until
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.sessions.tmux_config import HISTORY_LINES, write_config
from parhelia_tui.core.shim.processes import is_running

DEADLINE_S = 15.0
END_S = 2.0


def session_words(
    address: Path,
    name: str,
    *,
    home: Path,
    rows: int,
    columns: int,
    history_lines: int = HISTORY_LINES,
) -> list[str]:
    """Give the command that starts a session, and its server where there is none, but for the pane's process.

    It prints the pid of that process.

    Args:
        address: the server's socket.
        name: of the session.
        home: the state directory, for the configuration.
        history_lines: what the server's sessions keep for scrolling back.

    Raises:
        ParheliaError: E603 without tmux.
    """
    return [
        *(program("tmux", "tmux"), "-u", "-S", str(address), "-f", str(write_config(home, history_lines))),
        *("new-session", "-d", "-P", "-F", "#{pane_pid}", "-s", name),
        *("-x", str(columns), "-y", str(rows), "--"),
    ]


def environment() -> dict[str, str]:
    """What a server keeps, and its panes get: nothing of the user's is in it."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "TERM": "tmux-256color"}


async def new_session(
    address: Path,
    name: str,
    command: Sequence[str],
    *,
    home: Path,
    rows: int,
    columns: int,
    history_lines: int = HISTORY_LINES,
) -> int | None:
    """Start a session, and its server where there is none, with one process.

    Args:
        address: the server's socket.
        name: of the session.
        command: the pane's process.
        home: the state directory, for the configuration.
        history_lines: what the server's sessions keep for scrolling back.

    Returns:
        The pid of the pane's process; None when there is a session of that name already.

    Raises:
        ParheliaError: E602 with what tmux says, E603 without tmux.
    """
    words = session_words(address, name, home=home, rows=rows, columns=columns, history_lines=history_lines)
    process = await asyncio.create_subprocess_exec(
        *words,
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment(),
        cwd="/",
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    except TimeoutError as error:
        raise ParheliaError("E602", f"tmux did not answer within {DEADLINE_S:g} s") from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode == 0:
        return int(out)
    said = one_line(out.decode("utf-8", "replace"), 200)
    if "duplicate session" in said:
        return None
    raise ParheliaError("E602", f"the terminal could not be started: {said or 'tmux gave no reason'}")


async def kill_session(address: Path, name: str) -> None:
    """End a session; nothing happens when there is none."""
    if not answers(address):
        return
    process = await asyncio.create_subprocess_exec(
        program("tmux", "tmux"),
        *("-N", "-S", str(address), "kill-session", "-t", f"={name}"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
    )
    try:
        await asyncio.wait_for(process.wait(), DEADLINE_S)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def answers(address: Path) -> bool:
    """Say whether a server listens; asked by connecting, which takes 20 microseconds."""
    return _server(address) is not None


async def end(address: Path) -> None:
    """End a server, however it is, and remove its socket."""
    pid = _server(address)
    if pid is not None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            with contextlib.suppress(TimeoutError):
                # One that waits for its last client has closed its socket already.
                await until(lambda: not is_running(pid), END_S)
                break
    address.unlink(missing_ok=True)


def _server(address: Path) -> int | None:
    """The pid of who listens at a socket (SO_PEERCRED, unix(7)); None when nobody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.setblocking(False)
        try:
            connection.connect(str(address))
        except (OSError, ValueError):
            return None
        pid, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    # A socket in the place of ours would belong to somebody else.
    return int(pid) if user in (os.geteuid(), 0) and pid > 0 else None
