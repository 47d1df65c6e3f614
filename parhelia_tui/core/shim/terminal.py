"""Terminals: sizes, raw mode, and bytes that wait until the other side takes them."""

import fcntl
import os
import struct
import termios

CHUNK = 65536


def size_of(descriptor: int) -> tuple[int, int] | None:
    """Rows and columns of a terminal; None where it is no terminal or has no size."""
    try:
        rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(descriptor, termios.TIOCGWINSZ, b"\0" * 8))
    except OSError:
        return None
    return (rows, columns) if rows and columns else None


def set_size(descriptor: int, rows: int, columns: int) -> None:
    """Give a terminal its size; its foreground processes get SIGWINCH from the kernel."""
    rows, columns = max(1, min(rows, 2000)), max(1, min(columns, 2000))
    try:
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    except OSError:
        # The other side has closed; its end is noticed where it is read.
        return


def make_raw(descriptor: int) -> list | None:  # type: ignore[type-arg]
    """Let every byte pass a terminal unchanged, as cfmakeraw(3) does, and give its former attributes."""
    try:
        before = termios.tcgetattr(descriptor)
    except termios.error:
        return None
    # The first four are numbers; the last, the control characters, is a list and stays.
    raw: list = list(before)  # type: ignore[type-arg]
    raw[0] &= ~(
        termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP
        | termios.INLCR | termios.IGNCR | termios.ICRNL | termios.IXON
    )  # fmt: skip
    raw[1] &= ~termios.OPOST
    raw[2] = (raw[2] & ~(termios.CSIZE | termios.PARENB)) | termios.CS8
    raw[3] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
    termios.tcsetattr(descriptor, termios.TCSANOW, raw)
    return before


class Pipe:
    """Bytes on their way to one descriptor that does not block.

    Args:
        descriptor: where they go.
        limit: how many bytes may wait before `full`.
    """

    def __init__(self, descriptor: int, limit: int = 1 << 18) -> None:
        self.descriptor = descriptor
        self._limit = limit
        self._waiting = bytearray()

    @property
    def waiting(self) -> bool:
        """Whether anything has to be written when the descriptor takes it."""
        return bool(self._waiting)

    @property
    def full(self) -> bool:
        """Whether whoever feeds it should pause."""
        return len(self._waiting) > self._limit

    def put(self, data: bytes) -> bool:
        """Write, or keep for later; False when the other side is gone."""
        self._waiting += data
        return self.flush()

    def flush(self) -> bool:
        """Write what waits, as far as it goes; False when the other side is gone."""
        while self._waiting:
            try:
                written = os.write(self.descriptor, self._waiting[:CHUNK])
            except BlockingIOError:
                return True
            except OSError:
                self._waiting.clear()
                return False
            del self._waiting[:written]
        return True
