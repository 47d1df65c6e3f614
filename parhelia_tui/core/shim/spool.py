"""The spool: numbered records, one JSON object a line, appended and never changed."""

import json
import os
import socket
import time


class Spool:
    """Writes records and pokes the controller after each.

    A record that cannot be written, because the disk is full, is counted and never stops the container.
    """

    def __init__(self, path: str, container_id: str, wake_socket: str) -> None:
        self._descriptor = os.open(
            path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
        )
        self._about = container_id.encode()
        self._wake_socket = wake_socket
        self._poker = socket.socket(
            socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        )
        self._seq = 0
        self._unfinished = False
        self.lost = 0

    def write(self, kind: str, **fields: object) -> bool:
        """Append one record; False when it could not be written."""
        record = {"seq": self._seq + 1, "at": time.time(), "type": kind, **fields}
        line = json.dumps(record).encode() + b"\n"
        if self._unfinished:
            # The disk was full in the middle of a line; end it, so that this one stands alone.
            line = b"\n" + line
        try:
            written = os.write(self._descriptor, line)
        except OSError:
            self.lost += 1
            return False
        self._unfinished = written < len(line)
        if self._unfinished:
            self.lost += 1
            return False
        self._seq += 1
        self.poke()
        return True

    def sync(self) -> None:
        """Make what was written survive a power cut."""
        try:
            os.fsync(self._descriptor)
        except OSError:
            self.lost += 1

    def poke(self) -> None:
        """Tell the controller that there is something to read, if one listens."""
        try:
            self._poker.sendto(self._about, self._wake_socket)
        except OSError:
            # No controller is alive, or its queue is full; it will read the spool when it looks.
            return
