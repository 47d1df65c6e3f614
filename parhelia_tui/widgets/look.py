"""How states and series look on the screen: words of `core.model.display` in the colours of the theme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.style import Style
from rich.text import Text

from parhelia_tui.core.model.display import TONES, Tone, glyph

# Names of the theme's colours.
COLOURS: Mapping[Tone, str] = {
    Tone.LIVE: "primary",
    Tone.WAITS: "accent",
    Tone.GOOD: "success",
    Tone.WARNS: "warning",
    Tone.BAD: "error",
}
BARS = "▁▂▃▄▅▆▇█"


def colour(word: str, colours: Mapping[str, str]) -> str | None:
    """The theme's colour for a state; None for a calm one.

    Args:
        colours: the theme's variables, name to colour.
    """
    tone = TONES.get(word)
    return colours.get(COLOURS[tone]) if tone else None


def state(word: str, colours: Mapping[str, str]) -> Text:
    """A state as glyph and word; what waits for a person is loud."""
    loud = TONES.get(word) is Tone.WAITS
    return Text(f"{glyph(word)} {word}", Style(color=colour(word, colours), bold=loud))


def bars(values: Sequence[float], most: float | None = None) -> str:
    """One bar for each value; all low where all are zero.

    Args:
        most: what a full bar stands for; the largest value if not given.
    """
    top = most or max(values, default=0.0)
    return "".join(BARS[min(7, int(8 * value / top))] if top > 0 else BARS[0] for value in values)
