"""Which directories may be a workspace, and which would show a container what it must not see."""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.paths import Paths

# A workspace that is one of these, or holds one of them, gives the system or other programs' sockets away.
_SYSTEM = ("/boot", "/dev", "/dev/shm", "/etc", "/proc", "/run", "/sys", "/tmp", "/usr", "/var/tmp")
LOOKED_FOR_S = 5.0
"""How long a look at this machine's own directories is good for; one takes half a millisecond."""
# Nothing below these is a place to work in.
_NOT_BELOW = ("/boot", "/etc", "/proc", "/sys", "/usr/bin", "/usr/lib", "/usr/sbin")


def checked(workspace: Path, paths: Paths) -> Path:
    """Check that a directory can be a workspace.

    A container must not see the user's home or the state of other containers, so neither may be the
    workspace, lie in it, or (the state) hold it. Links are followed first.

    Returns:
        The directory without links.

    Raises:
        ParheliaError: E204 with the reason.
    """
    shown = one_line(str(workspace), 120)
    try:
        real = Path(os.path.realpath(workspace, strict=True))
        seen = real.stat()
    except FileNotFoundError as error:
        raise ParheliaError("E204", f"the workspace {shown!r} does not exist") from error
    except (OSError, ValueError) as error:
        raise ParheliaError("E204", f"the workspace {shown!r} cannot be used: {error}") from error
    if not stat.S_ISDIR(seen.st_mode):
        raise ParheliaError("E204", f"the workspace {shown!r} is not a directory")
    if not os.access(real, os.R_OK | os.W_OK | os.X_OK):
        raise ParheliaError("E204", f"the workspace {shown!r} cannot be read and written by this user")
    why = danger(real, paths)
    if why:
        raise ParheliaError(
            "E204",
            f"the workspace {shown!r} {why}",
            recovery=("mkdir DIR", "parhelia task create --workspace DIR PROMPT"),
        )
    return real


def danger(real: Path, paths: Paths) -> str:
    """Say why no container may see a path without links; empty where one may."""
    where = str(real)
    state = os.path.realpath(paths.home)
    if holds(where, state) or (holds(state, where) and not holds(os.path.realpath(paths.workspaces), where)):
        return "would show a container the state of Parhelia"
    here = _here(str(Path.home()))
    if any(holds(where, home) for home in here.homes):
        return "holds your home directory, which no container may see"
    if any(holds(where, path) for path in here.system):
        return "holds parts of the system"
    if any(holds(path, where) for path in here.not_below):
        return "is a part of the system"
    return ""


@dataclass(frozen=True, slots=True)
class _Here:
    """What stands where on this machine, without links."""

    homes: frozenset[str]
    system: frozenset[str]
    not_below: frozenset[str]


_looks: dict[str, tuple[float, _Here]] = {}


def _here(home: str) -> _Here:
    """Look at this machine, or give what was seen at most `LOOKED_FOR_S` seconds ago.

    Args:
        home: as the environment names it.
    """
    now = time.monotonic()
    at, seen = _looks.get(home, (-LOOKED_FOR_S, None))
    if seen is None or now - at >= LOOKED_FOR_S:
        seen = _Here(
            frozenset(_homes(home)),
            frozenset(map(os.path.realpath, _SYSTEM)),
            frozenset(map(os.path.realpath, _NOT_BELOW)),
        )
        _looks[home] = (now, seen)
    return seen


def _homes(home: str) -> set[str]:
    homes = {os.path.realpath(home)}
    try:
        import pwd

        homes.add(os.path.realpath(pwd.getpwuid(os.geteuid()).pw_dir))
    except KeyError:
        # A user without an account has no other home than $HOME.
        pass
    return homes - {"/nonexistent"}


def holds(outer: str, inner: str) -> bool:
    """Say whether a directory is another or has it below it; both without links and without a slash at the end."""
    # Words and not paths, which made this a third of what the controller does for a container.
    return inner == outer or inner.startswith(outer.rstrip("/") + "/")
