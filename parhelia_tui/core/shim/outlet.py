"""Writing to a descriptor that may be slow, without ever waiting for it."""

from __future__ import annotations

from parhelia_tui.core.shim import system
from parhelia_tui.core.shim.loop import WRITE, Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Outlet:
    """Bytes on their way out, kept while the reader is slow.

    Args:
        loop: calls us when the reader is ready.
        descriptor: non-blocking, and for this outlet alone; closed with it.
        on_gone: called once when nobody reads there any more.
        on_room: called when bytes have left.
    """

    def __init__(
        self,
        loop: Loop,
        descriptor: int,
        on_gone: Callable[[], None],
        on_room: Callable[[], None] | None = None,
    ) -> None:
        self._loop = loop
        self._descriptor = descriptor
        self._on_gone = on_gone
        self._on_room = on_room
        self._pending = bytearray()
        self.open = True

    @property
    def pending(self) -> int:
        """How many bytes wait."""
        return len(self._pending)

    def write(self, data: bytes) -> None:
        """Send bytes, now or as soon as the reader takes them."""
        if not self.open:
            return
        if not self._pending:
            data = data[self._send(data) :]
        if data and self.open:
            self._pending += data
            self._want_room()

    def drop(self) -> None:
        """Forget what waits."""
        self._pending.clear()

    def call_when_ready(self) -> None:
        """Have `on_room` called as soon as the reader takes bytes again."""
        if self.open:
            self._want_room()

    def close(self) -> None:
        """Close the descriptor; what waits is lost."""
        if self.open:
            self.open = False
            self._loop.forget(self._descriptor)
            system.close(self._descriptor)

    def _want_room(self) -> None:
        if not self._loop.watches(self._descriptor):
            self._loop.watch(self._descriptor, WRITE, self._ready)

    def _send(self, data: bytes | bytearray) -> int:
        try:
            return system.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except OSError:
            self.close()
            self._on_gone()
            return 0

    def _ready(self) -> None:
        if self._pending:
            del self._pending[: self._send(self._pending)]
        if self.open and not self._pending:
            self._loop.forget(self._descriptor)
        if self.open and self._on_room is not None:
            self._on_room()
