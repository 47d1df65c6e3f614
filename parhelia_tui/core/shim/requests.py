"""What callers ask of the shim (docs/architecture.md, The shim's socket)."""

from __future__ import annotations

from parhelia_tui.core.shim import system
from parhelia_tui.core.shim.freezer import Freezer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from parhelia_tui.core.shim.control_server import Caller
    from parhelia_tui.core.shim.supervisor import Supervisor

LONGEST_WHY = 500


class Requests:
    """Answers callers for a supervisor, and keeps the book of further sessions."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._sessions: dict[Caller, str] = {}
        self.freezer = Freezer(supervisor.loop, lambda: supervisor.tree.own() if supervisor.tree else [])

    def answer(self, caller: Caller, op: str, asked: dict[str, Any]) -> None:
        """Do what is asked.

        Raises:
            ValueError, KeyError, TypeError: it is not understood.
        """
        if op == "status":
            caller.answer(self._status())
        elif op == "terminate":
            reason, grace_s = str(asked["reason"]), float(asked["grace_s"])
            caller.answer({"ok": True})
            self._supervisor.end(str(asked.get("kind", "terminated")), reason, grace_s)
        elif op == "freeze":
            caller.answer({"ok": True, "processes": self._freeze(caller, float(asked["most_s"]))})
        elif op == "thaw":
            self.freezer.thaw(caller)
            caller.answer({"ok": True})
        elif op == "egress":
            self._supervisor.order_egress(dict(asked["line"]))
            caller.answer({"ok": True})
        elif op == "kept":
            self._supervisor.services.reports.answer()
            caller.answer({"ok": True})
        elif op == "answer":
            caller.answer({"ok": True, "decision": self._answer(asked)})
        elif op == "resize":
            self._supervisor.terminal.resize(int(asked["rows"]), int(asked["cols"]))
            caller.answer({"ok": True})
        elif op == "join":
            self._join(caller, int(asked["rows"]), int(asked["cols"]))
        elif op == "session":
            self._session(caller, str(asked["state"]), asked)
        else:
            raise ValueError(f"no operation {op!r}")

    def caller_left(self, caller: Caller) -> None:
        """A session whose pane was killed ends without a code; who held the container still lets it go on."""
        self.freezer.thaw(caller)
        name = self._sessions.pop(caller, None)
        if name is not None:
            self._supervisor.spool.write("session_ended", {"name": name, "exit_code": None})

    def sessions_end(self) -> None:
        """The container has ended, and every session with it."""
        for caller in list(self._sessions):
            self.caller_left(caller)

    def _status(self) -> dict[str, Any]:
        shim = self._supervisor
        return {
            "ok": True,
            "container_id": shim.spec.container_id,
            "pid": shim.tree.first_pid if shim.tree else None,
            "started_at": shim.started_at,
            "uptime_s": shim.uptime_s,
            "ending": shim.reason,
            "viewers": len(shim.terminal.viewers),
            "sessions": sorted(self._sessions.values()),
            "limits": shim.kept.how,
            "output_bytes": shim.output.total,
            "output_lost": shim.output.lost,
            "records_written": shim.spool.written,
            "records_lost": shim.spool.lost,
            "reports_dropped": shim.services.reports.dropped,
        }

    def _answer(self, asked: dict[str, Any]) -> str:
        answers = asked["answers"]
        if asked["decision"] not in ("allow", "deny") or not isinstance(answers, dict):
            raise ValueError("no answer")
        said = {
            "decision": asked["decision"],
            "always": bool(asked["always"]),
            "message": str(asked["message"]),
            "answers": {str(name): str(each) for name, each in answers.items()},
        }
        return self._supervisor.services.reports.asks.answer(int(asked["ask"]), said)

    def _freeze(self, caller: Caller, most_s: float) -> int:
        if self._supervisor.started_at is None or self._supervisor.reason:
            raise ValueError("the container does not run")
        return self.freezer.freeze(caller, most_s)

    def _join(self, caller: Caller, rows: int, columns: int) -> None:
        terminal = self._supervisor.terminal
        descriptor = caller.hand_over({"ok": True})
        terminal.resize(rows, columns)
        viewer = terminal.add(descriptor, system.dup(descriptor))
        viewer.show(terminal.picture())
        terminal.redraw()

    def _session(self, caller: Caller, state: str, asked: dict[str, Any]) -> None:
        """A further session asks for the way in, then tells that it runs, then how it ended."""
        shim = self._supervisor
        if state == "wanted" and shim.started_at is not None and not shim.reason and shim.tree:
            self._sessions[caller] = str(asked["name"])
            caller.answer(
                {
                    "ok": True,
                    "pid": shim.tree.first_pid,
                    "groups": shim.kept.groups,
                    "rlimits": shim.kept.rlimits,
                    "processors": shim.kept.processors,
                }
            )
        elif state == "started" and caller in self._sessions:
            shim.spool.write("session_started", {"name": self._sessions[caller]})
            caller.answer({"ok": True})
        elif state == "failed" and caller in self._sessions:
            failed = {"name": self._sessions.pop(caller), "error": str(asked["error"])[:LONGEST_WHY]}
            shim.spool.write("session_failed", failed)
            caller.answer({"ok": True})
        elif state == "ended" and caller in self._sessions:
            code = int(asked["exit_code"])
            shim.spool.write("session_ended", {"name": self._sessions.pop(caller), "exit_code": code})
            caller.answer({"ok": True})
        else:
            raise ValueError("the container takes no session now")
