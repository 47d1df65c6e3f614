"""The agent's process: whether it lives, how it ended, and the steps of ending it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

STEP_S = 1.5
"""Seconds between asking it to interrupt its work and asking it to end; the supervisor's own grace is longer."""


class Process:
    """A child of ours.

    Args:
        pid: of the agent.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.ended = False
        self.code = 0
        self.told_to_stop = False
        self.due: float | None = None
        self.asks: Callable[[], bool] = lambda: False
        """Says whether it waits for an answer; then an interruption would answer for a person, and it is killed."""
        self.descriptor, write = os.pipe()
        os.set_blocking(self.descriptor, False)
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _nothing)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._told)

    def look(self) -> None:
        """See whether it has ended; a second request to end it goes out when it is due."""
        try:
            while os.read(self.descriptor, 512):
                pass
        except BlockingIOError:
            pass
        while not self.ended:
            pid, status = os.waitpid(self._pid, os.WNOHANG | os.WUNTRACED)
            if pid == 0:
                break
            if pid == self._pid:
                self._changed(status)
        if self.due is not None and time.monotonic() >= self.due:
            self.due = None
            self._send(signal.SIGTERM)

    def _changed(self, status: int) -> None:
        if os.WIFSTOPPED(status):
            # It stopped itself, as Ctrl+Z asks for. There is no shell here that could bring it back.
            self._send(signal.SIGCONT)
            return
        self.ended = True
        self.code = os.waitstatus_to_exitcode(status)

    def _told(self, number: int, frame: object) -> None:
        """First its work is interrupted, then it is asked to end; the namespace's end is the supervisor's."""
        if not self.told_to_stop:
            self.told_to_stop = True
            if self.asks():
                self._send(signal.SIGKILL)
                return
            self.due = time.monotonic() + STEP_S
            self._send(signal.SIGINT)

    def _send(self, number: int) -> None:
        if not self.ended:
            os.kill(self._pid, number)


def _nothing(number: int, frame: object) -> None:
    """The pipe wakes us; that is all that is wanted."""
