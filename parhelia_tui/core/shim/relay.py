"""Copying between our pane and something else that speaks bytes, until one of them ends."""

from __future__ import annotations

import os
import termios

from parhelia_tui.core.shim.lean import signals
from parhelia_tui.core.shim.loop import READ, Loop
from parhelia_tui.core.shim.outlet import Outlet
from parhelia_tui.core.shim.pane import make_raw

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK = 65536
FULL = 65536
"""Bytes that wait for one side before the other is no longer read."""

_SOME, _NOTHING_YET, _END = range(3)


class Relay:
    """Joins the terminal on standard input and output with another descriptor.

    Args:
        other: read and written; made non-blocking.
        on_size: called with rows and columns when our terminal has another size.
        on_child: called when a child of ours may have ended.
    """

    def __init__(
        self, other: int, on_size: Callable[[int, int], None], on_child: Callable[[], None] | None = None
    ) -> None:
        self.loop = Loop()
        self.ended = False
        """One side has ended."""
        self.hung_up = False
        """Our pane has ended."""
        self._other = other
        self._on_size = on_size
        self._on_child = on_child
        make_raw(0)
        for descriptor in (0, 1, other):
            os.set_blocking(descriptor, False)
        self._to_us = Outlet(self.loop, os.dup(1), self._pane_gone, self._listen)
        self._to_other = Outlet(self.loop, os.dup(other), self.end, self._listen)
        self._take_signals()
        self._listen()

    def run(self) -> None:
        """Copy until one side has ended."""
        while not self.ended:
            self.loop.turn()

    def end(self) -> None:
        """Stop copying."""
        self.ended = True

    def show_rest(self) -> None:
        """Copy to our terminal what can be read at once."""
        while not self.hung_up and self._copy(self._other, self._to_us) == _SOME:
            pass

    def _take_signals(self) -> None:
        reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signals.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (signals.SIGWINCH, signals.SIGCHLD, signals.SIGHUP, signals.SIGTERM):
            signals.signal(number, _only_wake)
        self.loop.watch(reader, READ, lambda: self._signalled(reader))

    def _signalled(self, reader: int) -> None:
        for number in set(os.read(reader, 512)):
            if number == signals.SIGWINCH:
                try:
                    rows, columns = termios.tcgetwinsize(0)
                except (OSError, termios.error):
                    continue
                self._on_size(rows, columns)
            elif number == signals.SIGCHLD:
                if self._on_child is not None:
                    self._on_child()
            else:
                self._pane_gone()

    def _listen(self) -> None:
        """Read from each side while the other takes it."""
        for source, outlet, handler in (
            (0, self._to_other, self._typed),
            (self._other, self._to_us, self._printed),
        ):
            wanted = outlet.pending <= FULL
            if wanted and not self.loop.watches(source):
                self.loop.watch(source, READ, handler)
            elif not wanted and self.loop.watches(source):
                self.loop.forget(source)

    def _typed(self) -> None:
        if self._copy(0, self._to_other) == _END:
            self._pane_gone()
        self._listen()

    def _printed(self) -> None:
        if self._copy(self._other, self._to_us) == _END:
            self.end()
        self._listen()

    def _pane_gone(self) -> None:
        self.hung_up = True
        self.end()

    def _copy(self, source: int, outlet: Outlet) -> int:
        try:
            data = os.read(source, CHUNK)
        except BlockingIOError:
            return _NOTHING_YET
        except OSError:
            # EIO: nobody has that terminal open any more.
            return _END
        outlet.write(data)
        return _SOME if data else _END


def _only_wake(number: int, frame: object) -> None:
    """The handler in Python; the number comes through the pipe."""
