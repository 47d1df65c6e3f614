"""A terminal as a person has one: a pty whose every received byte is kept."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from tests.support.waiting import PATIENCE, wait_until


class OuterTerminal:
    """Runs a program on a pty of its own.

    Args:
        command: what to run on it.
        env: changes to the environment.
        columns, rows: its size.
    """

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        columns: int = 80,
        rows: int = 24,
    ) -> None:
        self.master, self._slave = os.openpty()
        self.resize(columns, rows)
        self.received = b""
        self._unseen = b""
        slave = self._slave

        def begin() -> None:
            os.login_tty(os.dup(slave))
            # As in a new window, whatever is ignored where the tests were begun.
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
                signal.signal(number, signal.SIG_DFL)

        self.process = subprocess.Popen(
            command,
            env={**os.environ, "TERM": "xterm-256color", **(env or {})},
            close_fds=True,
            preexec_fn=begin,
        )

    def resize(self, columns: int, rows: int) -> None:
        """Change the size, as a window manager would."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def modes(self) -> list[object]:
        """The modes of the terminal."""
        return termios.tcgetattr(self._slave)

    def write(self, data: bytes) -> None:
        """Type."""
        os.write(self.master, data)

    def read(self, for_s: float = 0.05) -> None:
        """Take what comes until nothing came for a while."""
        while select.select([self.master], [], [], for_s)[0]:
            taken = os.read(self.master, 1 << 16)
            self.received += taken
            self._unseen += taken

    def wait_for(self, pattern: bytes, deadline_s: float = 10.0) -> bytes:
        """Read until a pattern has come after what earlier calls gave; give all up to its end."""
        end = time.monotonic() + deadline_s * PATIENCE
        while not (found := re.search(pattern, self._unseen, re.DOTALL)):
            assert time.monotonic() < end, (pattern, self._unseen[-2000:])
            self.read(0.02)
        seen, self._unseen = self._unseen[: found.end()], self._unseen[found.end() :]
        return seen

    def wait_asleep(self, deadline_s: float = 10.0) -> None:
        """Wait until the program sleeps, as one that reads: what interrupts it just before is lost on it."""
        place = Path(f"/proc/{self.process.pid}/stat")
        wait_until(lambda: place.read_text().rpartition(")")[2].split()[0] == "S", deadline_s)

    def hang_up(self) -> None:
        """Close the window."""
        os.close(self.master)
        self.master = -1

    def wait_end(self, deadline_s: float = 10.0) -> int:
        """Wait for the program's end while its output is read; give its exit code."""
        end = time.monotonic() + deadline_s * PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < end, self.received[-2000:]
            self.read(0.02)
        self.read(0.05)
        return self.process.returncode

    def __enter__(self) -> OuterTerminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if self.master >= 0:
            self.hang_up()
        os.close(self._slave)
