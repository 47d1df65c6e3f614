"""The pane of tmux in which the shim was started: our own terminal, made a plain channel of bytes."""

from __future__ import annotations

import termios

from parhelia_tui.core.shim import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from parhelia_tui.core.shim.terminal import Terminal, Viewer


class Pane:
    """Our own terminal, if we have one."""

    def __init__(self) -> None:
        self._terminal: Terminal | None = None
        self._viewer: Viewer | None = None
        self._there = system.isatty(0)

    def size(self) -> tuple[int, int] | None:
        """Rows and columns; None without a terminal."""
        if not self._there:
            return None
        try:
            rows, columns = termios.tcgetwinsize(0)
        except (OSError, termios.error):
            return None
        return (rows, columns) if rows and columns else None

    def attach(self, terminal: Terminal) -> None:
        """Join our terminal to the inner one; from then on nothing else here reads or writes it."""
        self._terminal = terminal
        if self._there:
            make_raw(0)
            source, sink = system.dup(0), system.dup(0)
            system.set_blocking(source, False)
            self._viewer = terminal.add(source, sink)
        leave_standard_streams()

    def take(self, descriptor: int) -> None:
        """Have a terminal for ours that we do not stand in; it is closed when the viewer leaves."""
        assert self._terminal is not None
        make_raw(descriptor)
        self._viewer = self._terminal.add(descriptor, system.dup(descriptor))
        self.resized()

    def resized(self) -> None:
        """Give the inner terminal the size that ours has now."""
        viewer, terminal = self._viewer, self._terminal
        if viewer is None or terminal is None or viewer not in terminal.viewers:
            return
        try:
            rows, columns = termios.tcgetwinsize(viewer.source)
        except (OSError, termios.error):
            return
        terminal.resize(rows, columns)


def make_raw(descriptor: int) -> None:
    """Pass every byte on as it is, in both directions (cfmakeraw(3)); the module `tty` costs more than it holds."""
    modes = termios.tcgetattr(descriptor)
    modes[0] &= ~(
        termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP | termios.INLCR | termios.IGNCR
    )
    modes[0] &= ~(termios.ICRNL | termios.IXON)
    modes[1] &= ~termios.OPOST
    modes[2] &= ~(termios.CSIZE | termios.PARENB)
    modes[2] |= termios.CS8
    modes[3] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
    modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
    termios.tcsetattr(descriptor, termios.TCSANOW, modes)


def leave_standard_streams() -> None:
    """Point the standard streams at nothing: an error of ours must not be drawn over the agent's screen."""
    nothing = system.open("/dev/null", system.O_RDWR | system.O_CLOEXEC)
    for descriptor in (0, 1, 2):
        system.dup2(nothing, descriptor)
    system.close(nothing)
