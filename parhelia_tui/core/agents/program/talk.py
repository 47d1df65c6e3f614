"""Speaking with an agent without a terminal: its prompt, its questions and the answers, as lines of JSON.

The permission prompt over standard input and output (`--permission-prompt-tool stdio`), as the provider's own
libraries use it.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any

from .approvals import Approval, behaviour


class Talk:
    """The agent's standard input.

    Args:
        descriptor: the writing end of the pipe.
        supervisor: the socket on which a person is asked; None where there is none.
    """

    def __init__(self, descriptor: int, supervisor: str | None) -> None:
        self._descriptor: int | None = descriptor
        self._supervisor = supervisor
        self.waiting: dict[str, Approval] = {}

    def prompt(self, text: str) -> None:
        """Say what is to be done."""
        self._write({"type": "user", "message": {"role": "user", "content": text}})

    def end(self) -> None:
        """Say nothing any more, so that it ends when it is done."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        for each in self.waiting.values():
            each.close()
        self.waiting.clear()

    def asked(self, entry: dict[str, Any]) -> str:
        """Take a question of the agent; gives the tool that it wants to use, empty for another question."""
        request, name = entry.get("request"), entry.get("request_id")
        if not isinstance(request, dict) or not isinstance(name, str):
            return ""
        if request.get("subtype") != "can_use_tool":
            self._answer(name, None)
            return ""
        tool, given = str(request.get("tool_name")), request.get("input")
        given = given if isinstance(given, dict) else {}
        try:
            if self._supervisor is None:
                raise OSError("nobody listens")
            self.waiting[name] = Approval(self._supervisor, tool, given)
        except OSError:
            self._answer(name, {"behavior": "deny", "message": "nobody can be asked"})
            return ""
        return tool

    def cancelled(self, entry: dict[str, Any]) -> None:
        """The agent takes a question back."""
        approval = self.waiting.pop(str(entry.get("request_id")), None)
        if approval is not None:
            approval.close()

    def pass_on(self) -> bool:
        """Pass on the answers that came; says whether there was one."""
        import select

        found = False
        ready = select.select(list(self.waiting.values()), [], [], 0)[0] if self.waiting else []
        for name, approval in list(self.waiting.items()):
            answer = approval.read() if approval in ready else None
            if answer is not None:
                del self.waiting[name]
                approval.close()
                self._answer(name, behaviour(answer, approval.given))
                found = True
        return found

    def _answer(self, name: str, response: dict[str, Any] | None) -> None:
        body: dict[str, Any] = {"request_id": name}
        body |= (
            {"subtype": "error", "error": "not supported"}
            if response is None
            else {"subtype": "success", "response": response}
        )
        self._write({"type": "control_response", "response": body})

    def _write(self, entry: dict[str, Any]) -> None:
        # One that is gone needs no answer; its end tells the rest.
        with contextlib.suppress(OSError):
            data = json.dumps(entry).encode() + b"\n"
            while data and self._descriptor is not None:
                data = data[os.write(self._descriptor, data) :]
