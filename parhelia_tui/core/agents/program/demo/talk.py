"""A line to type into that listens also while the agent works, as those of coding agents do."""

from __future__ import annotations

import contextlib
import json
import os
import random
import termios
import time
from collections.abc import Iterator

from .reports import DemoReports
from .screen import Screen, clean
from .signals import Ended, Signals

PROMPTS = "prompts.jsonl"
"""In the workspace: every prompt that was taken, one JSON text a line."""
LEAVE = "/exit"
INTERRUPTED = 130
_BEGIN, _END = b"\x1b[200~", b"\x1b[201~"
_LONGEST = 1 << 20


class Talk:
    """Takes prompts one after the other; what is entered while it works waits for its turn.

    `work 30` keeps it busy for 30 seconds, `/exit` ends it.

    Args:
        pace: multiplies the time that a prompt takes.
    """

    def __init__(
        self, screen: Screen, reports: DemoReports, signals: Signals, chance: random.Random, pace: float
    ) -> None:
        self._screen = screen
        self._reports = reports
        self._signals = signals
        self._chance = chance
        self._pace = pace
        self._raw = b""
        self._typed = ""
        self._pasting = False
        self._queue: list[str] = []

    def run(self) -> None:
        """Talk until somebody says `/exit`, or the terminal is gone."""
        if not self._screen.answers:
            return
        with _letters_as_they_come():
            self._screen.write("\x1b[?2004h")
            try:
                self._listen_on()
            finally:
                self._screen.write("\x1b[?2004l\n")

    def _listen_on(self) -> None:
        while True:
            self._reports.state("waiting", "what next?")
            self._draw()
            while not self._queue:
                self._listen(None)
            prompt = self._queue.pop(0)
            self._reports.prompt(prompt)
            if prompt.strip() == LEAVE:
                return
            with open(PROMPTS, "a", encoding="utf-8") as file:
                file.write(json.dumps(prompt) + "\n")
            self._reports.state("working", "reads what it was told")
            self._screen.write(f"\r\x1b[K● You say: {clean(prompt, 60)}\n")
            self._work(self._seconds(prompt))

    def _seconds(self, prompt: str) -> float:
        """How long a prompt takes: so many seconds as it says (`work 30`), else a moment."""
        first, _, rest = prompt.partition(" ")
        if first == "work" and rest.isdigit() and len(rest) < 5:
            return float(rest)
        return self._chance.uniform(0.0, 0.4) * self._pace

    def _work(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._listen(left)

    def _listen(self, seconds: float | None) -> None:
        """Take what is typed within some time."""
        ready = self._signals.wait(seconds, 0)
        if self._signals.take_interrupt():
            raise Ended(INTERRUPTED, "interrupted")
        if 0 not in ready:
            return
        try:
            some = os.read(0, 65536)
        except OSError:
            some = b""
        if not some:
            raise Ended(0)
        self._raw = (self._raw + some)[-_LONGEST:]
        self._take()
        self._draw()

    def _take(self) -> None:
        while self._raw:
            mark = _END if self._pasting else _BEGIN
            if self._raw.startswith(mark):
                self._raw = self._raw[len(mark) :]
                self._pasting = not self._pasting
            elif mark.startswith(self._raw) or (self._raw[0] >= 0xC0 and not _whole(self._raw)):
                # Its rest is still to come.
                return
            else:
                letter = self._raw[: _size(self._raw)]
                self._raw = self._raw[len(letter) :]
                self._letter(letter.decode("utf-8", "replace"))

    def _letter(self, letter: str) -> None:
        if letter in "\r\n" and not self._pasting:
            if self._typed.strip():
                self._queue.append(self._typed)
            self._typed = ""
        elif letter == "\x7f":
            self._typed = self._typed[:-1]
        elif letter in "\r\n":
            self._typed += "\n"
        elif letter >= " " or letter == "\t":
            self._typed += letter

    def _draw(self) -> None:
        """Show the end of what is typed, on one line."""
        waiting = f"({len(self._queue)} wait) " if self._queue else ""
        self._screen.write(f"\r\x1b[K{waiting}> {clean(self._typed[-400:], 400)[-60:]}")


def _size(raw: bytes) -> int:
    first = raw[0]
    return 1 if first < 0xC0 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4


def _whole(raw: bytes) -> bool:
    return len(raw) >= _size(raw)


@contextlib.contextmanager
def _letters_as_they_come() -> Iterator[None]:
    """No lines and no echo by the kernel, whose lines end at 4096 bytes."""
    before = termios.tcgetattr(0)
    modes = termios.tcgetattr(0)
    modes[3] &= ~(termios.ICANON | termios.ECHO)
    termios.tcsetattr(0, termios.TCSADRAIN, modes)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(0, termios.TCSADRAIN, before)
