"""The processes of a container as the host sees them, read from /proc."""

import os
import signal

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def children(pid: int) -> list[int]:
    """The direct children of a process, of all its threads."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
    except OSError:
        # It has ended meanwhile.
        return found
    return found


def descendants(pid: int) -> list[int]:
    """All descendants of a process, parents before their children."""
    found = children(pid)
    for each in found:
        found.extend(child for child in children(each) if child not in found)
    return found


def usage(pids: list[int]) -> tuple[float, int]:
    """Processor time in seconds and resident memory in bytes of these processes together."""
    seconds, memory = 0.0, 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        # Fields 14, 15 and 24 of proc_pid_stat(5), counted from the state, which is the third.
        seconds += (int(fields[11]) + int(fields[12])) / TICKS
        memory += int(fields[21]) * PAGE
    return seconds, memory


def start_time(pid: int) -> int:
    """When a process started, in clock ticks since the boot; with its pid it names the process for good."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[19])


def boot_id() -> str:
    """The name that the kernel gave itself at this boot."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def send(pids: list[int], number: int) -> None:
    """Send a signal to each of these processes that still is there."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def kill_all(root: int, include_root: bool) -> None:
    """Kill a tree of processes, again and again until no new one turns up.

    Stopped first, so that nobody forks while the others are being killed.
    """
    for _ in range(100):
        found = descendants(root)
        if not found:
            break
        send(found, signal.SIGSTOP)
        send(found, signal.SIGKILL)
    if include_root:
        send([root], signal.SIGKILL)
