"""Noticing that the terminal is gone, or the server that stands for one in a browser.

The kernel tells the leader of a terminal's session alone that its terminal hung up. Where that is a program that
waits for us, as make does, nobody tells us, and Textual reads the end of the file for ever (100 % of a core). In a
browser the input is a pipe; without its other end nobody could ever end us.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal


class Hangup:
    """Ends this process, as a hangup signal would, when its terminal hangs up.

    Args:
        terminal: descriptor of the terminal or pipe that keys come from.
    """

    def __init__(self, terminal: int) -> None:
        self._poll = select.epoll()
        # No event is asked for: a hangup is told always (epoll_ctl(2)), and the keys stay with who reads them.
        self._poll.register(terminal, 0)
        asyncio.get_running_loop().add_reader(self._poll.fileno(), self._gone)

    def close(self) -> None:
        """Watch no more."""
        if not self._poll.closed:
            asyncio.get_running_loop().remove_reader(self._poll.fileno())
            self._poll.close()

    def _gone(self) -> None:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGHUP)
