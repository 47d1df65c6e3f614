"""What the screen of an agent means: the last resort, by rules that are data."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

LINES = 14
"""So many lines at the end are looked at; what stands above is talk, which can say anything."""


def meaning(rules: Path, lines: Sequence[str]) -> tuple[str, str] | None:
    """Give the state and the detail that a screen shows, None where no rule fits.

    Args:
        rules: a file of rules, as `claude/screen.toml`.
        lines: the screen, as safe text.
    """
    shown = "\n".join([line.rstrip()[:400] for line in lines if line.strip()][-LINES:])
    for state, pattern in _rules(rules):
        found = pattern.search(shown)
        if found is not None:
            return state, found.groupdict().get("detail") or ""
    return None


@functools.cache
def _rules(path: Path) -> tuple[tuple[str, re.Pattern[str]], ...]:
    rules = tomllib.loads(path.read_text(encoding="utf-8"))["rule"]
    return tuple((rule["state"], re.compile(rule["pattern"])) for rule in rules)
