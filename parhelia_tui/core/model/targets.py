"""The targets of a task: putting one into a prompt, and finding those that a prompt plainly lists."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from parhelia_tui.core.model.errors import ParheliaError

PLACE = "{target}"
"""Stands in a prompt where each part has its own target."""

# A path: something with a slash or with a short ending, and nothing that could belong to a sentence around it.
_PATH = r"(?:[\w@.+~-]*/[\w@.+~/*-]*[\w@/*]|[\w@+~-][\w@.+~*-]*\.[A-Za-z][A-Za-z0-9]{0,7})(?![\w/])"
_BETWEEN = r"(?:\s*[,;]\s*(?:and\s+)?|\s+(?:and|&)\s+)"
_QUOTED = f"[`'\"]?{_PATH}[`'\"]?"
_IN_A_LINE = re.compile(rf"(?<![\w@.+~/-]){_QUOTED}(?:{_BETWEEN}{_QUOTED})+")
_POINT = re.compile(r"^[ \t]*[-*•][ \t]+(\S.*?)[ \t]*$")


@dataclass(frozen=True, slots=True)
class Listed:
    """A prompt with `{target}` in the place of its list, and what the list held."""

    prompt: str
    targets: tuple[str, ...]


def filled(prompt: str, target: str, agent: str) -> str:
    """Put a target in its place; in the command line of the agent `shell` as one word, whatever it holds."""
    return prompt.replace(PLACE, shlex.quote(target) if agent == "shell" else target)


def listed(prompt: str) -> Listed:
    """Find the one list of a prompt: paths in a line ("a.py, b.py and c.py"), or points, one a line.

    Numbered lines are no such list, because they mostly are steps of which each needs the one before.

    Raises:
        ParheliaError: E100 where there is no list, or more than one.
    """
    found = [*_points(prompt), *_in_lines(prompt)]
    if len(found) != 1:
        what = "lists no targets" if not found else f"holds {len(found)} lists"
        raise ParheliaError(
            "E100",
            f"the prompt {what}; name the targets yourself",
            recovery=('parhelia task create "PROMPT with {target}" --target A --target B',),
        )
    return found[0]


def _in_lines(prompt: str) -> list[Listed]:
    return [
        Listed(
            prompt[: match.start()] + PLACE + prompt[match.end() :],
            tuple(path.strip("`'\"") for path in re.findall(_QUOTED, match[0])),
        )
        for match in _IN_A_LINE.finditer(prompt)
    ]


def _points(prompt: str) -> list[Listed]:
    """Find runs of at least two lines that begin with a point."""
    lines = prompt.split("\n")
    runs: list[tuple[int, int]] = []
    begin = 0
    for number in range(len(lines) + 1):
        if number < len(lines) and _POINT.match(lines[number]):
            continue
        if number - begin >= 2:
            runs.append((begin, number))
        begin = number + 1
    return [
        Listed(
            "\n".join([*lines[:begin], PLACE, *lines[end:]]),
            tuple(match[1].strip("`") for line in lines[begin:end] if (match := _POINT.match(line))),
        )
        for begin, end in runs
    ]
