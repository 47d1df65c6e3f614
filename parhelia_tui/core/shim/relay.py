"""Copying between the pane's terminal and something else that speaks bytes, until one of them ends."""

import os
import select
import signal
import termios
from collections.abc import Callable

from parhelia_tui.core.shim import terminal


def relay(read: int, write: int, resized: Callable[[int, int], None], ended: Callable[[], bool]) -> None:
    """Copy standard input to `write` and `read` to standard output.

    Args:
        read, write: descriptors of the other side.
        resized: called with rows and columns when the pane's size changes.
        ended: asked after each wait; True ends the copying once nothing more can be read.
    """
    before = terminal.make_raw(0)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    for number in (signal.SIGWINCH, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    sources = [read, 0, wake_read]
    try:
        while True:
            over = ended()
            ready, _, _ = select.select(sources, [], [], 0 if over else None)
            if over and read not in ready:
                return
            if wake_read in ready and signal.SIGWINCH in os.read(wake_read, 512):
                size = terminal.size_of(0)
                if size:
                    resized(*size)
            if 0 in ready:
                data = _take(0)
                if not data:
                    return
                _give(write, data)
            if read in ready:
                data = _take(read)
                if not data:
                    return
                _give(1, data)
    finally:
        if before is not None:
            try:
                termios.tcsetattr(0, termios.TCSANOW, before)
            except termios.error:
                # The pane is gone, and its attributes with it.
                pass


def _take(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, terminal.CHUNK)
    except OSError:
        # EIO: the last process on that terminal has ended.
        return b""


def _give(descriptor: int, data: bytes) -> None:
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except OSError:
        # The other side has closed; its end is seen where it is read.
        return
