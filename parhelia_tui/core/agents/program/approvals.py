"""Asking a person beside the terminal: one question, one connection to the supervisor, one line in answer."""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from typing import Any

from .states import ASKING_TOOLS

LINE = 7600
"""Bytes of a question; the supervisor takes 8192."""
TEXTS = (3000, 1000, 200, 40)
"""Characters that every text of an input is cut to, one after the other, until the line fits."""
GONE_S = 5.0
"""Seconds for which nothing is said where the connection ended without an answer. Mostly the supervisor was killed, and
the container ends with it: a refusal in these moments would stand in the talk, which goes on with the question."""


class Approval:
    """A question that waits; closing it takes it back.

    Args:
        path: the supervisor's socket.
        tool, given: the tool and its input.

    Raises:
        OSError: nobody listens there.
    """

    def __init__(self, path: str, tool: str, given: dict[str, Any]) -> None:
        self.given = given
        self._said = b""
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.settimeout(10.0)
        try:
            self._connection.connect(os.fsencode(path))
            self._connection.sendall(_line(tool, given))
        except OSError:
            self._connection.close()
            raise
        self._connection.settimeout(None)

    def fileno(self) -> int:
        """The descriptor that becomes readable with the answer."""
        return self._connection.fileno()

    def read(self) -> dict[str, Any] | None:
        """Read on; gives the answer, a refusal where the connection ended without one, None where it is not whole."""
        try:
            piece = self._connection.recv(65536)
        except OSError:
            piece = b""
        self._said += piece
        if not piece:
            # Nothing else is lost by it: whom the watcher tells is gone as well.
            time.sleep(GONE_S)
            return {"decision": "deny", "message": "nobody can answer"}
        if b"\n" not in self._said:
            return None
        try:
            answer = json.loads(self._said.split(b"\n")[0])
        except ValueError:
            answer = None
        return answer if isinstance(answer, dict) else {"decision": "deny", "message": "the answer was none"}

    def close(self) -> None:
        """Wait no more."""
        self._connection.close()


def behaviour(answer: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """An answer in the words of Claude Code's permission results."""
    if answer.get("decision") != "allow":
        said = answer.get("message")
        return {
            "behavior": "deny",
            "message": said if isinstance(said, str) and said else "a person refused it",
        }
    answers = answer.get("answers")
    return {"behavior": "allow", "updatedInput": {**given, "answers": answers} if answers else given}


def _line(tool: str, given: dict[str, Any]) -> bytes:
    report = {
        "type": "approval",
        "id": uuid.uuid4().hex,
        "kind": ASKING_TOOLS.get(tool, "permission"),
        "tool": tool[:200],
        "input": given,
        "cut": False,
        "message": "",
    }
    line = json.dumps(report).encode()
    for longest in TEXTS:
        if len(line) <= LINE:
            return line + b"\n"
        line = json.dumps({**report, "input": _shortened(given, longest, 6), "cut": True}).encode()
    if len(line) > LINE:
        line = json.dumps({**report, "input": {}, "cut": True}).encode()
    return line + b"\n"


def _shortened(value: Any, longest: int, deep: int) -> Any:
    if isinstance(value, str):
        return value[:longest]
    if isinstance(value, dict):
        return {
            str(name)[:80]: _shortened(each, longest, deep - 1)
            for name, each in list(value.items())[:40]
            if deep
        }
    if isinstance(value, list):
        return [_shortened(each, longest, deep - 1) for each in value[:20] if deep]
    return value
