"""shim.pid: which processes belong to this container, in a form that survives the reuse of pids."""

from __future__ import annotations

from parhelia_tui.core.shim import system
from parhelia_tui.core.shim.lean import dumps, loads
from parhelia_tui.core.shim.processes import boot_id, start_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "shim.pid"
_SIZE = 512


class PidFile:
    """Written at once and in place: no reader sees half of it, and a full disk cannot refuse it later."""

    def __init__(self, directory: str) -> None:
        flags = system.O_RDWR | system.O_CREAT | system.O_CLOEXEC
        self._descriptor = system.open(system.join(directory, NAME), flags, 0o600)
        pid = system.getpid()
        self._fields: dict[str, Any] = {"pid": pid, "start_time": start_time(pid), "boot_id": boot_id()}
        self._write()

    def add(self, name: str, pid: int) -> None:
        """Add a process as `<name>_pid` and `<name>_start_time`."""
        self._fields |= {f"{name}_pid": pid, f"{name}_start_time": start_time(pid)}
        self._write()

    def _write(self) -> None:
        system.pwrite(self._descriptor, dumps(self._fields).encode("ascii").ljust(_SIZE - 1) + b"\n", 0)


def read(directory: str) -> dict[str, int]:
    """Give the processes that the file names and that are still those that it means.

    Returns:
        Pids by name (`shim`, `child`, `first`); empty when there is no file that can be read.
    """
    try:
        with open(system.join(directory, NAME), "rb") as file:
            fields = loads(file.read().decode("ascii"))
        if fields["boot_id"] != boot_id():
            return {}
        found = {}
        for name, prefix in (("shim", ""), ("child", "child_"), ("first", "first_")):
            pid, started = fields.get(f"{prefix}pid"), fields.get(f"{prefix}start_time")
            if isinstance(pid, int) and pid > 1 and started is not None and start_time(pid) == started:
                found[name] = pid
        return found
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
