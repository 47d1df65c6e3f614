"""Names that a workspace keeps out of its checkpoints: gitignore's syntax, see gitignore(5)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from parhelia_tui.core.checkpoints.coding import digest

FILE = ".parheliaignore"
"""At the top of a workspace."""

FILE_LIMIT = 64 << 10
"""Bytes of it that are read, and lines that may come out of it: somebody hostile may have written it."""

_LINES = 1000
_WILDCARDS = 16
"""In one line: the time that a match takes grows with them."""


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    again: bool
    directories: bool
    by_name: bool


class Rules:
    """Rules in their order; the last one that fits decides.

    Args:
        lines: without line ends. One that makes no sense is passed over, as git does.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        rules = [_rule(line) for line in lines[:_LINES]]
        self._rules = [rule for rule in reversed(rules) if rule is not None]
        self.key = digest("\n".join(lines).encode("utf-8", "surrogateescape")) if self._rules else b""
        """The same for the same rules; empty for none."""

        self._parts: tuple[Rules, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.key)

    def joined(self, other: Rules) -> Rules:
        """Make rules that leave out what either does."""
        if other.key == self.key:
            return self
        both = Rules(())
        both._parts = (self, other)
        both.key = digest(self.key + other.key)
        return both

    def leave_out(self, path: str, directory: bool) -> bool:
        """Say whether a path is kept out; those within a directory that is are never asked for.

        Args:
            path: from the top of the workspace, with `/`.
        """
        if self._parts:
            return any(part.leave_out(path, directory) for part in self._parts)
        name = path[path.rfind("/") + 1 :]
        for rule in self._rules:
            if (directory or not rule.directories) and rule.pattern.fullmatch(name if rule.by_name else path):
                return not rule.again
        return False


def _rule(line: str) -> _Rule | None:
    line = line.rstrip("\r\n")
    while line.endswith(" ") and not line.endswith("\\ "):
        line = line[:-1]
    if not line or line.startswith("#"):
        return None
    again = line.startswith("!")
    line = line[1:] if again else line
    directories = line.endswith("/")
    line = line.rstrip("/") if directories else line
    by_name = "/" not in line
    line = line.removeprefix("/")
    if not line or line.count("*") + line.count("[") > _WILDCARDS:
        return None
    try:
        return _Rule(_regex(line), again, directories, by_name)
    except re.error:
        return None


@lru_cache(1024)
def _regex(glob: str) -> re.Pattern[str]:
    """Make an expression whose match takes time that grows with the path and no power of it.

    What follows a star is looked for at the nearest place and never further on (an atomic group): whatever fits after a
    later place fits after the nearest one too, because the next star reaches as far.
    """
    # Runs of stars say no more than one and would cost time without end.
    parts = re.split(r"(?:^|(?<=/))\*\*(?:/\*\*)*(?=/|$)", glob)
    if len(parts) == 1:
        return re.compile(_segment(glob), re.DOTALL)
    made = ""
    for number, part in enumerate(parts):
        first, last = number == 0, number == len(parts) - 1
        if first:
            made += _segment(part)
        elif last and not part:
            # Before: everything up to here ended with a slash or was nothing.
            made += ".+"
        elif last:
            made += f"(?:.*/)?{_segment(part.removeprefix('/'))}"
        else:
            made += f"(?>(?:.*?/)??{_segment(part.removeprefix('/'))})"
    return re.compile(made, re.DOTALL)


def _segment(glob: str) -> str:
    """Translate what is between two `**`; all after a star but the last is an atomic group."""
    chunks = [""]
    at = 0
    while at < len(glob):
        letter = glob[at]
        at += 1
        if letter == "*":
            while at < len(glob) and glob[at] == "*":
                at += 1
            chunks.append("")
        elif letter == "?":
            chunks[-1] += "[^/]"
        elif letter == "\\" and at < len(glob):
            chunks[-1] += re.escape(glob[at])
            at += 1
        elif letter == "[" and (end := _class_end(glob, at)) > 0:
            inside = glob[at:end].replace("\\", "\\\\").replace("[", "\\[").replace("&&", "&\\&")
            inside = "^" + inside[1:] if inside[0] in "!^" else inside
            chunks[-1] += f"(?!/)[{inside}]"
            at = end + 1
        else:
            chunks[-1] += re.escape(letter)
    first, *others = chunks
    if not others:
        return first
    *middle, last = others
    return first + "".join(f"(?>[^/]*?{each})" for each in middle) + f"[^/]*{last}"


def _class_end(glob: str, at: int) -> int:
    """Find the bracket that ends a class; one right at its beginning belongs to it."""
    start = at + 1 if glob[at : at + 1] in ("!", "^") else at
    return glob.find("]", start + 1)
