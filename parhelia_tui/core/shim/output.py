"""What the main terminal printed: the log on disk, the last lines, and the end for who joins late."""

import os
import re

LOG_LIMIT = 16 << 20
TAIL_LINES = 40
LINE_LIMIT = 4096
"""Bytes of a line that are kept; 10 MB without a newline cost no more than this."""
REPLAY_BYTES = 64 << 10

# As in core/model/text.py, which the shim cannot import: it stands alone.
_SEQUENCES = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
)


class Output:
    """Takes every byte that the container prints.

    Args:
        path: the log; when it is full it becomes `path`.1 and a new one begins.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = self._open()
        self._size = 0
        self._lines: list[bytes] = []
        self._line = b""
        self._recent = b""
        self.total = 0
        self.lost = 0

    def take(self, data: bytes) -> None:
        """Keep what was printed. A disk that is full loses bytes of the log, nothing else."""
        self.total += len(data)
        self._recent = (self._recent + data)[-REPLAY_BYTES:]
        try:
            self._size += os.write(self._descriptor, data)
        except OSError:
            self.lost += len(data)
        if self._size >= LOG_LIMIT:
            self._turn()
        first, *rest = data.split(b"\n")
        self._line = (self._line + first)[-LINE_LIMIT:]
        for part in rest[-TAIL_LINES - 1 :]:
            self._lines.append(self._line)
            self._line = part[-LINE_LIMIT:]
        del self._lines[:-TAIL_LINES]

    def tail(self) -> list[str]:
        """The last lines without control sequences; of a line drawn over in place the last form."""
        lines = [*self._lines, self._line] if self._line.strip() else self._lines
        shown = [_SEQUENCES.sub(b"", line.rstrip(b"\r").rpartition(b"\r")[2]) for line in lines[-TAIL_LINES:]]
        return [line.decode("utf-8", "replace") for line in shown]

    def replay(self) -> bytes:
        """What was printed lately, from the beginning of a line where that is not far."""
        if self.total <= REPLAY_BYTES:
            return self._recent
        return self._recent[self._recent.find(b"\n", 0, 4096) + 1 :]

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
        return os.open(self._path, flags, 0o600)

    def _turn(self) -> None:
        try:
            os.rename(self._path, self._path + ".1")
            fresh = self._open()
        except OSError:
            # Goes on in the old one; tried again when as much has been written once more.
            self._size = 0
            return
        os.close(self._descriptor)
        self._descriptor, self._size = fresh, 0
