"""What fronts ask and wish of approvals: the questions with which agents wait."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from parhelia_tui.core.client.waiting import looks
from parhelia_tui.core.model.asking import answers_for
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Approval, Owner, Task
from parhelia_tui.core.model.redaction import redacted
from parhelia_tui.core.model.states import ApprovalState
from parhelia_tui.core.model.text import plain
from parhelia_tui.core.store import approvals, events
from parhelia_tui.core.store.connection import reading, writing

CONFIRM_S = 30.0
REASON = 1000
"""Characters of a reason that are kept, and that the agent is told."""


class Approvals:
    """The part of the door that is about approvals.

    Args:
        owner: who answers.
        db: gives the client's connection.
        clock: gives epoch seconds.
        wake: tells the controller to look.
        task_of: finds a task by id, slug, session or container. Raises E201, E101.
    """

    def __init__(
        self,
        owner: Owner,
        db: Callable[[], sqlite3.Connection],
        clock: Callable[[], float],
        wake: Callable[[], None],
        task_of: Callable[[str], Task],
    ) -> None:
        self._owner = owner
        self._open = db
        self._clock = clock
        self._wake = wake
        self._task_of = task_of

    @property
    def _db(self) -> sqlite3.Connection:
        return self._open()

    # Looking

    def get(self, text: str) -> Approval:
        """Find an approval by id or beginning of an id. Raises E206, E101."""
        return approvals.resolve(self._db, text)

    def waiting(self, task: Task | None = None) -> list[Approval]:
        """Read those that wait for a person, oldest first."""
        found = approvals.waiting(self._db, task_id=task.id if task else None)
        return [each for each in found if not each.decision]

    def listed(
        self, states: Sequence[ApprovalState] = (), *, task: Task | None = None, limit: int | None = None
    ) -> list[Approval]:
        """Read approvals, oldest first, the newest `limit` of them."""
        return approvals.listed(self._db, states=states, task_id=task.id if task else None, limit=limit)

    def rules(self, task: Task) -> list[tuple[str, str]]:
        """Read what was always allowed for a task, each with who said so."""
        return approvals.remembered(self._db, task.id)

    def find(self, text: str) -> list[Approval]:
        """Find an approval, or all that a task, session or container waits with. Raises E206, E101."""
        try:
            return [self.get(text)]
        except ParheliaError as unknown:
            if unknown.code != "E206":
                raise
            try:
                task = self._task_of(text)
            except ParheliaError as error:
                if error.code != "E201":
                    raise
                raise unknown from None
        found = self.waiting(task)
        if not found:
            raise ParheliaError("E206", f"task {task.id} waits for no approval")
        return found

    # Wishing

    def answer(
        self,
        approval_id: str,
        decision: str,
        *,
        reason: str = "",
        always: bool = False,
        answers: Sequence[str] = (),
    ) -> Approval:
        """Answer, as the first; `wait` says when the agent has been told.

        Args:
            decision: allow or deny.
            reason: the agent is told, and the history keeps it.
            always: allow what is alike without a question, in this task.
            answers: to a question: for each a text, or the number of one of its answers.

        Raises:
            ParheliaError: E206; E103 when it was answered already; E101, E102 for answers that do not fit.
        """
        with writing(self._db) as tx:
            seen = approvals.get(tx, approval_id)
            chosen = answers_for(seen, [plain(each) for each in answers]) if decision == "allow" else {}
            made = approvals.decide(
                tx,
                seen,
                decision,
                self._clock(),
                by=self._owner.user_id,
                source="person",
                reason=redacted(plain(reason))[:REASON],
                always=always,
                answers=chosen,
            )
            events.append(
                tx,
                "approval.decided",
                f"{decision} by {made.answered_by}" + (f": {made.reason}" if made.reason else ""),
                source="client",
                task_id=made.task_id,
                container_id=made.container_id,
                data={"approval_id": made.id, "decision": decision, "always": always, "reason": made.reason},
                at=self._clock(),
                owner=self._owner,
            )
        self._wake()
        return made

    def wait(self, approval_id: str, deadline_s: float = CONFIRM_S) -> Approval:
        """Wait until the agent has been told, and give what became of it.

        Of one whose container has ended it is given as it is: its task goes on with the answer when its turn has come.

        Raises:
            ParheliaError: E103 when it did not come to what was answered: the agent waits no more, or the policy
                forbids it; E501 when nobody confirmed it in time, E206.
        """
        for _ in looks(deadline_s, self._wake):
            with reading(self._db) as db:
                seen = approvals.get(db, approval_id)
                left = seen.state is ApprovalState.PENDING and approvals.is_deferred(db, seen)
            if left:
                # Its container has ended: a new one is started for the answer, which may have to stand in the queue.
                return seen
            if seen.state is not ApprovalState.PENDING:
                break
        else:
            raise ParheliaError(
                "E501",
                f"the answer to {approval_id} is stored, but the agent has not been told within {deadline_s:g} s",
                recovery=(f"parhelia approval show {approval_id}", "parhelia controller status"),
            )
        if seen.state is ApprovalState.WITHDRAWN or seen.source != "person":
            raise ParheliaError("E103", f"approval {seen.id} is {seen.state}: {seen.reason}")
        return seen
