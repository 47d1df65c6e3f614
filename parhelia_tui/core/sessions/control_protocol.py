"""The text protocol of tmux's control mode, without any I/O (tmux(1), CONTROL MODE)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LINE_LIMIT = 1 << 20
"""Longest line that is kept, in bytes; what follows up to its newline is dropped."""

_OCTAL = re.compile(rb"\\([0-7]{3})")


def unescape(value: bytes) -> bytes:
    """Give back the bytes that a pane wrote: tmux sends backslashes and control bytes as `\\ooo`."""
    return _OCTAL.sub(lambda match: bytes((int(match[1], 8) & 0xFF,)), value)


@dataclass(frozen=True, slots=True)
class Reply:
    """What one command answered.

    Args:
        ours: the command came from this client (flag 1), not from tmux itself.
        failed: tmux ended it with `%error`; the lines say why.
    """

    lines: tuple[bytes, ...]
    ours: bool
    failed: bool


@dataclass(frozen=True, slots=True)
class Output:
    """A pane printed something.

    Args:
        pane: its id, as in `%0`.
        escaped: the bytes as tmux sends them, cut at `LINE_LIMIT`.
    """

    pane: str
    escaped: bytes

    @property
    def data(self) -> bytes:
        """The bytes as the pane wrote them."""
        return unescape(self.escaped)


@dataclass(frozen=True, slots=True)
class Notice:
    """Any other notification: its name without the percent sign, and the rest of its line."""

    name: str
    text: bytes


Event = Reply | Output | Notice


class ControlParser:
    """Cut a control client's output into replies and notifications.

    The lines of a reply are raw, and a hostile pane can show a line that looks like the `%end` of the
    reply that shows it: its three numbers are a clock and a counter. So who asks for a screen says how many
    lines it has, and nothing before that many is taken for the end.

    Args:
        least_lines: asked at the begin of each reply of ours: how many lines it has at the least.
    """

    def __init__(self, least_lines: Callable[[], int] = lambda: 0) -> None:
        self._least_lines = least_lines
        self._line = bytearray()
        self._block: list[bytes] | None = None
        self._stamp = b""
        self._ours = False
        self._least = 0

    def feed(self, data: bytes) -> Iterator[Event]:
        """Take the next bytes of the stream, cut anywhere.

        Yields:
            Events, each before the bytes after it are looked at; the iterator must be read to its end.
        """
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            self._keep(data, start, end)
            start = end + 1
            line = bytes(self._line)
            self._line.clear()
            event = self._whole(line[:-1] if line.endswith(b"\r") else line)
            if event is not None:
                yield event
        self._keep(data, start, len(data))

    def _keep(self, data: bytes, start: int, end: int) -> None:
        room = LINE_LIMIT - len(self._line)
        if room > 0:
            self._line += data[start : min(end, start + room)]

    def _whole(self, line: bytes) -> Event | None:
        if self._block is not None:
            return self._inside(self._block, line)
        if not line.startswith(b"%"):
            return None
        word, _, rest = line[1:].partition(b" ")
        if word == b"begin":
            self._stamp = rest
            self._ours = rest.endswith(b" 1")
            self._least = self._least_lines() if self._ours else 0
            self._block = []
            return None
        if word == b"output":
            pane, _, value = rest.partition(b" ")
            return Output(pane.decode("ascii", "replace"), value)
        if word == b"extended-output":
            head, _, value = rest.partition(b" : ")
            return Output(head.partition(b" ")[0].decode("ascii", "replace"), value)
        return Notice(word.decode("ascii", "replace"), rest)

    def _inside(self, block: list[bytes], line: bytes) -> Event | None:
        failed = line == b"%error " + self._stamp
        if (failed or line == b"%end " + self._stamp) and len(block) >= self._least:
            self._block = None
            return Reply(tuple(block), self._ours, failed)
        block.append(line)
        return None
