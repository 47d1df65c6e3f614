"""An agent without a terminal whose lines of output are known by patterns alone."""

from __future__ import annotations

import json
import os
import re
from typing import Any

from .states import State, text
from .stream import clean

LOOKED_AT = 4000
"""Characters of a line that the patterns see."""
LONGEST = 1024 * 1024


class Lines:
    """The output of an agent.

    Args:
        out, err: descriptors of its standard output and standard error.
        patterns: a file with a JSON object of states and regular expressions. Groups named `tool`, `detail` and
            `words` tell the tool, its input and the last words.
    """

    def __init__(self, out: int, err: int, patterns: str) -> None:
        self._rest = {out: b"", err: b""}
        self.descriptors = [out, err]
        self.last_words = ""
        self.errors = ""
        self.result: dict[str, Any] | None = None
        with open(patterns, encoding="utf-8") as file:
            self._patterns = [(state, re.compile(pattern)) for state, pattern in json.load(file).items()]
        for descriptor in self.descriptors:
            os.set_blocking(descriptor, False)

    def take(self) -> list[State]:
        """Read what there is, show it, and give the states that it tells of."""
        found = []
        for descriptor in list(self.descriptors):
            for line in self._lines(descriptor):
                self.say(line)
                found += self._states(line)
        return found

    def drain(self) -> list[State]:
        """Read what was written before the end."""
        found = []
        for _ in range(64):
            found += self.take()
        for rest in self._rest.values():
            if rest:
                self.say(rest.decode("utf-8", "replace"))
        return found

    def say(self, words: str) -> None:
        """Show words without what could act on a terminal."""
        try:
            os.write(1, (clean(words[:LOOKED_AT]) + "\n").encode())
        except OSError:
            # Nobody looks.
            pass

    def _lines(self, descriptor: int) -> list[str]:
        try:
            piece = os.read(descriptor, 1 << 16)
        except BlockingIOError:
            return []
        except OSError:
            piece = b""
        if not piece:
            self.descriptors.remove(descriptor)
            return []
        *whole, rest = (self._rest[descriptor] + piece).split(b"\n")
        self._rest[descriptor] = rest[-LONGEST:]
        return [line.decode("utf-8", "replace") for line in whole]

    def _states(self, line: str) -> list[State]:
        for state, pattern in self._patterns:
            match = pattern.search(line[:LOOKED_AT])
            if match is not None:
                said = {name: text(value) for name, value in match.groupdict().items() if value}
                self.last_words = said.get("words", self.last_words)
                return [
                    State(state, "stream", said.get("tool", ""), said.get("detail", said.get("words", "")))
                ]
        return []
