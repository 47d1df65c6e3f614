"""The lines that say what went wrong, or why a key did nothing."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from parhelia_tui.core.model.text import one_line

SAID_S = 8.0
"""Seconds that a notice about a key stays."""
CUT = 400


class Notice(Widget):
    """Shows a trouble while it lasts; else what was said, for some seconds; else a warning. Empty, it takes no room.

    An error names paths and what may help, so it takes as many lines as it needs, up to a limit.
    """

    DEFAULT_CSS = """
    Notice { height: auto; max-height: 4; padding: 0 1; background: $accent; color: $background; display: none; }
    Notice.-shown { display: block; }
    Notice.-trouble { background: $error; }
    Notice.-warning { background: $warning; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._trouble, self._said, self._until = "", "", 0.0
        self._warning = ""
        self._shown = ""

    def say(self, text: str, now: float) -> None:
        """Say something from now (epoch seconds) on; nothing takes away what was said."""
        self._said, self._until = text, now + SAID_S
        self.pass_time(now)

    def trouble(self, text: str, now: float) -> None:
        """Say what is wrong until it is well again, which an empty text says."""
        self._trouble = text
        self.pass_time(now)

    def warn(self, text: str, now: float) -> None:
        """Say what is to be known until it is over, which an empty text says; what a key did is said over it."""
        self._warning = text
        self.pass_time(now)

    def pass_time(self, now: float) -> None:
        """Forget what was said long enough ago."""
        if now >= self._until:
            self._said = ""
        text = one_line(self._trouble or self._said or self._warning, CUT)
        self.set_class(bool(text), "-shown")
        self.set_class(bool(self._trouble), "-trouble")
        self.set_class(not (self._trouble or self._said), "-warning")
        if text != self._shown:
            self._shown = text
            self.refresh(layout=True)

    def render(self) -> Text:
        """The words, folded where the line ends."""
        return Text(self._shown)
