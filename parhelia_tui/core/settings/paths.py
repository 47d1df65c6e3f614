"""Where everything of one state directory lies (docs/architecture.md, State on disk)."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from parhelia_tui.core.model.errors import ParheliaError

# sockaddr_un.sun_path holds 108 bytes with the final NUL (unix(7)).
SOCKET_PATH_LIMIT = 107


HOME_VARIABLE = "PARHELIA_HOME"


def state_home(name: str = "parhelia") -> Path:
    """Give the state directory: $PARHELIA_HOME, else the XDG state directory's `parhelia`.

    Args:
        name: another one in the XDG state directory.
    """
    given = os.environ.get(HOME_VARIABLE)
    if given:
        return Path(os.path.abspath(os.path.expanduser(given)))
    state = os.environ.get("XDG_STATE_HOME")
    base = Path(state) if state and os.path.isabs(state) else Path.home() / ".local" / "state"
    return base / name


def private_directory(path: Path) -> Path:
    """Make a directory that only its owner can enter, and check that it is so.

    Raises:
        ParheliaError: E500 when it belongs to somebody else, is no directory or cannot be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        seen = path.stat(follow_symlinks=False)
        if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.geteuid():
            raise ParheliaError("E500", f"{path} is not a directory of this user")
        if stat.S_IMODE(seen.st_mode) != 0o700:
            path.chmod(0o700)
    except OSError as error:
        raise ParheliaError("E500", f"{path} cannot be used: {error.strerror}") from error
    return path


@dataclass(frozen=True, slots=True)
class Paths:
    """The paths of one state directory."""

    home: Path

    @classmethod
    def current(cls) -> Paths:
        """The paths of the state directory that the environment names."""
        return cls(state_home())

    @property
    def database(self) -> Path:
        return self.home / "parhelia.db"

    @property
    def controller_lock(self) -> Path:
        return self.home / "controller.lock"

    @property
    def controller_socket(self) -> Path:
        return self._socket(self.home / "controller.sock", "controller")

    @property
    def wake_socket(self) -> Path:
        return self._socket(self.home / "wake.sock", "wake")

    @property
    def kept_cancels(self) -> Path:
        return self.home / "cancel.kept"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def containers(self) -> Path:
        return self.home / "containers"

    @property
    def workspaces(self) -> Path:
        return self.home / "workspaces"

    @property
    def images(self) -> Path:
        return self.home / "images"

    @property
    def checkpoints(self) -> Path:
        return self.home / "checkpoints"

    def container(self, container_id: str) -> Path:
        """The run directory of a container."""
        return self.containers / container_id

    def tmux_socket(self, container_id: str) -> Path:
        return self._socket(self.container(container_id) / "tmux.sock", f"{container_id}.tmux")

    def shim_socket(self, container_id: str) -> Path:
        return self._socket(self.container(container_id) / "shim.sock", f"{container_id}.shim")

    def _socket(self, wish: Path, short_name: str) -> Path:
        """Give `wish`, or a path in a short private directory where the kernel would cut it off."""
        if len(os.fsencode(wish)) <= SOCKET_PATH_LIMIT:
            return wish
        return self.short_sockets / short_name

    @property
    def short_sockets(self) -> Path:
        """A private directory for sockets whose own path would be too long; made by who binds there."""
        base = os.environ.get("XDG_RUNTIME_DIR")
        root = Path(base) if base and len(base) < 40 else Path("/tmp")
        import hashlib

        mark = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        return root / f"parhelia-{os.geteuid()}-{mark}"
