"""Drawing on the terminal: lines that scroll, and one status line that is redrawn in place."""

from __future__ import annotations

import os
import select
import termios
import unicodedata
from collections.abc import Mapping

from .signals import Ended, Signals

STYLES = {
    "bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36",
    "accent": "38;5;173", "added": "38;5;114", "removed": "38;5;174",
}  # fmt: skip
LINE_LIMIT = 16_384
HANGUP = 129


def clean(text: str, limit: int = 2000) -> str:
    """Make text from elsewhere one line without control characters, cut at `limit` characters."""
    line = "".join(
        " " if letter.isspace() else letter
        for letter in text[: limit * 2]
        if letter.isspace() or unicodedata.category(letter) not in ("Cc", "Cf", "Cs")
    )
    line = line.rstrip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


class Screen:
    """The terminal on standard input and output, or whatever stands there instead.

    Args:
        signals: waits for input.
        environ: says whether colours are wanted.
    """

    def __init__(self, signals: Signals, environ: Mapping[str, str]) -> None:
        self._signals = signals
        self._shows = os.isatty(1)
        self._colours = self._shows and environ.get("TERM") != "dumb" and not environ.get("NO_COLOR")
        self._status = False
        self.muted = False

    @property
    def answers(self) -> bool:
        """Whether somebody could type."""
        return os.isatty(0)

    def paint(self, style: str, text: str) -> str:
        """Give text in a style, where there are colours."""
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self._colours else text

    def say(self, text: str = "") -> None:
        """Print lines below everything that was printed."""
        self.write(self._cleared() + text + "\n")

    def status(self, text: str) -> None:
        """Redraw the status line; it is cut so that it never wraps, since a wrapped line cannot be redrawn."""
        if not self._shows or self.muted:
            return
        shown = text[: max(0, self._columns() - 1)]
        self.write(f"\r{self.paint('cyan', shown)}\x1b[K")
        self._status = True

    def ask(self, question: str, beside: int | None = None) -> str | None:
        """Print a question and wait for a line.

        Args:
            beside: a descriptor from which the answer may come instead; what comes there stays there.

        Returns:
            What was typed; "" for a bare Enter, for an answer that came beside, or where nobody can answer,
            None for Ctrl+C.
        """
        if self.answers:
            # What was typed before the question was seen is no answer to it.
            termios.tcflush(0, termios.TCIFLUSH)
        bell = "\a" if self._shows else ""
        self.write(f"{self._cleared()}{bell}{self.paint('yellow', '◆ ' + question)} ")
        typed = b""
        # Where nobody can type, the end of the input is no answer while another may come.
        reading = (0,) if self.answers or beside is None else ()
        while not (b"\n" in typed or b"\r" in typed):
            ready = self._wait_for_input(*reading, *(() if beside is None else (beside,)))
            if self._signals.take_interrupt():
                self.write("\n")
                return None
            if beside in ready:
                self.write("\n")
                return ""
            if 0 in ready:
                some = _read(0)
                if not some:
                    self.write("\n")
                    break
                typed = (typed + some)[-LINE_LIMIT:]
        if not self.answers:
            self.write("\n")
        lines = typed.decode("utf-8", "replace").splitlines()
        return clean(lines[0], 200).strip() if lines else ""

    def write(self, text: str) -> None:
        """Write text as it is, unless what is being told was told before."""
        if not self.muted:
            self.write_bytes(text.encode("utf-8", "replace"))

    def write_bytes(self, data: bytes) -> None:
        """Write bytes; waits while the terminal does not take them.

        Raises:
            Ended: the terminal is gone.
        """
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(1, view) :]
            except BlockingIOError:
                select.select([], [1], [])
            except OSError:
                raise Ended(HANGUP) from None

    def last_words(self, text: str) -> None:
        """Print a line if the terminal takes it at once."""
        line = f"{self._cleared()}\n{self.paint('yellow', '■ ' + text)}\n"
        try:
            if select.select([], [1], [], 0.2)[1]:
                os.write(1, line.encode())
        except OSError:
            # Nobody is there.
            return

    def _wait_for_input(self, *reading: int) -> set[int]:
        try:
            return self._signals.wait(None, *reading)
        except (OSError, ValueError):
            # Standard input is closed; reading says so too.
            return {0}

    def _cleared(self) -> str:
        was, self._status = self._status, False
        return "\r\x1b[K" if was else ""

    def _columns(self) -> int:
        try:
            # 0 is a terminal to which nobody gave a size.
            return os.get_terminal_size(1).columns or 80
        except OSError:
            return 80


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:
        # A terminal that hung up, or a descriptor that is closed: as the end of a file.
        return b""
