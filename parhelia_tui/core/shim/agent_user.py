"""Becoming the agent's user, where a supervisor is root's and its container shares its processes.

Before anything is executed, and not by a program that does it: such a program would still be root's when it is looked
for and loaded, with a PATH and an environment that lead into directories where the agent may write.
"""

from __future__ import annotations

import errno

from parhelia_tui.core.shim import libc, system

ONE_USER = "PARHELIA_ONE_USER"
"""In the environment of a sandbox's own processes: it has one user alone, and who made it wants that. For the emulated
provider of an ordinary user, who has one id to give; what a task says does not count."""
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_DUMPABLE, _NO_NEW_PRIVS = 4, 38


def become(user: int, rlimits: Sequence[str] = ()) -> None:
    """Be a user for good: neither this process nor what it executes can become another one.

    Args:
        rlimits: what it is to be kept to, in the words of prlimit(1).

    Raises:
        OSError: it cannot be, and nothing may be executed.
    """
    for each in rlimits:
        _keep_to(each)
    _prctl(_NO_NEW_PRIVS, 1)
    # Until it executes something it holds what its parent knows, and the user's other processes could read that.
    _prctl(_DUMPABLE, 0)
    if _is_alone():
        if system.fsencode(ONE_USER) not in system.environ:
            raise OSError(errno.EPERM, "this sandbox has one user alone, and its agent has to be another one")
        return
    system.setgroups([])
    system.setresgid(user, user, user)
    system.setresuid(user, user, user)


def _keep_to(words: str) -> None:
    """Put this process under a limit, or under what it is under already where that is less."""
    import resource

    name, _, number = words.partition("=")
    which = {"--nproc": resource.RLIMIT_NPROC, "--as": resource.RLIMIT_AS}[name]
    _, hard = resource.getrlimit(which)
    most = int(number) if hard == resource.RLIM_INFINITY else min(int(number), hard)
    resource.setrlimit(which, (most, most))


def _is_alone() -> bool:
    """Say whether this user namespace has one id alone, so that there is nobody to become (user_namespaces(7))."""
    with open("/proc/self/uid_map", "rb") as file:
        ranges = [line.split() for line in file]
    return [int(each[2]) for each in ranges] == [1]


def _prctl(option: int, value: int) -> None:
    if libc.call("prctl", option, value, 0, 0, 0) != 0:
        from parhelia_tui.core.shim import namespaces

        namespaces.prctl(option, value)
