"""A Unix socket that listens, and the lines that its connections send."""

from __future__ import annotations

import _socket
import sys

from parhelia_tui.core.shim import system
from parhelia_tui.core.shim.loop import READ, Loop
from parhelia_tui.core.shim.outlet import Outlet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


_PIECE = 16384


def peer_user(connection: _socket.socket) -> int:
    """Give the user who connected (SO_PEERCRED, unix(7): pid, uid, gid)."""
    raw = connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)
    return int.from_bytes(raw[4:8], sys.byteorder)


class Listener:
    """A listening socket, made afresh at its path.

    Args:
        path: relative to the working directory or short enough for the kernel (107 bytes).
        mode: of the socket's file.
        on_connect: gets each connection, non-blocking, and owns it.
    """

    def __init__(
        self,
        loop: Loop,
        path: str,
        mode: int,
        backlog: int,
        on_connect: Callable[[_socket.socket], None],
    ) -> None:
        self._loop = loop
        self._path = path
        self._on_connect = on_connect
        try:
            system.unlink(path)
        except FileNotFoundError:
            pass
        self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)
        self._socket.bind(path)
        system.chmod(path, mode)
        self._socket.listen(backlog)
        self.resume()

    def pause(self) -> None:
        """Let those who connect wait."""
        self._loop.forget(self._socket.fileno())

    def resume(self) -> None:
        """Take connections again."""
        if not self._loop.watches(self._socket.fileno()):
            self._loop.watch(self._socket.fileno(), READ, lambda: self.take_waiting(1))

    def close(self) -> None:
        """Close the socket and remove its name."""
        self.pause()
        self._socket.close()
        try:
            system.unlink(self._path)
        except OSError:
            return

    def take_waiting(self, most: int) -> None:
        """Take those who have connected and were not taken yet."""
        for _ in range(most):
            if not self._ready():
                return

    def _ready(self) -> bool:
        try:
            # The part in C that `socket` wraps, which the types leave out.
            descriptor, _ = self._socket._accept()  # type: ignore[attr-defined]
        except OSError:
            return False
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, descriptor)
        connection.setblocking(False)
        self._on_connect(connection)
        return True


class Lines:
    """One connection that sends lines.

    Args:
        longest: bytes of a line at most, and about what is kept in memory.
        on_line: gets each line; one that is too long as its beginning, longer than `longest`.
        on_end: called once when the connection is over.
        on_bytes: called with the number of bytes of each piece, before its lines.
    """

    def __init__(
        self,
        loop: Loop,
        connection: _socket.socket,
        longest: int,
        on_line: Callable[[bytes], None],
        on_end: Callable[[], None],
        on_bytes: Callable[[int], None] | None = None,
    ) -> None:
        self._loop = loop
        self._longest = longest
        self._on_line = on_line
        self._on_end = on_end
        self._on_bytes = on_bytes
        self._kept = b""
        self._skipping = False
        self.descriptor = connection.detach()
        self.open = True
        self.resume()

    def pause(self) -> None:
        """Let the sender wait."""
        self._loop.forget(self.descriptor)

    def resume(self) -> None:
        """Read on."""
        if self.open and not self._loop.watches(self.descriptor):
            self._loop.watch(self.descriptor, READ, self._ready)

    def close(self) -> None:
        """Close the connection."""
        if self.open:
            descriptor = self.hand_over()
            system.close(descriptor)
            self._on_end()

    def hand_over(self) -> int:
        """Stop reading lines and give the descriptor to somebody else, who closes it."""
        self.pause()
        self.open = False
        return self.descriptor

    def outlet(self) -> Outlet:
        """Make a way to answer."""
        return Outlet(self._loop, system.dup(self.descriptor), self.close)

    def read_rest(self, most: int) -> None:
        """Read what was sent and not read yet, about `most` bytes of it; not from a sender that has to wait."""
        for _ in range(most // _PIECE + 1):
            if not self.open or not self._loop.watches(self.descriptor) or not self._read():
                return

    def _ready(self) -> None:
        self._read()

    def _read(self) -> bool:
        """Read a piece; False when there is none."""
        try:
            data = system.read(self.descriptor, _PIECE)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self.close()
            return False
        if self._on_bytes is not None:
            self._on_bytes(len(data))
        *whole, rest = (self._kept + data).split(b"\n")
        for line in whole:
            if self._skipping:
                self._skipping = False
            elif self.open:
                self._on_line(line)
        if len(rest) > self._longest:
            if not self._skipping and self.open:
                self._skipping = True
                self._on_line(rest)
            rest = b""
        self._kept = rest
        return True
