"""Questions to a tmux server, and what can be done to its sessions."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from parhelia_tui.core.backends.base import Door, Endpoint
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import plain
from parhelia_tui.core.sessions.tmux_client import (
    client_command,
    client_environment,
    pane_target,
    refusal,
    server_gone,
    session_target,
    tmux_missing,
)

if TYPE_CHECKING:
    from libtmux.common import tmux_cmd

T = TypeVar("T")

DEADLINE_S = 5.0
"""How long a tmux server may take to answer."""
FAR_DEADLINE_S = 25.0
"""The same for one that is reached over ssh."""

_KEY = re.compile(
    r"(?:[CMS]-){0,3}(?:[!-~]|Up|Down|Left|Right|Home|End|PPage|NPage|IC|DC|BSpace|BTab|Tab|Enter|Escape|Space"
    r"|F(?:[1-9]|1[0-2]))"
)
_REFUSED_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class SeenScreen:
    """A session's screen and where its cursor is.

    Args:
        lines: its rows from the top, as safe text.
        row, column: of the cursor, from 0.
        columns: how wide it is.
    """

    lines: list[str]
    row: int
    column: int
    columns: int


async def is_alive(socket: Path) -> bool:
    """Say whether a tmux server answers at this socket."""
    try:
        await _tmux(socket, "display-message", "-p", "")
    except ParheliaError:
        return False
    return True


async def capture_text(endpoint: Endpoint, history: int = 0) -> list[str]:
    """Read a session's screen as safe text.

    Args:
        history: how many lines above the screen to read as well.

    Raises:
        ParheliaError: E601 when the server is gone, E200 when it has no such session.
    """
    return [plain(line) for line in await _capture(endpoint, history)]


async def screen_and_cursor(endpoint: Endpoint) -> SeenScreen:
    """Read a session's screen and where its cursor is, at one moment.

    Raises:
        ParheliaError: E601 when the server is gone, E200 when it has no such session.
    """
    target = pane_target(endpoint.session)
    out = await _tmux(
        endpoint.door,
        *("display-message", "-p", "-t", target, "#{cursor_y} #{cursor_x} #{pane_width}", ";"),
        *("capture-pane", "-p", "-t", target),
    )
    first, *lines = out.decode("utf-8", "replace").removesuffix("\n").split("\n")
    row, column, columns = first.split()
    return SeenScreen([plain(line) for line in lines], int(row), int(column), int(columns))


async def send_keys(endpoint: Endpoint, keys: Sequence[str]) -> None:
    """Press keys in a session, after leaving the scrolling mode that would eat them.

    Args:
        keys: tmux's names: single ASCII characters, `Enter`, `Up`, `F5`, with `C-`, `M-`, `S-` before them.

    Raises:
        ParheliaError: E101 for an unknown key, E601 when the server is gone, E200 for no such session.
    """
    for key in keys:
        if not _KEY.fullmatch(key):
            raise ParheliaError("E101", f"{key[:40]!r} is not a key", details={"keys": "a, Enter, C-c, F5"})
    target = pane_target(endpoint.session)
    # An argument that ends with a semicolon would end the command.
    words = [key[:-1] + "\\;" if key.endswith(";") else key for key in keys]
    await _tmux(endpoint.door, "copy-mode", "-q", "-t", target, ";", "send-keys", "-t", target, "--", *words)


async def send_text(endpoint: Endpoint, text: str) -> None:
    """Paste text into a session, in brackets where the program asked for them; nothing submits it.

    Args:
        text: anything without control characters other than newline and tab.

    Raises:
        ParheliaError: E100 for a control character, E601 when the server is gone, E200 for no such session.
    """
    refused = _REFUSED_TEXT.search(text)
    if refused:
        raise ParheliaError(
            "E100", f"the text has a control character, U+{ord(refused[0]):04X}, at {refused.start() + 1}"
        )
    if not text:
        return
    target = pane_target(endpoint.session)
    buffer = f"ph-{secrets.token_hex(4)}"
    await _tmux(
        endpoint.door,
        *("has-session", "-t", session_target(endpoint.session), ";", "load-buffer", "-b", buffer, "-", ";"),
        *("copy-mode", "-q", "-t", target, ";", "paste-buffer", "-d", "-p", "-r", "-b", buffer, "-t", target),
        given=text.encode("utf-8", "replace"),
    )


async def resize(endpoint: Endpoint, columns: int, rows: int) -> None:
    """Give a session nobody is attached to another size; a later attachment sizes it as always.

    Raises:
        ParheliaError: E101 for an impossible size, E601 when the server is gone, E200 for no such session.
    """
    if not (1 <= columns <= 1000 and 1 <= rows <= 1000):
        raise ParheliaError("E101", f"a terminal cannot have {columns} columns and {rows} rows")
    target = pane_target(endpoint.session)
    size = ("-x", str(columns), "-y", str(rows))
    # resize-window makes the size of the window manual, and so deaf to whoever attaches; taken back.
    await _libtmux(
        endpoint.door,
        *("resize-window", "-t", target, *size, ";", "set-option", "-w", "-u", "-t", target, "window-size"),
    )


async def kill_session(endpoint: Endpoint) -> None:
    """End a session and hang up its pane.

    Raises:
        ParheliaError: E601 when the server is gone, E200 when it has no such session.
    """
    await _libtmux(endpoint.door, "kill-session", "-t", session_target(endpoint.session))


async def _capture(endpoint: Endpoint, history: int) -> list[str]:
    words = ["capture-pane", "-p", "-t", pane_target(endpoint.session)]
    if history > 0:
        words += ["-S", str(-history)]
    out = await _tmux(endpoint.door, *words)
    return out.decode("utf-8", "replace").removesuffix("\n").split("\n")


async def _tmux(socket: Door, *words: str, given: bytes = b"") -> bytes:
    """Run one tmux process to its end; it is killed when the server does not answer."""

    def run() -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*client_command(socket), *words],
            input=given or None,
            stdin=None if given else subprocess.DEVNULL,
            capture_output=True,
            timeout=DEADLINE_S if isinstance(socket, Path) else FAR_DEADLINE_S,
            env=client_environment(),
            check=False,
        )

    try:
        done = await _in_thread(run)
    except FileNotFoundError:
        raise tmux_missing() from None
    except subprocess.TimeoutExpired:
        raise server_gone(socket, "no answer") from None
    if done.returncode != 0:
        raise refusal(socket, done.stderr.decode("utf-8", "replace"))
    return done.stdout


async def _libtmux(socket: Door, *words: str) -> list[str]:
    """Run one command through libtmux, which knows only servers on this machine."""
    if not isinstance(socket, Path):
        return (await _tmux(socket, *words)).decode("utf-8", "replace").splitlines()

    def run() -> tmux_cmd:
        # 60 ms to import, so not before it is used.
        from libtmux import Server
        from libtmux.exc import TmuxCommandNotFound

        try:
            return Server(socket_path=socket).cmd(*words)
        except TmuxCommandNotFound:
            raise tmux_missing() from None

    try:
        async with asyncio.timeout(DEADLINE_S):
            done = await _in_thread(run)
    except TimeoutError:
        raise server_gone(socket, "no answer") from None
    if done.returncode != 0:
        raise refusal(socket, " ".join(done.stderr))
    return list(done.stdout)


async def _in_thread(work: Callable[[], T]) -> T:
    """Run blocking work in a thread that the end of this process does not wait for.

    `asyncio.to_thread` would: a tmux server that hangs would then hang our own end, because libtmux has no
    deadline.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def give(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(cast("T", result))

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except Exception as caught:
            error = caught
        # The loop may be closed when the answer comes after the deadline.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(give, result, error)

    threading.Thread(target=run, name="tmux", daemon=True).start()
    return await done
