"""The log of a container, read on from where somebody is, over the turns that it makes (`output.py`)."""

from __future__ import annotations

import os

from parhelia_tui.core.shim.output import LOG, OLDER, TURN

PIECE = 256 * 1024
_PASSED = "passed"
"""For a mark, where the log that it speaks of is not the one that is read: there is a newer one, or will be."""


class TurnedLog:
    """Reads on. What is read is held open, so that its end is read also where it is turned over meanwhile.

    Args:
        directory: the run directory.
        turn: how often the log had been turned over when the reader had it last.
        offset: bytes of it that the reader has.
    """

    def __init__(self, directory: str, turn: int, offset: int) -> None:
        self._directory = directory
        self._turn = turn
        self._offset = offset
        self._file: int | None = None
        self._mark: str | None = None

    def __enter__(self) -> TurnedLog:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            os.close(self._file)

    def next(self) -> tuple[str, bytes] | None:
        """Give what comes next: `log` and bytes, `cut` and the number of turns where it begins anew; None for nothing."""
        if self._file is None:
            return self._go_to(self._turn)
        mark = self._read_mark()
        if data := self._read():
            return "log", data
        if mark == self._mark:
            return None
        turn, newest = self._newest()
        if newest is not None:
            os.close(newest)
        if turn <= self._turn:
            # The mark comes before the turn, which may have failed then.
            return None
        # Now that nothing more is written to it.
        return ("log", data) if (data := self._read()) else self._go_to(self._turn + 1)

    def _read(self) -> bytes:
        assert self._file is not None
        data = os.pread(self._file, PIECE, self._offset)
        self._offset += len(data)
        return data

    def _go_to(self, wanted: int) -> tuple[str, bytes] | None:
        """Go on in the log of this turn, or the first after it that there still is."""
        turn, file = self._find(wanted)
        if file is None:
            return None
        if self._file is not None:
            os.close(self._file)
        self._file = file
        if turn == self._turn and os.fstat(file).st_size >= self._offset:
            return self.next()
        self._turn, self._offset = turn, 0
        return "cut", str(turn).encode()

    def _find(self, wanted: int) -> tuple[int, int | None]:
        while True:
            mark = self._read_mark()
            turn, file = self._newest()
            older = self._open(OLDER) if turn > wanted else None
            # Turned over between two looks, also where the mark of that had been there before both.
            is_torn = file is not None and older is not None and os.path.sameopenfile(file, older)
            if not is_torn and mark == self._read_mark():
                break
            for each in (file, older):
                if each is not None:
                    os.close(each)
        is_newest = older is None and (mark is None or int(mark.split()[0]) == turn)
        self._mark = mark if is_newest else _PASSED
        if older is None:
            return turn, file
        if file is not None:
            os.close(file)
        return turn - 1, older

    def _newest(self) -> tuple[int, int | None]:
        """Open the log as it is now, and give how often it had been turned over by then."""
        while True:
            mark = self._read_mark()
            file = self._open(LOG)
            if mark == self._read_mark():
                break
            if file is not None:
                os.close(file)
        if mark is None:
            return 0, file
        turns, inode = (int(each) for each in mark.split())
        is_before = file is not None and os.fstat(file).st_ino != inode
        return turns - is_before, file

    def _read_mark(self) -> str | None:
        try:
            return os.readlink(os.path.join(self._directory, TURN))
        except OSError:
            return None

    def _open(self, name: str) -> int | None:
        try:
            return os.open(os.path.join(self._directory, name), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
