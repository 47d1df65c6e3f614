"""How states and numbers are written on every front: a glyph and a word for a state, a unit for a number."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum

from parhelia_tui.core.model.records import Limits, Task
from parhelia_tui.core.model.text import one_line


class Tone(StrEnum):
    """What a state asks of the eye; each front has its own colours for it. Calm states have none."""

    LIVE = "live"
    WAITS = "waits"
    GOOD = "good"
    WARNS = "warns"
    BAD = "bad"


# By word and not by member: several kinds of states share their words, and a word that is new to us is no error.
GLYPHS: Mapping[str, str] = {
    "pending": "○", "dispatching": "◌", "running": "●", "waiting": "◆", "completed": "✓", "failed": "✗",
    "cancelled": "–", "needs_review": "◆", "creating": "◌", "stopping": "◌", "stopped": "✓", "terminated": "–",
    "orphaned": "!", "lost": "!", "created": "◌", "initializing": "◌", "ready": "●",
    "healthy": "●", "degraded": "◐", "unhealthy": "◔", "dead": "✗", "unknown": "?",
}  # fmt: skip
TONES: Mapping[str, Tone] = {
    "running": Tone.LIVE, "waiting": Tone.WAITS, "needs_review": Tone.WAITS, "completed": Tone.GOOD,
    "failed": Tone.BAD, "orphaned": Tone.BAD, "lost": Tone.BAD, "healthy": Tone.GOOD, "degraded": Tone.WARNS,
    "unhealthy": Tone.BAD, "dead": Tone.BAD,
}  # fmt: skip


def doing(task: Task, now: float | None = None) -> str:
    """What an agent does by its own word: the state, the tool and its input, who said so and how long ago.

    Args:
        now: epoch seconds, the present if not given.

    Returns:
        One line; empty for an agent that tells no states.
    """
    if not task.agent_state:
        return ""
    about = one_line(" ".join(filter(None, (task.agent_tool, task.agent_detail))), 120)
    words = ": ".join(filter(None, (task.agent_state, about)))
    since = f" ({task.agent_source}, {age(task.agent_at, now)})" if task.agent_source else ""
    return words + since


def worker(task: Task) -> str:
    """Who works on a task: its agent, of the gate of a merge what it is."""
    return "gate" if task.gate_of else task.agent


def parts_done(group: Task) -> str:
    """How far a group is."""
    return f"{group.parts_done} of {group.parts} done"


def glyph(word: str) -> str:
    """The sign of a state."""
    return GLYPHS.get(word, "·")


def age(at: float | None, now: float | None = None) -> str:
    """How long ago a moment (epoch seconds) was: 8s, 12m, 3h, 2d; a dash for none."""
    return "-" if at is None else length((time.time() if now is None else now) - at)


def length(seconds: float) -> str:
    """A length of time in its largest whole unit."""
    for unit, size_s in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size_s:
            return f"{int(seconds // size_s)}{unit}"
    return f"{max(0, int(seconds))}s"


LEAST_USD = 1e-6
"""The smallest amount that is written with its digits."""


def money(usd: float | None, digits: int = 2) -> str:
    """A cost in USD; a dash where nobody knows it or nothing was spent.

    Args:
        digits: behind the point, at least. A smaller amount than they can say has two that count.
    """
    if usd is None:
        return "-"
    small = abs(usd)
    if small == 0 or small >= 10**-digits:
        return f"${usd:.{digits}f}"
    return f"<${LEAST_USD:f}" if small < LEAST_USD else f"${usd:.{1 - math.floor(math.log10(small))}f}"


def size(count: int | None) -> str:
    """A number of bytes in its largest unit; a dash where nobody counted."""
    if count is None:
        return "-"
    if count < 1000:
        return f"{count} B"
    # The borders lie where the rounded number would get a fourth digit.
    if count < 999_500:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e6:.0f} MB" if count < 999_500_000 else f"{count / 1e9:.1f} GB"


def count(number: int) -> str:
    """A number of things in its largest unit: 950, 12.3k, 4.0M."""
    for unit, one in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= one:
            return f"{number / one:.1f}{unit}"
    return str(number)


def several(number: float, one: str, more: str = "") -> str:
    """A number of things: 1 file, 2 files, 0.5 cores.

    Args:
        more: what more than one is called, where that is not the word with an s.
    """
    return f"{number:g} {one}" if number == 1 else f"{number:.15g} {more or f'{one}s'}"


def limits_in_words(limits: Limits) -> str:
    """What somebody may have at most, each by its name; empty where nothing is bounded."""
    return ", ".join(
        f"{each.name} {value:g}" if isinstance(value, float | int) else f"{each.name} {one_line(value, 80)}"
        for each in fields(limits)
        if (value := getattr(limits, each.name)) is not None
    )


def percent(share: float | None) -> str:
    """A share of one processor; a dash where nobody counted."""
    return "-" if share is None else f"{share:.0f}%"


PROOFS = {"agent": "the agent has taken it", "end": "its program ended on it"}


def proof(evidence: str) -> str:
    """Say in words what proves that a reply arrived."""
    return PROOFS.get(evidence, "its terminal shows it")
