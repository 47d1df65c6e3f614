"""What a terminal would show of all that an app has painted, piece by piece."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

from rich.cells import cell_len
from textual._compositor import CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.screen import Screen

from parhelia_tui.app import ParheliaApp
from tests.support.dashboard import strips

_TOKENS = re.compile(
    r"\x1b\[(\d+);(\d+)H|\x1b\[([0-9;]*)m|\x1b\[[0-9;?]*[A-Za-z]|\x1b\]8;[^\x1b]*\x1b\\|\r|\n"
)


class Painted:
    """The cells of a terminal: each its text and how it is drawn."""

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self.cells: dict[tuple[int, int], tuple[str, str]] = {}
        self.pieces = self.wholes = 0

    def take(self, update: CompositorUpdate) -> None:
        """Paint what Textual sends a terminal."""
        if isinstance(update, LayoutUpdate):
            self.cells.clear()
            self.wholes += 1
        else:
            self.pieces += 1
        self._write(update.render_segments(self._app.console))

    def differs(self) -> str:
        """The first line that is painted in another way than the screen would be as a whole; empty where none is."""
        whole = Painted(self._app)
        for y, strip in enumerate(strips(self._app)):
            whole._write(f"\x1b[{y + 1};1H{strip.render(self._app.console)}")
        for y in range(self._app.size.height):
            mine, theirs = self._line(y), whole._line(y)
            if mine != theirs:
                return f"line {y}:\n{_text(mine)}\n{_text(theirs)}"
        return ""

    def _line(self, y: int) -> list[tuple[str, str]]:
        return [self.cells.get((x, y), (" ", "")) for x in range(self._app.size.width)]

    def _write(self, sequence: str) -> None:
        x = y = at = 0
        look = ""
        for token in _TOKENS.finditer(sequence):
            x = self._put(sequence[at : token.start()], x, y, look)
            at = token.end()
            if token[1]:
                y, x = int(token[1]) - 1, int(token[2]) - 1
            elif token[3] is not None:
                look = "" if token[3] in ("", "0") else token[3]
            elif token[0] == "\n":
                x, y = 0, y + 1
        self._put(sequence[at:], x, y, look)

    def _put(self, text: str, x: int, y: int, look: str) -> int:
        for letter in text:
            width = cell_len(letter)
            for cell in range(width):
                self.cells[x + cell, y] = (letter if cell == 0 else "", look)
            x += width
        return x


@contextmanager
def painted() -> Iterator[list[Painted]]:
    """Follow every dashboard that is opened meanwhile; the last of the list is the newest."""
    found: list[Painted] = []
    own = ParheliaApp._display

    def display(app: ParheliaApp, screen: Screen[object], update: object) -> None:
        if not found or found[-1]._app is not app:
            found.append(Painted(app))
        # What comes of a screen that is not on top is not painted.
        if isinstance(update, CompositorUpdate) and screen is app.screen and not app._batch_count:
            found[-1].take(update)
        own(app, screen, update)  # type: ignore[arg-type]

    with patch.object(ParheliaApp, "_display", display):
        yield found


def _text(cells: Iterable[tuple[str, str]]) -> str:
    return "".join(letter for letter, _ in cells)
