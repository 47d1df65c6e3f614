"""Telling a person on a terminal that something takes its time."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator

import click

from parhelia_tui.cli.output import MANNER, on_terminal, plain_wanted
from parhelia_tui.cli.tables import length

LINE_AFTER_S, SPINNER_AFTER_S, BAR_AFTER_S, REST_AFTER_S = 0.1, 1.0, 4.0, 10.0
SAID_AFTER_S = 8.0
"""Seconds after which a line says what is waited for where no terminal shows it; most commands are done long before."""
FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
BAR_CELLS = 20
EVERY_S = 0.1


class Progress:
    """How far something is.

    Args:
        what: what is done, as in "copying the store".
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self.share: float | None = None

    def told(self, done: int, whole: int) -> None:
        """Take note of how much is done."""
        self.share = done / whole if whole else 1.0

    def stage(self, what: str, done: int, whole: int) -> None:
        """Take note of what is done now, and how much of it; 0 of it is not known how much."""
        self.what, self.share = what, done / whole if whole else None

    def called(self, what: str) -> None:
        """Take note of what is done now, where that says how far it is itself."""
        self.what, self.share = what or self.what, None


def shown(progress: Progress, took_s: float) -> str:
    """What stands on the terminal after so many seconds.

    Nothing at first, then a line, a spinner, a bar, and in the end the time that is left; a bar only where
    it is known how far the thing is.
    """
    if took_s < LINE_AFTER_S:
        return ""
    if took_s < SPINNER_AFTER_S:
        return f"{progress.what} …"
    spinner = FRAMES[int(took_s / EVERY_S) % len(FRAMES)]
    if took_s < BAR_AFTER_S or progress.share is None:
        return f"{spinner} {progress.what}, {length(took_s)}"
    full = int(progress.share * BAR_CELLS)
    bar = f"{progress.what} {'█' * full}{'░' * (BAR_CELLS - full)} {progress.share:4.0%}"
    if took_s < REST_AFTER_S or progress.share <= 0:
        return bar
    return f"{bar}, {length(took_s / progress.share - took_s)} left"


@contextlib.contextmanager
def waiting(what: str, clock: Callable[[], float] = time.monotonic) -> Iterator[Progress]:
    """Show on standard error that something goes on: on a terminal as it goes, and nothing of it stays there; elsewhere
    one line after some seconds."""
    progress = Progress(what)
    if MANNER.json:
        yield progress
        return
    over = threading.Event()
    draw = _say if plain_wanted() or not on_terminal(2) else _draw
    thread = threading.Thread(target=draw, args=(progress, over, clock), name="feedback", daemon=True)
    thread.start()
    try:
        yield progress
    finally:
        over.set()
        thread.join()


def beside(text: str) -> None:
    """Say a line on standard error, over what may be drawn there just now."""
    drawn = on_terminal(2) and not plain_wanted()
    click.echo(("\r\x1b[K" if drawn else "") + text, err=True)


def _say(progress: Progress, over: threading.Event, clock: Callable[[], float]) -> None:
    """Say once what is waited for, where it takes longer than anybody expects."""
    if not over.wait(SAID_AFTER_S):
        sys.stderr.write(f"{progress.what} …\n")
        sys.stderr.flush()


def _draw(progress: Progress, over: threading.Event, clock: Callable[[], float]) -> None:
    began, last = clock(), ""
    while not over.wait(EVERY_S):
        line = shown(progress, clock() - began)
        if line != last:
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()
            last = line
    if last:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
