"""Following what happens: looking again and again, and printing what a task prints."""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import select
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from parhelia_tui.cli.feedback import beside
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.redaction import begun_key, redacted
from parhelia_tui.core.model.states import TASK_SETTLED, TaskState
from parhelia_tui.core.model.text import one_line, plain

LOOK_EVERY_S = 0.05
WAKE_EVERY_S = 1.0
PATIENCE_S = 60.0
"""How long a controller may fail to start before a command that waits for it gives up."""
READ_BYTES = 1 << 20
HELD_BACK = 4096
"""Longest beginning of a control sequence that waits for its end, in characters."""

# A control sequence whose end has not come yet: an escape alone, one with parameters, a string without its
# terminator (ECMA-48, as in core/model/text.py); or a carriage return that may belong to a line's end.
_UNFINISHED = re.compile(r"(?:\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\n]*\x1b?|[ -/]*)?|\r)\Z")


def pause(seconds: float) -> None:
    """Wait, while somebody reads what this process prints.

    Raises:
        BrokenPipeError: nobody does any more, which without a word to print would never be noticed.
    """
    watch = select.poll()
    # Only what is always told: POLLERR where a pipe has lost its reader, POLLHUP of a terminal (poll(2)).
    watch.register(1, 0)
    if watch.poll(seconds * 1000):
        raise BrokenPipeError


class Looking:
    """Times the looks of a command that waits, and keeps a controller running for it.

    Args:
        client: the door; asked whether a controller runs, at most once a second.
        printing: the command only prints, so it is over when nobody reads any more.
    """

    def __init__(self, client: Client, *, printing: bool = False) -> None:
        self._client = client
        self._wait = pause if printing else time.sleep
        self._next_wake = time.monotonic() + WAKE_EVERY_S
        self._failing_since: float | None = None
        self._disk_full = False

    def pause(self) -> None:
        """Wait until the next look is due, and say once on standard error why it may take long.

        Raises:
            ParheliaError: E500 when no controller could be started for `PATIENCE_S` seconds.
            BrokenPipeError: the command only prints, and nobody reads any more.
        """
        self._wait(LOOK_EVERY_S)
        now = time.monotonic()
        if now < self._next_wake:
            return
        self._next_wake = now + WAKE_EVERY_S
        status = self._client.controller_status()
        if status.disk_full and not self._disk_full:
            beside(
                f"the disk of {one_line(str(self._client.paths.home), 1000)} is full: what has happened cannot be recorded,"
                " so this waits until there is room"
            )
        self._disk_full = status.disk_full
        if status.pid is not None:
            self._failing_since = None
            return
        try:
            self._client.wake()
            self._failing_since = None
        except ParheliaError:
            self._failing_since = self._failing_since or now
            if time.monotonic() - self._failing_since > PATIENCE_S:
                raise


class SafeStream:
    """Makes safe text of the bytes of a terminal as they come, without secrets of known shapes.

    A line that is drawn over in place becomes a line for each drawing, since nothing moves back here.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._line_begun = False

    def feed(self, data: bytes, *, last: bool = False) -> str:
        """Give the text of what came, and keep back what may be half a character or control sequence."""
        text = self._held + self._decoder.decode(data, last)
        self._held = ""
        if not last:
            unfinished = _UNFINISHED.search(text[-HELD_BACK:])
            if unfinished:
                self._held = unfinished[0]
                text = text[: len(text) - len(self._held)]
            # A key that comes in two pieces would be hidden in neither.
            begun = begun_key(text)
            self._held = begun + self._held
            text = text[: len(text) - len(begun)]
        text = text.replace("\r\n", "\n")
        if not self._line_begun:
            text = text.lstrip("\r")
        shown = redacted(plain(re.sub(r"\r+\n?", "\n", re.sub(r"\n\r+", "\n", text))))
        if shown:
            self._line_begun = not shown.endswith("\n")
        return shown


class LogFollower:
    """Reads what a task prints, over the turns of its log and over its attempts.

    Args:
        client: the door.
        task_id: whose output is read.
        back: begin so many bytes before the present end of the log; with its beginning when None.
    """

    def __init__(self, client: Client, task_id: str, *, back: int | None = None) -> None:
        self._client = client
        self._task_id = task_id
        self._back = back
        self._path: Path | None = None
        self._file: IO[bytes] | None = None
        self._stream = SafeStream()

    def read(self, *, last: bool = False) -> Iterator[str]:
        """Give what came since the last call as safe text; `last` gives the rest too, and lets go."""
        path = self._client.log_path(self._client.task(self._task_id))
        if path != self._path:
            yield from self._rest(whole=True)
            self._path = path
        if self._file is None and self._path is not None:
            self._open()
        yield from self._rest(whole=last)
        # The log that was full has another name now, and a new one has begun.
        while not last and self._file is not None and self._turned():
            yield from self._rest(whole=False)
            self._close()
            self._open()
            yield from self._rest(whole=False)

    def _rest(self, *, whole: bool) -> Iterator[str]:
        while self._file is not None and (data := self._file.read(READ_BYTES)):
            yield self._stream.feed(data)
        if whole:
            yield self._stream.feed(b"", last=True)
            self._close()
            self._stream = SafeStream()

    def _open(self) -> None:
        assert self._path is not None
        with contextlib.suppress(FileNotFoundError):
            self._file = self._path.open("rb")
            if self._back is not None:
                self._file.seek(max(0, self._file.seek(0, os.SEEK_END) - self._back))
        self._back = None

    def _turned(self) -> bool:
        assert self._file is not None
        assert self._path is not None
        try:
            return os.fstat(self._file.fileno()).st_ino != self._path.stat().st_ino
        except FileNotFoundError:
            return False

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def output_until_end(
    client: Client, task_id: str, *, back: int | None = None, printing: bool = False
) -> Iterator[str]:
    """Give what a task prints, as safe text, until it has ended.

    Args:
        back: as for `LogFollower`.
        printing: as for `Looking`.
    """
    log, looking = LogFollower(client, task_id, back=back), Looking(client, printing=printing)
    while True:
        # The state first: what is read after an end is all there was.
        ended = client.task(task_id).state in TASK_SETTLED
        yield from filter(None, log.read(last=ended))
        if ended:
            return
        looking.pause()


def begun(client: Client, task_id: str, told: Callable[[str], None]) -> None:
    """Return when a task runs, and so has a terminal.

    Args:
        told: called with what is known of how far it is; empty for nothing.

    Raises:
        ParheliaError: E602 when it ended before.
    """
    looking = Looking(client)
    while (found := client.task(task_id)).state in (TaskState.PENDING, TaskState.DISPATCHING):
        told(found.reason)
        looking.pause()
    if found.state in TASK_SETTLED:
        raise ParheliaError(
            "E602",
            found.reason or "it ended at once",
            recovery=(f"parhelia task show {task_id}", f"parhelia task logs {task_id}", "parhelia doctor"),
        )


@contextlib.contextmanager
def term_interrupts() -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl+C does, for what must be cancelled on the way out."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
