"""The inner terminal, and those who look at it: the pane of tmux and who joined later."""

from __future__ import annotations

import fcntl
import termios

from parhelia_tui.core.shim import system
from parhelia_tui.core.shim.lean import signals
from parhelia_tui.core.shim.loop import READ, Loop
from parhelia_tui.core.shim.modes import Modes
from parhelia_tui.core.shim.outlet import Outlet
from parhelia_tui.core.shim.output import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK = 65536
FULL = 256 * 1024
"""Bytes that wait for one viewer before the container's output waits too, as at any terminal."""
STALLED_S = 5.0
"""How long a viewer may take nothing before the work goes on without it."""
TYPED_FULL = 64 * 1024
_RESET = b"\x1bc"


def open_terminal(rows: int, columns: int) -> tuple[int, int]:
    """Open a pseudo terminal that does not become ours.

    Returns:
        Its master (non-blocking) and its slave.
    """
    master = system.open("/dev/ptmx", system.O_RDWR | system.O_NOCTTY | system.O_CLOEXEC | system.O_NONBLOCK)
    fcntl.ioctl(master, _TIOCSPTLCK, bytes(4))
    slave = system.open(f"/dev/pts/{_number(master)}", system.O_RDWR | system.O_NOCTTY | system.O_CLOEXEC)
    modes = termios.tcgetattr(slave)
    # Erasing a character in the line discipline erases all of its bytes.
    modes[0] |= _IUTF8
    termios.tcsetattr(slave, termios.TCSANOW, modes)
    termios.tcsetwinsize(master, (rows, columns))
    return master, slave


# asm-generic/ioctls.h and termbits.h; Python's termios names neither.
_TIOCSPTLCK = 0x40045431
_TIOCGPTN = 0x80045430
_IUTF8 = 0o40000


def _number(master: int) -> int:
    return int.from_bytes(fcntl.ioctl(master, _TIOCGPTN, bytes(4)), "little")


class Viewer:
    """One who sees what is printed and may type.

    Args:
        source: where its typing is read.
        sink: where it is shown what is printed; a descriptor of its own.
    """

    def __init__(self, terminal: Terminal, source: int, sink: int) -> None:
        self._terminal = terminal
        self.source = source
        self.behind = False
        self.outlet = Outlet(terminal.loop, sink, self.leave, self._room)
        terminal.loop.watch(source, READ, self._typed)

    def show(self, data: bytes) -> None:
        """Show what was printed, unless the viewer has fallen behind."""
        if not self.behind:
            self.outlet.write(data)

    def leave(self) -> None:
        """Take the viewer away and close its descriptors."""
        self._terminal.remove(self)

    def fall_behind(self) -> None:
        """Drop what waits; the viewer gets a fresh picture when it takes bytes again."""
        self.behind = True
        self.outlet.drop()
        self.outlet.call_when_ready()

    def _room(self) -> None:
        if self.behind:
            self.behind = False
            self.outlet.write(_RESET + self._terminal.picture())
        self._terminal.flow()

    def _typed(self) -> None:
        try:
            data = system.read(self.source, CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._terminal.type(data)
        else:
            self.leave()


class Terminal:
    """The inner terminal's master side.

    Args:
        loop: the shim's loop.
        master: descriptor, non-blocking.
        output: keeps what is printed.
        on_first: called with the first byte.
        on_alone: called when the last viewer has left.
    """

    def __init__(
        self,
        loop: Loop,
        master: int,
        output: Output,
        on_first: Callable[[], None],
        on_alone: Callable[[], None],
    ) -> None:
        self.loop = loop
        self.viewers: list[Viewer] = []
        self._master = master
        self._output = output
        self._on_first = on_first
        self._on_alone = on_alone
        self._modes = Modes()
        self._typing = Outlet(loop, system.dup(master), self._hung_up, self._listen)
        self._ended = False
        loop.watch(master, READ, self._printed)

    def add(self, source: int, sink: int) -> Viewer:
        """Let somebody look and type.

        Args:
            source, sink: non-blocking; both are closed when the viewer leaves.
        """
        viewer = Viewer(self, source, sink)
        self.viewers.append(viewer)
        return viewer

    def remove(self, viewer: Viewer) -> None:
        """Let a viewer go."""
        if viewer not in self.viewers:
            return
        self.viewers.remove(viewer)
        self.loop.forget(viewer.source)
        viewer.outlet.close()
        system.close(viewer.source)
        self.flow()
        if not self.viewers:
            self._on_alone()

    def picture(self) -> bytes:
        """What a new viewer is shown: the modes that the agent has set, then the newest output."""
        return self._modes.sequence() + self._output.recent()

    def resize(self, rows: int, columns: int) -> None:
        """Give the inner terminal another size; the kernel tells its foreground processes."""
        if 0 < rows < 10000 and 0 < columns < 10000:
            termios.tcsetwinsize(self._master, (rows, columns))

    def redraw(self) -> None:
        """Ask the foreground processes to draw again, also when the size is the same."""
        try:
            group = system.tcgetpgrp(self._master)
            if group > 1:
                system.killpg(group, signals.SIGWINCH)
        except (OSError, OverflowError):
            return

    def type(self, data: bytes) -> None:
        """Pass on what somebody typed."""
        self._typing.write(data)
        if self._typing.pending > TYPED_FULL:
            for viewer in self.viewers:
                self.loop.forget(viewer.source)

    def flow(self) -> None:
        """Read on, or wait for a viewer that has too much before it."""
        if self._ended:
            return
        full = any(viewer.outlet.pending > FULL for viewer in self.viewers)
        if full and self.loop.watches(self._master):
            self.loop.forget(self._master)
            self.loop.after("stalled", STALLED_S, self._stalled)
        elif not full and not self.loop.watches(self._master):
            self.loop.cancel("stalled")
            self.loop.watch(self._master, READ, self._printed)

    def drain(self) -> None:
        """Take what is left to read, at the end."""
        while not self._ended and self._read():
            pass

    def close(self) -> None:
        """Let go of everything."""
        self._on_alone = _nothing
        self._hung_up()
        for viewer in list(self.viewers):
            viewer.leave()
        self._typing.close()
        system.close(self._master)

    def _printed(self) -> None:
        self._read()
        self.flow()

    def _read(self) -> bool:
        try:
            data = system.read(self._master, CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            # EIO: nobody has the terminal open any more.
            data = b""
        if not data:
            self._hung_up()
            return False
        if not self._output.total:
            self._on_first()
        self._output.take(data)
        self._modes.take(data)
        for viewer in list(self.viewers):
            viewer.show(data)
        return True

    def _stalled(self) -> None:
        for viewer in self.viewers:
            if viewer.outlet.pending > FULL:
                viewer.fall_behind()
        self.flow()

    def _listen(self) -> None:
        if self._typing.pending <= TYPED_FULL:
            for viewer in self.viewers:
                if not self.loop.watches(viewer.source):
                    self.loop.watch(viewer.source, READ, viewer._typed)

    def _hung_up(self) -> None:
        if not self._ended:
            self._ended = True
            self.loop.forget(self._master)


def _nothing() -> None:
    return
