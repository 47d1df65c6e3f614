"""The container's control groups (cgroups(7)), made by the shim as its spec says and gone with it."""

from __future__ import annotations

from parhelia_tui.core.shim import system
from parhelia_tui.core.shim.lean import signals
from parhelia_tui.core.shim.processes import send_all


def make(path: str, files: dict[str, str]) -> None:
    """Make a group and set its limits.

    Args:
        files: what to write; the first has to be there, the others where the kernel has them (swap).

    Raises:
        OSError: the kernel or its permissions do not let us.
    """
    # Few containers have a group; the module costs more than all others here.
    from os import makedirs

    makedirs(path, 0o755, exist_ok=True)
    for number, (name, value) in enumerate(files.items()):
        place = system.join(path, name)
        if number and not system.exists(place):
            continue
        # Without O_CREAT: what the kernel does not offer is an error and no new file.
        descriptor = system.open(place, system.O_WRONLY | system.O_CLOEXEC)
        try:
            system.write(descriptor, value.encode())
        finally:
            system.close(descriptor)


def join(path: str) -> None:
    """Move this process into a group."""
    with open(system.join(path, "cgroup.procs"), "wb", buffering=0) as file:
        file.write(b"0")


def processes(path: str) -> list[int]:
    """Give the processes in a group; none when there is no such group."""
    try:
        with open(system.join(path, "cgroup.procs"), "rb") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def kill(path: str) -> None:
    """Kill everything in a group, at one stroke where the kernel can (cgroup v2)."""
    try:
        with open(system.join(path, "cgroup.kill"), "wb", buffering=0) as file:
            file.write(b"1")
        return
    except OSError:
        pass
    for _ in range(100):
        found = processes(path)
        if not found:
            return
        send_all(found, signals.SIGKILL)


def remove(path: str) -> bool:
    """Remove a group that has no process any more.

    Returns:
        False when it is still there.
    """
    try:
        system.rmdir(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def number(path: str, name: str) -> int | None:
    """Read a file that holds one number; None when it does not."""
    try:
        with open(system.join(path, name), "rb") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def word(path: str, name: str, key: str) -> int | None:
    """Read the number behind a key of a file such as cpu.stat; None when there is none."""
    try:
        with open(system.join(path, name), "rb") as file:
            for line in file:
                words = line.split()
                if len(words) == 2 and words[0] == key.encode():
                    return int(words[1])
    except (OSError, ValueError):
        pass
    return None
