"""Signals: some end the program, Ctrl+C is asked about, and none is lost in a wait."""

from __future__ import annotations

import os
import select
import signal
from types import FrameType

ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Ended(BaseException):
    """The program is to end now.

    Args:
        code: its exit code.
        why: said on the way out; nothing where nobody would hear it.
    """

    def __init__(self, code: int, why: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.why = why


class Signals:
    """Takes the signals of this process and waits for input or for them, without using the processor."""

    def __init__(self) -> None:
        self._interrupted = False
        self._wake, writing = os.pipe()
        for descriptor in (self._wake, writing):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        for number in ENDING:
            signal.signal(number, self._end)
        signal.signal(signal.SIGINT, self._interrupt)
        # A new size only has to end a wait; who draws next asks for it.
        signal.signal(signal.SIGWINCH, lambda *_: None)

    def wait(self, seconds: float | None, *reading: int) -> set[int]:
        """Wait for input, a signal or the time.

        Args:
            seconds: how long at most; None is for ever.
            reading: descriptors.

        Returns:
            The descriptors that can be read.
        """
        ready, _, _ = select.select([self._wake, *reading], [], [], seconds)
        if self._wake in ready:
            try:
                os.read(self._wake, 512)
            except BlockingIOError:
                # Somebody was faster.
                pass
        return {each for each in ready if each != self._wake}

    def take_interrupt(self) -> bool:
        """Whether Ctrl+C was pressed since the last call."""
        was, self._interrupted = self._interrupted, False
        return was

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._interrupted:
            # Nobody took the first one: something hangs, and whoever presses it twice means it.
            self._end(number, frame)
        self._interrupted = True

    def _end(self, number: int, _: FrameType | None) -> None:
        for each in (*ENDING, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
        # After a hangup there is nobody to say it to.
        why = "" if number == signal.SIGHUP else f"stopped by {signal.Signals(number).name}"
        raise Ended(128 + number, why)
