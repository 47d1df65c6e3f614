"""How states, ages and numbers look, in one place: a glyph and a word for each state, a unit for each number."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text

from parhelia_tui.core.model.states import ContainerState, Health, TaskState

GLYPHS: dict[str, str] = {
    TaskState.PENDING: "○",
    TaskState.DISPATCHING: "◌",
    TaskState.RUNNING: "●",
    TaskState.WAITING: "◆",
    TaskState.COMPLETED: "✓",
    TaskState.FAILED: "✗",
    TaskState.CANCELLED: "–",
    TaskState.NEEDS_REVIEW: "◆",
    ContainerState.CREATING: "◌",
    ContainerState.STOPPING: "◌",
    ContainerState.STOPPED: "✓",
    ContainerState.TERMINATED: "–",
    ContainerState.ORPHANED: "!",
    ContainerState.LOST: "!",
    Health.HEALTHY: "●",
    Health.DEGRADED: "◐",
    Health.UNHEALTHY: "◔",
    Health.DEAD: "✗",
    Health.UNKNOWN: "·",
}
# Names of the theme's colours; the calm states have none.
COLOURS: dict[str, str] = {
    TaskState.RUNNING: "primary",
    TaskState.WAITING: "accent",
    TaskState.NEEDS_REVIEW: "accent",
    TaskState.COMPLETED: "success",
    TaskState.FAILED: "error",
    ContainerState.ORPHANED: "error",
    ContainerState.LOST: "error",
    Health.HEALTHY: "success",
    Health.DEGRADED: "warning",
    Health.UNHEALTHY: "error",
    Health.DEAD: "error",
}
BARS = "▁▂▃▄▅▆▇█"


def state(word: str, colours: dict[str, str]) -> Text:
    """A state as glyph and word, in the theme's colour for it.

    Args:
        colours: the theme's variables, name to colour.
    """
    colour = colours.get(COLOURS.get(word, ""), "")
    loud = word in (TaskState.WAITING, TaskState.NEEDS_REVIEW)
    return Text(f"{GLYPHS.get(word, '·')} {word}", Style(color=colour or None, bold=loud))


def age(seconds: float) -> str:
    """A length of time in its largest unit: 8s, 12m, 3h, 2d."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"


def money(usd: float | None) -> str:
    """USD; a dash where nothing is known."""
    return "-" if usd is None else f"${usd:.2f}"


def memory(count: int | None) -> str:
    """Bytes in the unit that a person would say."""
    if count is None:
        return "-"
    return f"{count / 1e9:.1f}G" if count >= 1e9 else f"{count / 1e6:.0f}M"


def bars(values: list[float], most: float | None = None) -> str:
    """One bar for each value; all low where all are zero."""
    top = most or max(values, default=0.0)
    return "".join(BARS[min(7, int(8 * value / top))] if top > 0 else BARS[0] for value in values)
