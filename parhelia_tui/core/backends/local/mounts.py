"""Which paths of this machine a container may be shown beside its workspace."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from parhelia_tui.core.backends.local.workspaces import danger, holds
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.mounting import HOME
from parhelia_tui.core.model.records import Mount
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.paths import Paths

# Devices, and the sockets by which programs rule the system.
_CLOSED = ("/dev", "/run")


def checked(path: Path, paths: Paths, *, writable: bool, socket: str = "") -> Path:
    """Check that a path of this machine may be shown.

    Args:
        path: absolute.
        writable: the container may write there.
        socket: the one socket that may be shown; empty for none.

    Returns:
        The path without links.

    Raises:
        ParheliaError: E207 with the reason.
    """
    shown = one_line(str(path), 200)
    try:
        real = Path(os.path.realpath(path, strict=True))
        mode = real.stat().st_mode
    except FileNotFoundError as error:
        raise ParheliaError(
            "E207", f"{shown} does not exist, so it cannot be shown in a container"
        ) from error
    except (OSError, ValueError) as error:
        raise ParheliaError("E207", f"{shown} cannot be shown in a container: {error}") from error
    why = _why_not(real, mode, paths, bool(socket) and str(real) == os.path.realpath(socket))
    if why:
        raise ParheliaError("E207", f"{shown} is not shown in a container: {why}")
    wanted = os.R_OK | (os.X_OK if stat.S_ISDIR(mode) else 0) | (os.W_OK if writable else 0)
    if not os.access(real, wanted):
        raise ParheliaError("E207", f"{shown} cannot be {'written' if writable else 'read'} by this user")
    return real


def _why_not(real: Path, mode: int, paths: Paths, is_agent: bool) -> str:
    where = str(real)
    own = os.path.realpath(paths.home), os.path.realpath(paths.short_sockets)
    if any(holds(where, each) or holds(each, where) for each in own):
        return "it holds or lies in Parhelia's own state"
    if stat.S_ISSOCK(mode):
        # Whoever listens there does what it is told, outside of any container.
        return (
            "" if is_agent else "it is a socket, and of those only the one that $SSH_AUTH_SOCK names can be"
        )
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        return "it is neither a directory nor a file"
    if any(holds(each, where) for each in _CLOSED) and not holds("/dev/shm", where):
        return "devices and the sockets of the system are there"
    said = danger(real, paths)
    return f"it {said}" if said else ""


def promised(mounts: Sequence[Mount], paths: Paths) -> Sequence[Mount]:
    """Check at the start that what is shown is what was asked for.

    A container that works on a directory above it may have put a link in its place meanwhile.

    Raises:
        ParheliaError: E207.
    """
    for each in mounts:
        # Which sockets may be shown was checked where the user's own variables are.
        real = checked(each.source, paths, writable=each.writable, socket=str(each.source))
        if real != each.source:
            raise ParheliaError(
                "E207", f"{one_line(str(each.source), 200)} has become a link since the task was created"
            )
    return mounts


def check_places(home: Path, mounts: Sequence[Mount]) -> None:
    """Refuse mounts below a home in which something else stands in their place.

    A home may come from an earlier container, which may have left links; what makes the places for mounts would
    follow them out of the home.

    Raises:
        ParheliaError: E207.
    """
    for each in mounts:
        if not each.target.startswith(f"{HOME}/"):
            continue
        names = PurePosixPath(each.target).relative_to(HOME).parts
        place = home
        for number, name in enumerate(names, 1):
            place = place / name
            try:
                mode = place.lstat().st_mode
            except FileNotFoundError:
                break
            folder = number < len(names) or each.source.is_dir()
            if not (stat.S_ISDIR(mode) if folder else stat.S_ISREG(mode)):
                raise ParheliaError(
                    "E207",
                    f"nothing can be shown at {one_line(each.target, 200)}: something else is there already",
                )
