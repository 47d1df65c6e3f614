"""How we speak to a tmux server: its exact names, its command line and what its refusals mean."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

from parhelia_tui.core.backends.base import Door, Endpoint, SshEndpoint
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line

_NAME = re.compile(r"ph-[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?")
_UNKNOWN = re.compile(r"can't find (?:session|window|pane)|session not found")


def is_session_name(name: str) -> bool:
    """Say whether a name has the form of ours."""
    return _NAME.fullmatch(name) is not None


def checked_name(session: str) -> str:
    """Give the name back when it is one of ours; any other could be a pattern or a format for tmux.

    Raises:
        ParheliaError: E200.
    """
    if not is_session_name(session):
        raise ParheliaError("E200", f"{one_line(session, 60)!r} is not the name of a session")
    return session


def session_target(session: str) -> str:
    """Name a session exactly: without `=` tmux would also take a beginning or a pattern."""
    return f"={checked_name(session)}"


def pane_target(session: str) -> str:
    """Name the one pane of a session."""
    return f"={checked_name(session)}:"


def client_command(door: Door, *, terminal: bool = False) -> list[str]:
    """Begin a tmux command that never starts a server (-N) and speaks UTF-8 in any locale (-u).

    Args:
        door: a server's socket here, or an endpoint elsewhere; then our ssh client runs the command there.
        terminal: it is run on a terminal, which is handed over.
    """
    if not isinstance(door, SshEndpoint):
        return ["tmux", "-N", "-u", "-S", str(door)]
    about = {
        "host": door.host,
        "port": door.port,
        "user": door.user,
        "key": str(door.key),
        "known_hosts": str(door.known_hosts),
        "name": door.alias,
    }
    program = [sys.executable, "-P", "-X", "utf8", "-m", "parhelia_tui.core.sessions.ssh_client"]
    on = ["--terminal"] if terminal else []
    return [*program, *on, json.dumps(about), "tmux", "-N", "-u", "-S", door.socket]


def client_environment() -> dict[str, str]:
    """The environment of a tmux client: not inside any other tmux, all else as it is."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TMUX")}


def tmux_missing() -> ParheliaError:
    """The error for a machine without tmux."""
    return ParheliaError("E500", "tmux is not installed", recovery=("parhelia doctor", "apt install tmux"))


def server_gone(endpoint: Door | Endpoint, said: str = "") -> ParheliaError:
    """The error for a server that does not answer."""
    what = endpoint.name if isinstance(endpoint, Path) else f"session {endpoint.session}"
    socket = endpoint if isinstance(endpoint, Path) else endpoint.socket
    return ParheliaError(
        "E601",
        f"the terminal of {what} cannot be reached",
        details={"socket": str(socket), "tmux": one_line(said)},
    )


def refusal(door: Door, said: str) -> ParheliaError:
    """Turn what tmux said on its standard error into an error of ours: E200 or E601."""
    if _UNKNOWN.search(said):
        return ParheliaError("E200", f"tmux knows no such session: {one_line(said, 120)}")
    return server_gone(door, said)
