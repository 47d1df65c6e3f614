"""Asking before a tool is used: in the terminal and wherever else somebody may answer; the first answer counts."""

from __future__ import annotations

import json
import select
import socket
from typing import Any

from .reports import DemoReports
from .screen import Screen, clean
from .signals import Ended

INTERRUPTED = 130


class NotAllowed(Exception):
    """Somebody refused; the message is why."""


class Asking:
    """Asks a person, in two places at once.

    Args:
        screen: where a line can be typed.
        reports: brings the question to the supervisor.
        wanted: nothing is asked where this is false.
    """

    def __init__(self, screen: Screen, reports: DemoReports, wanted: bool) -> None:
        self._screen = screen
        self._reports = reports
        self._wanted = wanted

    def permission(self, tool: str, given: dict[str, Any], shown: str) -> None:
        """Ask whether a tool may do something.

        Raises:
            NotAllowed: it may not.
        """
        self._allowed("permission", tool, given, "", f"May I run {tool}({shown})? [Y/n]")

    def plan(self, steps: list[str]) -> None:
        """Ask whether a plan is right.

        Raises:
            NotAllowed: it is not.
        """
        plan = "\n".join(steps)
        self._allowed("plan", "ExitPlanMode", {"plan": plan}, "", "Shall I do this? [Y/n]")

    def question(self, question: str) -> str | None:
        """Ask something with yes and no; None for Ctrl+C."""
        options = [{"label": "Yes", "description": "do it"}, {"label": "No", "description": "leave it"}]
        given = {"questions": [{"question": question, "header": "Plan", "options": options}]}
        answer, typed = self._asked("question", "AskUserQuestion", given, question, f"{question} [Y/n]")
        if answer is None:
            return typed
        if answer.get("decision") != "allow":
            return "no"
        return clean(str(next(iter(dict(answer.get("answers") or {}).values()), "")), 200)

    def _allowed(self, kind: str, tool: str, given: dict[str, Any], message: str, shown: str) -> None:
        if not self._wanted:
            return
        answer, typed = self._asked(kind, tool, given, message, shown)
        if answer is None:
            if typed is None:
                raise Ended(INTERRUPTED, "interrupted")
            refused, why = typed.lower().startswith("n"), "refused in the terminal"
        else:
            refused, why = answer.get("decision") != "allow", clean(str(answer.get("message") or ""))
        if refused:
            raise NotAllowed(why or "refused")
        self._screen.say(self._screen.paint("dim", "  ⎿ allowed"))

    def _asked(
        self, kind: str, tool: str, given: dict[str, Any], message: str, shown: str
    ) -> tuple[dict[str, Any] | None, str | None]:
        """The answer that came from elsewhere, or what was typed."""
        connection = self._reports.ask(kind, tool, given, message)
        if connection is None:
            return None, self._screen.ask(shown)
        with connection:
            typed = self._screen.ask(shown, connection.fileno())
            if typed or typed is None or not select.select([connection], [], [], 0)[0]:
                return None, typed
            answer = _line(connection)
        # Whoever listened has gone; the terminal is left.
        return (answer, "") if answer is not None else (None, self._screen.ask(shown))


def _line(connection: socket.socket) -> dict[str, Any] | None:
    data = b""
    while not data.endswith(b"\n"):
        try:
            piece = connection.recv(4096)
        except OSError:
            piece = b""
        if not piece:
            return None
        data += piece
    answer = json.loads(data)
    return answer if isinstance(answer, dict) else None
