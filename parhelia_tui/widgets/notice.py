"""The line that says what went wrong, or why a key did nothing."""

from __future__ import annotations

from rich.text import Text

from parhelia_tui.core.model.text import one_line
from parhelia_tui.widgets.bar import Bar, Part

SAID_S = 8.0
"""Seconds that a notice about a key stays."""
CUT = 400


class Notice(Bar):
    """Shows a trouble while it lasts; else what was said, for some seconds. Empty, it takes no room."""

    DEFAULT_CSS = """
    Notice { background: $accent; color: $background; display: none; }
    Notice.-shown { display: block; }
    Notice.-trouble { background: $error; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._trouble, self._said, self._until = "", "", 0.0

    def say(self, text: str, now: float) -> None:
        """Say something from now (epoch seconds) on; nothing takes away what was said."""
        self._said, self._until = text, now + SAID_S
        self.pass_time(now)

    def trouble(self, text: str, now: float) -> None:
        """Say what is wrong until it is well again, which an empty text says."""
        self._trouble = text
        self.pass_time(now)

    def pass_time(self, now: float) -> None:
        """Forget what was said long enough ago."""
        if now >= self._until:
            self._said = ""
        text = self._trouble or self._said
        self.set_class(bool(text), "-shown")
        self.set_class(bool(self._trouble), "-trouble")
        self.show([Part(Text(one_line(text, CUT)))])
