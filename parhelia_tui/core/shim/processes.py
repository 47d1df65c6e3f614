"""Processes as /proc(5) shows them: who is who, whose child is whose, and how they are ended for sure."""

from __future__ import annotations

from parhelia_tui.core.shim import system
from parhelia_tui.core.shim.lean import signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def boot_id() -> str:
    """Name this run of the kernel: a pid means nothing after a reboot."""
    with open("/proc/sys/kernel/random/boot_id", "rb") as file:
        return file.read().decode().strip()


def stat_fields(pid: int) -> list[str]:
    """Give the fields of /proc/PID/stat from the third on (the second may hold anything).

    Raises:
        OSError: there is no such process.
    """
    with open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().rpartition(b")")[2].decode("ascii").split()


def start_time(pid: int) -> int | None:
    """Give when a process started, in clock ticks since boot; None when it is not there."""
    try:
        return int(stat_fields(pid)[19])
    except OSError:
        return None


def is_running(pid: int) -> bool:
    """Say whether a process is there and is more than a zombie."""
    try:
        return stat_fields(pid)[0] not in ("Z", "X")
    except OSError:
        return False


def ignores(pid: int, signal: int) -> bool:
    """Say whether a process ignores a signal (SigIgn of proc_pid_status(5)); who is gone does not."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            for line in file:
                if line.startswith(b"SigIgn:"):
                    return bool(int(line[7:], 16) >> (signal - 1) & 1)
    except OSError:
        pass
    return False


def children(pid: int) -> list[int]:
    """Give the children of a process, of all its threads."""
    found: list[int] = []
    try:
        threads = system.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
        except OSError:
            continue
    return found


def descendants(pid: int) -> list[int]:
    """Give all processes below one, those nearest to it first."""
    found: list[int] = []
    level = [pid]
    while level:
        level = [child for parent in level for child in children(parent)]
        found += level
    return found


def send(pid: int, signal: int) -> bool:
    """Send a signal; False when there is no such process."""
    try:
        system.kill(pid, signal)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def send_all(pids: Iterable[int], signal: int) -> None:
    """Send a signal to each of them that is there."""
    for pid in pids:
        send(pid, signal)


def kill_tree(pid: int, spared: Collection[int] = ()) -> None:
    """Kill all that is below a process but `spared`, again and again until a look finds nothing that lives.

    Stopping them first keeps a tree that forks from growing while it is walked. After many looks the
    caller has to come again.
    """
    for _ in range(100):
        found = [each for each in descendants(pid) if each not in spared and is_running(each)]
        if not found:
            return
        send_all(found, signals.SIGSTOP)
        send_all((each for each in descendants(pid) if each not in spared), signals.SIGKILL)


def kill_all_of(user: int) -> None:
    """Kill every process of a user, again and again until a look finds none that lives, as `kill_tree` does."""
    for _ in range(100):
        found = [pid for pid in map(int, filter(str.isdigit, system.listdir("/proc"))) if _user(pid) == user]
        found = [pid for pid in found if is_running(pid)]
        if not found:
            return
        send_all(found, signals.SIGSTOP)
        send_all(found, signals.SIGKILL)


def _user(pid: int) -> int | None:
    """The user of a process (Uid of proc_pid_status(5)): who owns its directory, a process may change itself."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            return next((int(line.split()[1]) for line in file if line.startswith(b"Uid:")), None)
    except OSError:
        return None
