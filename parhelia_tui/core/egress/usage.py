"""Reading what a response used, while it passes (the Messages API: message_start, message_delta, usage)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from parhelia_tui.core.meter.bill import Usage
from parhelia_tui.core.meter.table import FACTORS

LONGEST_LINE = 1 << 20
"""Bytes of a line that are looked at. Lines with usage are short; longer ones hold what the model said."""
LONGEST_BODY = 32 << 20
MOST = 10**9
_LETTERS_A_TOKEN = 4
_AROUND_A_DELTA = 90
"""Bytes of a delta's line beside its text."""


class Reading:
    """What is known of one response.

    Args:
        model: that answered; empty where it was not said.
        final: the last word on what was used has come.
        started: the first word on it has come.
        failed: it ends with an error.
        searches: requests of the provider's own web search.
        extras: what was given that makes it dearer; None where nothing is said of it.
    """

    def __init__(self) -> None:
        self.model = ""
        self.final = False
        self.started = False
        self.failed = False
        self.searches = 0
        self.extras: frozenset[str] | None = None
        self._tokens: dict[str, int] = {}
        self._said = 0

    @property
    def usage(self) -> Usage:
        """What was used so far; without the last word, the output is guessed from its length."""
        tokens = dict(self._tokens)
        if not self.final:
            tokens["output"] = max(tokens.get("output", 0), self._said)
        return Usage(**{"input": 0, "output": 0, **tokens})

    def take(self, event: Mapping[str, Any]) -> None:
        """Take an event of a stream, or a whole message, as hostile as can be."""
        kind = event.get("type")
        message = event.get("message") if kind == "message_start" else event
        if kind not in ("message_start", "message_delta", "message") or not isinstance(message, Mapping):
            return
        model, usage = message.get("model"), message.get("usage")
        if isinstance(model, str) and not self.model:
            self.model = model[:200]
        if isinstance(usage, Mapping):
            self._merge(usage)
            self.started = True
            # Numbers in a delta are of the whole response so far, so the last one counts.
            self.final = kind != "message_start"

    def hear(self, line: bytes) -> None:
        """Count the text in a line of a stream."""
        self._said += max(1, (len(line) - _AROUND_A_DELTA) // _LETTERS_A_TOKEN)

    def _merge(self, usage: Mapping[str, Any]) -> None:
        for name, field in (
            ("input_tokens", "input"),
            ("output_tokens", "output"),
            ("cache_read_input_tokens", "cache_read"),
        ):
            number = _count(usage.get(name))
            if number is not None:
                self._tokens[field] = number
        written = _count(usage.get("cache_creation_input_tokens"))
        parts = usage.get("cache_creation")
        long = _count(parts.get("ephemeral_1h_input_tokens")) if isinstance(parts, Mapping) else None
        if written is not None:
            self._tokens["cache_write_1h"] = min(long or 0, written)
            self._tokens["cache_write_5m"] = written - min(long or 0, written)
        said = extras(usage)
        if said is not None:
            self.extras = said
        tools = usage.get("server_tool_use")
        if isinstance(tools, Mapping):
            self.searches = max(self.searches, _count(tools.get("web_search_requests")) or 0)


class StreamMeter:
    """Reads a stream of server-sent events as it passes, in pieces cut anywhere."""

    def __init__(self) -> None:
        self.reading = Reading()
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> None:
        """Read on."""
        lines = data.split(b"\n") if not self._rest else (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if self._skipping:
                self._skipping = False
            elif b'"usage"' in line and line.startswith(b"data:"):
                # What the model says can look like anything, and so can a stop sequence, which is the request's;
                # but a quotation mark in it is written with a backslash.
                self.reading.take(_object(line[5:]))
            elif b"content_block_delta" in line:
                self.reading.hear(line)
            elif line.startswith(b"event: error"):
                self.reading.failed = True
        if len(self._rest) > LONGEST_LINE:
            self.reading.hear(self._rest)
            self._rest, self._skipping = b"", True

    def close(self) -> None:
        """The response is over."""


class BodyMeter:
    """Reads a response that comes as one JSON message."""

    def __init__(self) -> None:
        self.reading = Reading()
        self._body = bytearray()
        self._whole = True

    def feed(self, data: bytes) -> None:
        """Read on."""
        if len(self._body) + len(data) > LONGEST_BODY:
            self._whole = False
        if self._whole:
            self._body += data
        self.reading.hear(data)

    def close(self) -> None:
        """The response is over: read it."""
        if self._whole:
            self.reading.take(_object(bytes(self._body)))


def extras(fields: Mapping[str, Any]) -> frozenset[str] | None:
    """What makes a request dearer, as it asks for it or as its answer tells; None where nothing is said of it."""
    said = [fields.get(name) for name in ("speed", "inference_geo")]
    if said == [None, None]:
        return None
    return frozenset(each for each in said if isinstance(each, str) and each in FACTORS)


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
        return None
    return value
