"""Turns, tokens and last words, from the files of a conversation as they grow.

`~/.claude/projects/<directory>/<id>.jsonl`, and `<id>/subagents/*.jsonl` beside it. They are only ever added to.
A message's usage stands on the line of each of its blocks, so it is counted once by the message's id.
"""

from __future__ import annotations

import json
import os
from typing import Any

LONGEST = 8 * 1024 * 1024
"""Bytes of a line that is read; a longer one is passed over."""
PIECE = 1024 * 1024
KNOWN = 20_000
"""Messages whose tokens are remembered, so that a block more does not count them twice."""


class Growing:
    """One file that grows, read line by line."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""
        self._skips = False

    def lines(self) -> list[bytes]:
        """What was added since, as whole lines; what has no newline yet comes later."""
        found: list[bytes] = []
        try:
            with open(self._path, "rb") as file:
                file.seek(self._offset)
                while piece := file.read(PIECE):
                    self._offset += len(piece)
                    self._take(piece, found)
        except OSError:
            # It is not there yet, or not any more.
            return found
        return found

    def _take(self, piece: bytes, found: list[bytes]) -> None:
        *whole, rest = (self._rest + piece).split(b"\n")
        for line in whole:
            if self._skips:
                self._skips = False
            elif len(line) <= LONGEST:
                found.append(line)
        if self._skips or len(rest) > LONGEST:
            self._skips, rest = True, b""
        self._rest = rest


class Transcript:
    """The conversation of one session.

    Args:
        projects: the directory below which it lies; the directory's own name follows from the working
            directory by rules that differ, so it is looked for.
        session: its id.
    """

    def __init__(self, projects: str, session: str) -> None:
        self._projects = projects
        self._session = session
        self._files: dict[str, Growing] = {}
        self._usage: dict[str, tuple[int, int]] = {}
        self.turns = 0
        self.input_tokens = 0
        self.output_tokens = 0
        self.last_words = ""
        self.turn_words = ""
        """The last words since somebody said something to it."""

    def read(self) -> bool:
        """Read what was added; says whether there was anything."""
        before = self._so_far()
        for path in self._paths():
            growing = self._files.setdefault(path, Growing(path))
            for line in growing.lines():
                self._take(line)
        return before != self._so_far()

    def _so_far(self) -> tuple[int, int, int, str]:
        return self.turns, self.input_tokens, self.output_tokens, self.last_words

    def _paths(self) -> list[str]:
        found = []
        for directory in _entries(self._projects):
            own = os.path.join(self._projects, directory, f"{self._session}.jsonl")
            if os.path.isfile(own):
                found.append(own)
                agents = os.path.join(self._projects, directory, self._session, "subagents")
                found += [os.path.join(agents, name) for name in _entries(agents) if name.endswith(".jsonl")]
        return found

    def _take(self, line: bytes) -> None:
        try:
            entry = json.loads(line.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            return
        message = entry.get("message") if isinstance(entry, dict) else None
        if not isinstance(message, dict):
            return
        own = not entry.get("isSidechain")
        if entry.get("type") == "user" and own and _is_said(message.get("content")):
            self.turn_words = ""
        elif entry.get("type") == "assistant":
            self._count(message)
            if own and (said := words(message.get("content"))):
                self.last_words = self.turn_words = said

    def _count(self, message: dict[str, Any]) -> None:
        usage, name = message.get("usage"), message.get("id")
        if not isinstance(usage, dict) or not isinstance(name, str) or message.get("model") == "<synthetic>":
            return
        kinds = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
        spent = (sum(count(usage.get(kind)) for kind in kinds), count(usage.get("output_tokens")))
        known = self._usage.get(name)
        if known is None:
            self.turns += 1
            if len(self._usage) >= KNOWN:
                self._usage.pop(next(iter(self._usage)))
        old = known or (0, 0)
        self._usage[name] = (max(spent[0], old[0]), max(spent[1], old[1]))
        self.input_tokens += self._usage[name][0] - old[0]
        self.output_tokens += self._usage[name][1] - old[1]


def words(content: Any) -> str:
    """The last text of a message."""
    texts = [
        each["text"]
        for each in (content if isinstance(content, list) else [])
        if isinstance(each, dict) and each.get("type") == "text" and isinstance(each.get("text"), str)
    ]
    return " ".join(texts[-1][:4000].split())[:300] if texts else ""


def _is_said(content: Any) -> bool:
    """Say whether this is what a person or a prompt said, and not what a tool gave."""
    blocks = content if isinstance(content, list) else [{"type": "text"}]
    return any(isinstance(each, dict) and each.get("type") == "text" for each in blocks)


def count(value: Any) -> int:
    """A number of tokens; nothing where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12 else 0


def _entries(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []
