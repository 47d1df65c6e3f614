"""A line of typed words that takes no focus."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from parhelia_tui.core.model.text import one_line
from parhelia_tui.widgets.strips import strip_of

LONGEST = 200


class TypedLine(Widget):
    """Shows what is typed after a sign; whoever owns it hands it the keys.

    A field with the focus would lose the letters that are typed faster than the focus moves, or take them out
    of order, and each of them is a key of its own. Here every key goes the same way, and the arrows go on to
    move in the table below.
    """

    DEFAULT_CSS = """
    TypedLine { display: none; height: 1; background: $panel; }
    TypedLine.-shown { display: block; }
    """

    def __init__(self, sign: str, hint: str, id: str | None = None) -> None:
        super().__init__(id=id)
        self._sign = sign
        self._hint = hint
        self.text = ""
        self.typing = False

    def begin(self) -> None:
        """Take keys from now on, behind what is there."""
        self.typing = True
        self._update()

    def end(self) -> None:
        """Take no more keys; what was typed stays in sight."""
        self.typing = False
        self._update()

    def put(self, text: str) -> None:
        """Show a text as if it had been typed, and take no keys."""
        self.text = text
        self.end()

    def clear(self) -> None:
        """Forget what was typed, and take no more keys."""
        self.text = ""
        self.end()

    def take(self, event: events.Key) -> bool:
        """Take a key while there is typing; say whether it was one for this."""
        if event.key == "enter":
            self.end()
        elif event.key == "backspace":
            self.text = self.text[:-1]
        elif event.key == "ctrl+w":
            self.text = self.text.rstrip().rpartition(" ")[0]
        elif event.key == "ctrl+u":
            self.text = ""
        elif event.is_printable and event.character:
            self.text = (self.text + event.character)[:LONGEST]
        else:
            return False
        self._update()
        return True

    def paste(self, text: str) -> None:
        """Take a text that was pasted."""
        self.text = (self.text + one_line(text, LONGEST))[:LONGEST]
        self._update()

    def _update(self) -> None:
        self.set_class(self.typing or bool(self.text), "-shown")
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the sign, the words and the cursor."""
        colours = self.app.theme_variables
        line = Text(f" {self._sign} ", Style(bold=True, color=colours.get("primary")))
        # The end is what is being typed, so a line that is too long loses its beginning.
        line.append(
            self.text[-max(1, self.size.width - 6) :], Style(bold=False, color=colours.get("foreground"))
        )
        if self.typing:
            line.append(" ", Style(reverse=True))
            if not self.text:
                line.append(f" {self._hint}", Style(bold=False, color=colours.get("secondary")))
        return strip_of(line, self.size.width, self.rich_style, self.app.console)
