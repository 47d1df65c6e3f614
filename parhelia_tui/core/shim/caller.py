"""Speaking to a shim from a process of the standard library alone."""

from __future__ import annotations

import _socket
import os

from parhelia_tui.core.shim.lean import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LONGEST = 65536


class NoShim(Exception):
    """The shim does not answer, or refuses."""


class Call:
    """One connection to a shim's socket.

    Raises:
        NoShim: nobody listens.
    """

    def __init__(self, path: str) -> None:
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
        try:
            connection.connect(path)
        except OSError as error:
            connection.close()
            raise NoShim(str(error)) from error
        self.descriptor = connection.detach()

    def ask(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Send one line and wait for one; not a byte beyond it is read.

        Raises:
            NoShim: the connection ended, or the answer is a refusal.
        """
        line = b""
        try:
            os.write(self.descriptor, (dumps(fields) + "\n").encode("ascii"))
            while not line.endswith(b"\n") and len(line) < _LONGEST:
                byte = os.read(self.descriptor, 1)
                if not byte:
                    raise NoShim("the shim has ended")
                line += byte
            answer = loads(line.decode("ascii"))
        except (OSError, ValueError) as error:
            raise NoShim(str(error)) from error
        if not answer.get("ok"):
            raise NoShim(str(answer.get("error")))
        return dict(answer)

    def close(self) -> None:
        """End the connection."""
        os.close(self.descriptor)
