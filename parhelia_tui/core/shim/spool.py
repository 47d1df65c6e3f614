"""The append-only record of one container's life (docs/architecture.md, The spool)."""

from __future__ import annotations

import _socket
import sys
import time

from parhelia_tui.core.shim import system
from parhelia_tui.core.shim.lean import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "spool.jsonl"
INSIST_US = 500_000
"""How many microseconds the last record's word waits for a place; without it the end is seen a second later."""


class Wake:
    """Tells the controller to look at this container; nobody has to listen.

    Args:
        path: the controller's datagram socket.
        container_id: what is sent.
    """

    def __init__(self, path: str, container_id: str) -> None:
        self._path = path
        self._message = container_id.encode()
        self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM | _socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    def send(self) -> None:
        """Send once; a missing or a slow controller finds the spool by itself."""
        try:
            self._socket.sendto(self._message, self._path)
        except OSError:
            return

    def insist(self) -> None:
        """Send, and wait a moment where the controller's queue is full (10 datagrams on most machines)."""
        # The kernel waits for the place: without a connection, poll(2) says at once that there is one.
        size = 8 if sys.maxsize > 1 << 32 else 4
        longest = bytes(size) + INSIST_US.to_bytes(size, sys.byteorder)
        self._socket.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDTIMEO, longest)
        self._socket.setblocking(True)
        self.send()


class Spool:
    """Writes numbered records, each with one call, and tells the controller of those that it acts on.

    A record that cannot be written (a full disk) is counted and left out; its number goes to the next one.

    Args:
        directory: the run directory.

    Raises:
        FileExistsError: there was a shim here before.
    """

    def __init__(self, directory: str, wake: Wake) -> None:
        flags = system.O_WRONLY | system.O_CREAT | system.O_EXCL | system.O_APPEND | system.O_CLOEXEC
        self._descriptor = system.open(system.join(directory, NAME), flags, 0o600)
        self._wake = wake
        self._size = 0
        self.written = 0
        self.lost = 0

    def write(self, type: str, fields: dict[str, Any], *, tell: bool = True) -> bool:
        """Append a record.

        Args:
            tell: wake the controller, which reads a spool and stores where it stands for about 1 ms.

        Returns:
            False when it could not be written.
        """
        head = {"seq": self.written + 1, "at": time.time(), "type": type}
        line = (dumps(head | fields) + "\n").encode("ascii")
        try:
            done = system.write(self._descriptor, line)
        except OSError:
            self.lost += 1
            return False
        if done < len(line):
            # Half a line would spoil the next one.
            system.ftruncate(self._descriptor, self._size)
            self.lost += 1
            return False
        self._size += done
        self.written += 1
        if tell:
            self._wake.send()
        return True

    def close(self) -> None:
        """Have the kernel write all records to the disk, if it can, and make sure that the last one is read."""
        try:
            system.fsync(self._descriptor)
        except OSError:
            self.lost += 1
        self._wake.insist()
