"""The shim's ways to start: `run DIR` supervises; `join DIR` and `enter DIR NAME` are panes of it; `fork PID
SECONDS` makes supervisors for the controller of that pid, until it has not been asked for so long.

The others are for a sandbox at a provider: `keep` is its main process, the rest are errands in it.
"""

from __future__ import annotations

import fcntl
import gc
import sys
import time

from parhelia_tui.core.shim import exit_record, spec, spool, system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LOCK = "shim.lock"
_LOCK_TRIES = 50
_LOCK_PAUSE_S = 0.01

OK, REFUSED, UNUSABLE = 0, 3, 4


def main(arguments: list[str] | None = None) -> int:
    """Run as the arguments say.

    Returns:
        0; 3 when a shim is or was here already; 4 when the run directory cannot be used.
    """
    mode, directory, *rest = sys.argv[1:] if arguments is None else arguments
    system.umask(0o077)
    if mode == "join":
        from parhelia_tui.core.shim.join import join

        return join(directory)
    if mode == "enter":
        from parhelia_tui.core.shim.enter import enter

        return enter(directory, rest[0])
    if mode == "run":
        return supervise(directory)
    if mode == "fork":
        from parhelia_tui.core.shim.forks import serve

        return serve(int(directory), float(rest[0]))
    return _elsewhere(mode, directory, rest)


def _elsewhere(mode: str, directory: str, rest: list[str]) -> int:
    """Run a mode of a sandbox at a provider. Raises KeyError for one that there is not.

    Each imports what it needs alone: somebody waits for every one of them.
    """
    if mode == "follow":
        from parhelia_tui.core.shim import follow

        return follow.follow(directory, *(int(each) for each in rest))
    if mode == "keep":
        from parhelia_tui.core.shim import keeper

        return keeper.keep(directory, float(rest[0]))
    if mode == "send":
        from parhelia_tui.core.shim import sending

        # One that is asked by an earlier version is told no bound.
        return sending.send(int(rest[0]) if rest else sys.maxsize)
    from parhelia_tui.core.shim import errand

    modes: dict[str, Callable[[], int]] = {
        "tell": lambda: errand.tell(directory),
        "look": errand.look,
        "taken": lambda: errand.taken(directory),
        "session": lambda: errand.session(directory, rest[0]),
        "end-session": lambda: errand.end_session(directory, rest[0]),
    }
    return modes[mode]()


def supervise(directory: str, pane: Sequence[str] = (), locked: Callable[[], object] | None = None) -> int:
    """Run the container of a run directory, if nobody ever did.

    Args:
        pane: the words that start a pane of tmux but for the program in it; none where we stand in one.
        locked: called once its lock is ours.
    """
    try:
        system.chdir(directory)
        lock = _take_lock(directory)
    except OSError:
        return UNUSABLE
    if locked is not None:
        locked()
    if lock is None or _was_here(directory):
        return REFUSED
    # What is made until the container begins is kept for its whole life: there is no garbage to look for.
    gc.disable()
    from parhelia_tui.core.shim.supervisor import Supervisor

    try:
        supervisor = Supervisor(spec.load(directory), directory, pane)
    except FileExistsError:
        return REFUSED
    except (OSError, ValueError):
        return UNUSABLE
    try:
        supervisor.run()
    except Exception as error:
        # A defect of ours must not leave the end without a record.
        supervisor.give_up(error)
    return OK


def _was_here(directory: str) -> bool:
    return any(system.exists(system.join(directory, name)) for name in (spool.NAME, exit_record.NAME))


def _take_lock(directory: str) -> int | None:
    """Take the lock that says that a shim lives; it falls with this process.

    Who looks whether we live takes it for a moment, so one refusal proves nothing.
    """
    descriptor = system.open(
        system.join(directory, LOCK), system.O_RDWR | system.O_CREAT | system.O_CLOEXEC, 0o600
    )
    for attempt in range(_LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if _was_here(directory):
                break
            if attempt + 1 < _LOCK_TRIES:
                # There is no loop yet that could wait, and nothing else to do.
                time.sleep(_LOCK_PAUSE_S)
        else:
            return descriptor
    system.close(descriptor)
    return None
