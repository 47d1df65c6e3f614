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


def unsent(rules: Path, lines: Sequence[str], row: int, column: int) -> str | None:
    """Read the words that stand unsent in the line a person types into, None where there is no such line.

    Args:
        rules: a file of rules with a table `line`.
        lines: the screen, as safe text, one a row.
        row, column: of the cursor, from 0. Right behind the mark it says that nothing stands there: what is
            shown after it is a hint of the program's own.
    """
    mark, edge = _line(rules)
    first = row
    while 0 <= first < len(lines) and not lines[first].startswith(mark):
        if lines[first].startswith(edge):
            return None
        first -= 1
    last = next((number for number in range(row, len(lines)) if lines[number].startswith(edge)), 0)
    if not 0 <= first < last:
        return None
    if first == row and column <= len(mark) + 1:
        return ""
    return "\n".join([lines[first].removeprefix(mark), *lines[first + 1 : last]]).strip()


@functools.cache
def _line(path: Path) -> tuple[str, str]:
    line = tomllib.loads(path.read_text(encoding="utf-8"))["line"]
    return line["mark"], line["edge"]


@functools.cache
def _rules(path: Path) -> tuple[tuple[str, re.Pattern[str]], ...]:
    rules = tomllib.loads(path.read_text(encoding="utf-8"))["rule"]
    return tuple((rule["state"], re.compile(rule["pattern"])) for rule in rules)
