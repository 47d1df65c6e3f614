"""The line of time: how much happened when, and where in it one stands."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from rich.style import Style
from rich.text import Text

from parhelia_tui.widgets import look


def time_line(
    first: float, last: float, at: float, density: Sequence[int], colours: Mapping[str, str]
) -> Text:
    """Draw it.

    Args:
        first, last: the moments (epoch seconds) at its ends.
        at: the moment that is shown.
        density: events in each part, all of them equally long.
        colours: names of the theme to colours.
    """
    calm = Style(color=colours.get("secondary"))
    line = Text(time.strftime("%d %b %H:%M ", time.localtime(first)), calm)
    place = int((at - first) / max(last - first, 1e-6) * len(density))
    place = max(0, min(len(density) - 1, place))
    most = max([*density, 1])
    for number, count in enumerate(density):
        style = Style(
            color=colours.get("accent" if number <= place else "secondary"), reverse=number == place
        )
        line.append(look.bars([count], most) if count else "·", style)
    return line.append(time.strftime(" %d %b %H:%M", time.localtime(last)), calm)
