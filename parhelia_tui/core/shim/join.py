"""A new pane for a container whose terminal server died: joins its shim."""

import json
import os
import socket

from parhelia_tui.core.shim import terminal
from parhelia_tui.core.shim.relay import relay
from parhelia_tui.core.shim.spec import read_spec


def ask(path: str, request: dict) -> dict:  # type: ignore[type-arg]
    """Send one request to a shim's socket and give its reply.

    Raises:
        OSError: nobody answers there.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(5.0)
        connection.connect(path)
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as lines:
            return dict(json.loads(lines.readline()))


def join(directory: str) -> int:
    """Show the container's terminal in this pane until either ends."""
    path = read_spec(directory)["shim_socket"]
    rows, columns = terminal.size_of(0) or (40, 120)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(path)
        connection.sendall(json.dumps({"op": "join", "rows": rows, "cols": columns}).encode() + b"\n")
        reply = b""
        while not reply.endswith(b"\n"):
            # One byte at a time: what follows the reply's line is already the terminal's.
            byte = connection.recv(1)
            if not byte:
                return 1
            reply += byte

        def resized(rows: int, columns: int) -> None:
            try:
                ask(path, {"op": "resize", "rows": rows, "cols": columns})
            except (OSError, ValueError):
                # The shim is about to end; so is this pane.
                return

        relay(connection.fileno(), connection.fileno(), resized, lambda: False)
    return 0 if os.path.isdir(directory) else 1
