"""How processes of one state directory speak: a datagram that wakes, and one JSON line each way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from parhelia_tui.core.model.errors import ParheliaError

LINE_LIMIT = 1 << 20
"""Longest request or reply, in bytes."""


def wake(path: Path, about: str = "") -> bool:
    """Tell the controller to look again.

    Args:
        path: its datagram socket.
        about: the id of the container that has news, or nothing.

    Returns:
        False when nobody listens there.
    """
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        try:
            sender.sendto(about.encode(), str(path))
        except BlockingIOError:
            # Its queue is full of such messages, so it will look in any case.
            return True
        except OSError:
            return False
    return True


def ask(path: Path, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
    """Send one request to a stream socket and read the one reply.

    Raises:
        ParheliaError: E500 when nobody answers there, E501 when the answer takes too long.
    """
    # Late, as most commands ask nobody.
    import socket

    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(path))
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as lines:
                reply = lines.readline(LINE_LIMIT)
    except TimeoutError as error:
        raise ParheliaError("E501", f"{path.name} did not answer within {timeout_s:g} s") from error
    except OSError as error:
        raise ParheliaError("E500", f"nobody answers at {path.name}: {error.strerror}") from error
    try:
        answer = json.loads(reply)
    except ValueError as error:
        raise ParheliaError("E500", f"{path.name} gave no answer") from error
    if not isinstance(answer, dict):
        raise ParheliaError("E500", f"{path.name} gave a strange answer")
    return answer
