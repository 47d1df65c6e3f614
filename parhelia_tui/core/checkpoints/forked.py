"""A part of some work done by a copy of this process, because threads of Python take turns."""

from __future__ import annotations

import ctypes
import gc
import marshal
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from parhelia_tui.core.model.errors import ParheliaError

_PR_SET_PDEATHSIG = 1
_MOST = 4


def processors() -> int:
    """Give how many processes may work on many files at once: those that run at once, and no more than the disk feeds."""
    return min(_MOST, len(os.sched_getaffinity(0)))


def possible() -> bool:
    """Say whether this process may be copied: with threads about, a copy could wait for a lock that nobody lets go."""
    return threading.active_count() == 1


class EndedEarly(ParheliaError):
    """A copy ended without a word: something killed it, as the kernel does where memory is short."""

    def __init__(self) -> None:
        super().__init__("E600", "a process that did a part of the work ended early")


class Copy:
    """A copy of this process that does one thing, tells what came of it, and ends. It dies with this process.

    Args:
        act: what to do; gives what marshal can write.
    """

    def __init__(self, act: Callable[[], Any]) -> None:
        parent = os.getpid()
        self._pipe, writing = os.pipe()
        try:
            self._process = os.fork()
        except OSError:
            os.close(self._pipe)
            os.close(writing)
            raise
        if self._process:
            os.close(writing)
            return
        try:
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() == parent:
                # It ends soon, and a look for what could be thrown away would copy every page.
                gc.disable()
                said = marshal.dumps(_outcome(act))
                with os.fdopen(writing, "wb") as file:
                    file.write(said)
        finally:
            # Also past what our caller would still do at its end: this is not that process.
            os._exit(0)

    def result(self) -> Any:
        """Wait for what it gives.

        Raises:
            OSError: as it was raised there.
            ParheliaError: as it was raised there; E600 when it ended without a word.
        """
        parts = []
        while part := os.read(self._pipe, 1 << 16):
            parts.append(part)
        if not parts:
            raise EndedEarly
        kind, *rest = marshal.loads(b"".join(parts))
        if kind == "OSError":
            raise OSError(*rest)
        if kind == "ParheliaError":
            code, message, details = rest
            raise ParheliaError(code, message, details=details)
        return rest[0]

    def end(self) -> None:
        """End it, if it has not ended."""
        os.close(self._pipe)
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)


@contextmanager
def copies(acts: Iterable[Callable[[], Any]]) -> Iterator[tuple[list[Copy], list[Callable[[], Any]]]]:
    """Make a copy for each thing to do, and end them all afterwards.

    Yields:
        The copies, and what there could be no process for, to be done here.
    """
    made: list[Copy] = []
    left: list[Callable[[], Any]] = []
    try:
        for act in acts:
            try:
                made.append(Copy(act))
            except OSError:
                # As many as a limit or the memory allows.
                left.append(act)
        yield made, left
    finally:
        for each in made:
            each.end()


def _outcome(act: Callable[[], Any]) -> tuple[Any, ...]:
    try:
        return ("result", act())
    except OSError as error:
        return ("OSError", error.errno or 0, error.strerror or str(error), error.filename)
    except ParheliaError as error:
        return ("ParheliaError", error.code, error.message, dict(error.details))
