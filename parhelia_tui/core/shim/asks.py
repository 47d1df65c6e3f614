"""Agents that wait for an answer on the connection on which they asked."""

from __future__ import annotations

from parhelia_tui.core.shim.lean import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Asker(Protocol):
        """The connection of one who asked."""

        def send(self, line: bytes) -> bool:
            """Send a line; False where nobody takes it any more."""


OPEN = 32
"""Questions of one container that wait at the same time; a further one is refused at once."""
LEFT_S = 0.3
"""Seconds after which a question whose asker hung up counts as taken back. When a container ends, its processes hang
up first, and what they asked may be asked again where the work goes on."""
REMEMBERED = 256
"""Answers that are kept, so that a repetition of one is told what the first was."""
TOO_MANY = "too many questions wait for an answer already"
NOT_RECORDED = "the question could not be recorded"


class Asks:
    """Numbers the questions of a container, and answers each once.

    Args:
        record: writes a record of a type into the spool; False when it could not.
        after: calls a handler in so many seconds; of two with one name the later counts.
    """

    def __init__(
        self,
        record: Callable[[str, dict[str, Any]], bool],
        after: Callable[[str, float, Callable[[], None]], None],
    ) -> None:
        self._record = record
        self._after = after
        self._left: list[int] = []
        self._ends = False
        self._open: dict[int, tuple[Asker, str]] = {}
        # A plain dict keeps the order too, and `collections` would take 1 ms of each start.
        self._answered: dict[int, str] = {}
        self._last = 0

    def ask(self, asker: Asker, report: dict[str, Any]) -> None:
        """Take a question, and keep its asker waiting."""
        name = str(report["id"])
        if len(self._open) >= OPEN:
            asker.send(_line(name, {"decision": "deny", "message": TOO_MANY}))
            return
        self._last += 1
        if self._record("approval", {"ask": self._last, "report": report}):
            self._open[self._last] = asker, name
        else:
            asker.send(_line(name, {"decision": "deny", "message": NOT_RECORDED}))

    def answer(self, number: int, said: dict[str, Any]) -> str:
        """Answer a question once.

        Args:
            said: decision, always, message and answers.

        Returns:
            The decision that the agent was told, by this call or by an earlier one; empty where it waits for
            none any more.
        """
        waiting = self._open.pop(number, None)
        if waiting is None:
            return self._answered.get(number, "")
        asker, name = waiting
        if not asker.send(_line(name, said)):
            self._record("approval_withdrawn", {"ask": number})
            return ""
        decision = str(said["decision"])
        self._answered[number] = decision
        while len(self._answered) > REMEMBERED:
            del self._answered[next(iter(self._answered))]
        self._record("approval_answered", {"ask": number, "decision": decision})
        return decision

    def left(self, asker: Asker) -> None:
        """An asker has hung up: whatever it asked needs no answer any more."""
        for number in [number for number, (each, _) in self._open.items() if each is asker]:
            del self._open[number]
            self._left.append(number)
        if self._left:
            self._after("left", LEFT_S, self._take_back)

    def stand(self) -> None:
        """The container is being ended: who hangs up now takes nothing back."""
        self._ends = True

    def _take_back(self) -> None:
        left, self._left = self._left, []
        for number in left if not self._ends else ():
            self._record("approval_withdrawn", {"ask": number})

    def close(self) -> None:
        """The container has ended; its last record says that for all that waits."""
        self._open.clear()


def _line(name: str, said: dict[str, Any]) -> bytes:
    line = {"id": name, "decision": "deny", "always": False, "message": "", "answers": {}, **said}
    return (dumps(line) + "\n").encode("ascii")
