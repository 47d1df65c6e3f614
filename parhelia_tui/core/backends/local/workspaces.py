"""Which directories may be a workspace, and which would show a container what it must not see."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.paths import Paths

# A workspace that is one of these, or holds one of them, gives the system or other programs' sockets away.
_SYSTEM = ("/boot", "/dev", "/dev/shm", "/etc", "/proc", "/run", "/sys", "/tmp", "/usr", "/var/tmp")
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
    why = _danger(real, paths)
    if why:
        raise ParheliaError(
            "E204",
            f"the workspace {shown!r} {why}",
            recovery=("mkdir DIR", "parhelia task create --workspace DIR PROMPT"),
        )
    return real


def _danger(real: Path, paths: Paths) -> str:
    state = _real(paths.home)
    if _holds(real, state) or (_holds(state, real) and not _holds(_real(paths.workspaces), real)):
        return "would show a container the state of Parhelia"
    for home in _homes():
        if _holds(real, home):
            return "holds your home directory, which no container may see"
    if any(_holds(real, _real(Path(path))) for path in _SYSTEM):
        return "holds parts of the system"
    if any(_holds(_real(Path(path)), real) for path in _NOT_BELOW):
        return "is a part of the system"
    return ""


def _homes() -> set[Path]:
    homes = {_real(Path.home())}
    try:
        import pwd

        homes.add(_real(Path(pwd.getpwuid(os.geteuid()).pw_dir)))
    except KeyError:
        # A user without an account has no other home than $HOME.
        pass
    return {home for home in homes if home != Path("/nonexistent")}


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _holds(outer: Path, inner: Path) -> bool:
    return inner == outer or outer in inner.parents
