"""An agent without a terminal: its lines of JSON, shown as words and read as states.

Each line is one object (`--output-format stream-json`). Lines that are none, types that are unknown and a last
line that was cut are passed over.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

from .states import ASKING_TOOLS, State, of_input, text
from .talk import Talk

LONGEST = 16 * 1024 * 1024
ERRORS_KEPT = 2000
SHOWN = 4000
"""Characters of one text that are shown."""


class Stream:
    """The outputs of an agent.

    Args:
        out, err: descriptors of its standard output and standard error.
        talk: takes its questions.
    """

    def __init__(self, out: int, err: int, talk: Talk) -> None:
        self._talk = talk
        self._out, self._err = out, err
        self.descriptors = [out, err]
        self.result: dict[str, Any] | None = None
        self.errors = ""
        self.works = False
        """Whether it has said, asked or done anything."""
        self._rest = b""
        self._skips = False
        for descriptor in self.descriptors:
            os.set_blocking(descriptor, False)

    def take(self) -> list[State]:
        """Read what there is, show it, and give the states that it tells of."""
        found: list[State] = []
        if self._err in self.descriptors:
            said = self._read(self._err).decode("utf-8", "replace")
            if said:
                self.errors = " ".join((self.errors + " " + clean(said)).split())[-ERRORS_KEPT:]
                self.say(said)
        if self._out in self.descriptors:
            for line in self._lines(self._read(self._out)):
                found += self._take(line)
        return found

    def drain(self) -> list[State]:
        """Read what was written before the end; a process that outlives the agent may hold the outputs open."""
        return [state for _ in range(64) for state in self.take()]

    def say(self, words: str) -> None:
        """Show words without what could act on a terminal."""
        try:
            sys.stdout.write(clean(words[:SHOWN]).rstrip("\n") + "\n")
            sys.stdout.flush()
        except OSError:
            # Nobody looks.
            pass

    def _read(self, descriptor: int) -> bytes:
        found = b""
        while len(found) < LONGEST:
            try:
                piece = os.read(descriptor, 1 << 16)
            except BlockingIOError:
                break
            except OSError:
                piece = b""
            if not piece:
                self.descriptors.remove(descriptor)
                break
            found += piece
        return found

    def _lines(self, piece: bytes) -> Iterator[bytes]:
        *whole, rest = (self._rest + piece).split(b"\n")
        for line in whole:
            if self._skips:
                self._skips = False
            else:
                yield line
        if self._skips or len(rest) > LONGEST:
            self._skips, rest = True, b""
        self._rest = rest

    def _take(self, line: bytes) -> Iterator[State]:
        try:
            entry = json.loads(line.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            return
        if not isinstance(entry, dict):
            return
        kind, subtype = entry.get("type"), entry.get("subtype")
        self.works = self.works or kind in ("assistant", "user", "control_request", "result")
        if kind == "system" and subtype == "init":
            yield State("working", "stream")
        elif kind == "system" and subtype == "api_retry":
            yield self._retry(entry)
        elif kind == "assistant":
            yield from self._assistant(entry)
        elif kind == "user":
            self._tool_result(entry)
            if not entry.get("parent_tool_use_id"):
                yield State("working", "stream")
        elif kind == "control_request":
            tool = self._talk.asked(entry)
            if tool:
                given = of_input(tool, entry["request"].get("input"))
                self.say(f"◆ asks: {tool}({given})")
                yield State(ASKING_TOOLS.get(tool, "permission"), "stream", text(tool), given)
        elif kind == "control_cancel_request":
            self._talk.cancelled(entry)
        elif kind == "result":
            self.result = entry

    def _retry(self, entry: dict[str, Any]) -> State:
        status = entry.get("error_status") or entry.get("error") or "an error"
        said = f"{status}, attempt {entry.get('attempt')}/{entry.get('max_retries')}"
        self.say(f"● retries: {said}")
        return State("retrying", "stream", "", text(said))

    def _assistant(self, entry: dict[str, Any]) -> Iterator[State]:
        sub = "  " if entry.get("parent_tool_use_id") else ""
        for block in _blocks(entry):
            if block.get("type") == "text" and isinstance(block.get("text"), str):
                self.say(f"{sub}● {block['text']}")
                yield State("working", "stream", "", text(block["text"]))
            elif block.get("type") == "tool_use":
                tool, given = text(block.get("name")), of_input(text(block.get("name")), block.get("input"))
                self.say(f"{sub}● {tool}({given})")
                if not sub:
                    yield State("tool", "stream", tool, given)

    def _tool_result(self, entry: dict[str, Any]) -> None:
        for block in _blocks(entry):
            if block.get("type") == "tool_result":
                content = block.get("content")
                if isinstance(content, list):
                    content = " ".join(
                        str(each.get("text", "")) for each in content if isinstance(each, dict)
                    )
                self.say(f"  ⎿ {text(content)}")


def _blocks(entry: dict[str, Any]) -> list[dict[str, Any]]:
    message = entry.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    return [each for each in content if isinstance(each, dict)] if isinstance(content, list) else []


def clean(words: str) -> str:
    """Text without control characters, C1 controls and marks that turn its direction."""
    return "".join(
        letter
        for letter in words.encode("utf-8", "replace").decode("utf-8")
        if letter in "\n\t"
        or (letter.isprintable() and letter not in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068")
    )
