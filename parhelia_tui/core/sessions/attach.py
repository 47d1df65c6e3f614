"""Hand the present terminal to a session, and get it back as it was."""

from __future__ import annotations

import contextlib
import os
import subprocess
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from parhelia_tui.core.backends.base import Endpoint, SshEndpoint
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line, plain
from parhelia_tui.core.sessions.ssh_client import Ended
from parhelia_tui.core.sessions.tmux_client import (
    client_command,
    client_environment,
    refusal,
    server_gone,
    session_target,
    tmux_missing,
)

PROBE_DEADLINE_S = 5.0
GOODBYE_DEADLINE_S = 1.0

# What a tmux client that was killed leaves switched on: scroll region, colours, character set, keypad and
# cursor keys, mouse, focus reports, bracketed paste, key modifiers, cursor shape and the alternate screen
# (xterm's ctlseqs). Leaving the alternate screen comes after the region, so the cursor returns to its place.
_RECOVER = (
    b"\x1b[r\x1b[m\x1b(B\x0f\x1b[?1l\x1b>"
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[>4m\x1b[0 q"
    b"\x1b[?1049l\x1b[?25h"
)
# How a tmux client says that it ended (client.c, client_exit_message).
_DETACHED = "[detached"
_LOST = ("[server exited unexpectedly", "[lost server")
_UNSUITABLE = ("open terminal failed", "missing or unsuitable terminal")
_EXITED = ("[exited", "[server exited")


class AttachEnd(StrEnum):
    """Why a terminal was given back."""

    DETACHED = "detached"
    SESSION_ENDED = "session ended"
    SERVER_LOST = "server lost"
    CLIENT_LOST = "client lost"


@dataclass(frozen=True, slots=True)
class AttachResult:
    """How an attachment ended.

    Args:
        end: `CLIENT_LOST` when the tmux client itself was killed; the session goes on then.
        message: what tmux said, one line.
    """

    end: AttachEnd
    message: str


def attach_command(endpoint: Endpoint) -> list[str]:
    """Give the command that attaches the terminal that it is run on.

    It must run without `TMUX` in its environment, else tmux refuses to run inside another tmux.

    Raises:
        ParheliaError: E200 for a name that cannot be a session's.
    """
    true_colour = os.environ.get("COLORTERM", "") in ("truecolor", "24bit")
    features = ["-T", "256,RGB"] if true_colour else []
    target = session_target(endpoint.session)
    return [*client_command(endpoint.door, terminal=True), *features, "attach-session", "-t", target]


def attach(endpoint: Endpoint) -> AttachResult:
    """Show a session full-screen on the present terminal until it is left.

    Raises:
        ParheliaError: E601 without a terminal or when the server is gone, E200 when it has no such session.
    """
    if not (os.isatty(0) and os.isatty(1)):
        raise ParheliaError(
            "E601",
            "attaching needs a terminal on standard input and output",
            recovery=(f"parhelia session attach {endpoint.session}", "parhelia task logs ID"),
        )
    if isinstance(endpoint, SshEndpoint):
        return _attach_far(endpoint)
    # Before the screen is cleared for it.
    _probe(endpoint)
    with _terminal_kept() as kept:
        # The client draws on the terminal of its standard input; its own last words go to its output.
        process = subprocess.Popen(
            attach_command(endpoint),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=client_environment(),
        )
        try:
            said, _ = process.communicate()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        message = one_line(said.decode("utf-8", "replace"))
        end = _end(message)
        kept.left_by_hand = end is AttachEnd.DETACHED
        unsuitable = message.startswith(_UNSUITABLE)
        kept.drawn_on = end in (AttachEnd.SERVER_LOST, AttachEnd.CLIENT_LOST) and not unsuitable
        if process.returncode < 0:
            # The server sees that its client is gone and cleans the terminal by itself. Once it answers it
            # has done so; else it would clear the screen after ours came back.
            with contextlib.suppress(ParheliaError):
                _probe(endpoint, GOODBYE_DEADLINE_S)
    if unsuitable:
        raise _unsuitable(endpoint, message)
    if process.returncode > 0 and not message.startswith("["):
        raise refusal(endpoint.door, message)
    return AttachResult(end, message)


def _attach_far(endpoint: SshEndpoint) -> AttachResult:
    """The same over ssh, where the last words of tmux come through the terminal's own stream."""
    with _terminal_kept() as kept:
        process = subprocess.Popen(attach_command(endpoint), stderr=subprocess.PIPE, env=client_environment())
        try:
            _, raw = process.communicate()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        said = raw.decode("utf-8", "replace").strip()
        if process.returncode in (Ended.NO_ENTRY, Ended.WRONG_HOST):
            raise (
                server_gone(endpoint, one_line(said))
                if process.returncode == Ended.NO_ENTRY
                else ParheliaError(
                    "E601",
                    f"session {endpoint.session} is not attached: {one_line(said)}",
                    recovery=("parhelia container list", f"parhelia container terminate {endpoint.alias}"),
                )
            )
        if process.returncode == Ended.LEFT:
            kept.left_by_hand = kept.drawn_on = True
            return AttachResult(AttachEnd.DETACHED, one_line(said))
        if process.returncode > 0 and (refused := _refused_terminal(said)):
            kept.drawn_on = False
            raise _unsuitable(endpoint, refused)
        words = [plain(line) for line in said.splitlines() if line.strip()]
        message = next((line for line in reversed(words) if "[" in line), "")
        message = (
            one_line(message[message.rfind("[") :]) if process.returncode != Ended.LOST else one_line(said)
        )
        end = AttachEnd.SERVER_LOST if process.returncode == Ended.LOST else _end(message)
        kept.left_by_hand = end is AttachEnd.DETACHED
        kept.drawn_on = end in (AttachEnd.SERVER_LOST, AttachEnd.CLIENT_LOST)
    if end is AttachEnd.CLIENT_LOST and process.returncode > 0:
        raise refusal(endpoint, said)
    return AttachResult(end, message)


def _refused_terminal(said: str) -> str:
    """The line with which tmux refuses a terminal, where there is one among its last words."""
    lines = (one_line(line) for line in said.splitlines())
    return next((line for line in lines if line.startswith(_UNSUITABLE)), "")


def _unsuitable(endpoint: Endpoint, said: str) -> ParheliaError:
    kind = one_line(os.environ.get("TERM", ""), 40)
    about = f"whose type is TERM={kind}" if kind else "whose type is not told (TERM)"
    return ParheliaError(
        "E601",
        f"tmux cannot use this terminal, {about}: {said}",
        recovery=(
            f"TERM=xterm-256color parhelia attach {endpoint.session}",
            f"parhelia session capture {endpoint.session}",
        ),
    )


def _end(message: str) -> AttachEnd:
    if message.startswith(_DETACHED):
        return AttachEnd.DETACHED
    if message.startswith(_LOST):
        return AttachEnd.SERVER_LOST
    if message.startswith(_EXITED):
        return AttachEnd.SESSION_ENDED
    return AttachEnd.CLIENT_LOST


def _probe(endpoint: Endpoint, deadline_s: float = PROBE_DEADLINE_S) -> None:
    """Ask the server for the session; raises what `attach` raises."""
    command = [*client_command(endpoint.door), "has-session", "-t", session_target(endpoint.session)]
    try:
        asked = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=deadline_s,
            env=client_environment(),
            check=False,
        )
    except FileNotFoundError:
        raise tmux_missing() from None
    except subprocess.TimeoutExpired:
        raise server_gone(endpoint, "no answer") from None
    if asked.returncode != 0:
        raise refusal(endpoint.door, asked.stderr.decode("utf-8", "replace"))


@dataclass(slots=True)
class _Kept:
    left_by_hand: bool = False
    drawn_on: bool = True


@contextlib.contextmanager
def _terminal_kept() -> Iterator[_Kept]:
    """Save the terminal's modes and bring them back, whatever happened to who changed them.

    Unless the session was left by hand, the keys that are still unread are thrown away: they were meant for
    the session and must not act on what comes back in its place.
    """
    before = termios.tcgetattr(0)
    kept = _Kept()
    try:
        yield kept
    finally:
        with contextlib.suppress(OSError, termios.error):
            if kept.drawn_on:
                os.write(1, _RECOVER)
            termios.tcsetattr(0, termios.TCSADRAIN if kept.left_by_hand else termios.TCSAFLUSH, before)
