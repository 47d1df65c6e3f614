"""A program on a terminal of its own, watched from outside like a person would."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType


class OnTerminal:
    """Runs a program on a pseudo terminal and reads what it draws.

    Args:
        command: program and arguments.
        columns, rows: size of the terminal.
    """

    def __init__(self, command: Sequence[str], columns: int = 120, rows: int = 40) -> None:
        self._command = list(command)
        self._size = struct.pack("HHHH", rows, columns, 0, 0)
        self.seen = b""
        self.pid = 0

    def __enter__(self) -> OnTerminal:
        self.began = time.perf_counter()
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, self._size)
            os.environ["TERM"] = "xterm-256color"
            os.execvp(self._command[0], self._command)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._terminal)

    def until_drawn(self, text: str, deadline_s: float = 20.0) -> float:
        """Read until `text` has been drawn in one piece, and give the moment (perf_counter, seconds).

        Raises:
            TimeoutError: when it is not drawn in time.
        """
        wanted, end = text.encode(), time.perf_counter() + deadline_s
        while wanted not in self.seen:
            if not self.read(end - time.perf_counter()):
                raise TimeoutError(f"{text!r} was not drawn; last: {self.seen[-300:]!r}")
        moment = time.perf_counter()
        self.seen = self.seen[self.seen.index(wanted) + len(wanted) :]
        return moment

    def read(self, wait_s: float) -> bool:
        """Take what was drawn meanwhile; False when nothing came within `wait_s` seconds."""
        ready, _, _ = select.select([self._terminal], [], [], max(0.0, wait_s))
        if not ready:
            return False
        self.seen = (self.seen + os.read(self._terminal, 1 << 20))[-(1 << 22) :]
        return True

    def clear(self) -> None:
        """Forget what was drawn until now."""
        while self.read(0):
            pass
        self.seen = b""

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._terminal, keys.encode())

    def drain(self, length_s: float) -> None:
        """Read what is drawn for so many seconds."""
        end = time.perf_counter() + length_s
        while (left := end - time.perf_counter()) > 0:
            self.read(left)

    def faults_of_children(self) -> int:
        """Page faults of all processes that the program has started and that have ended (proc_pid_stat(5), cminflt).

        No process can run without one, so none was started while this stays as it is.
        """
        return int(Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[8])

    def loop_seconds(self) -> float:
        """Processor time of the program's first thread, in seconds (/proc/PID/schedstat, nanoseconds)."""
        return int(Path(f"/proc/{self.pid}/schedstat").read_text().split()[0]) / 1e9

    def processor_seconds(self) -> float:
        """Processor time that the program has used, in seconds (proc_pid_stat(5), utime and stime)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
