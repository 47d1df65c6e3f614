"""What fronts tell agents without going to their terminals."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable

from parhelia_tui.core.client.waiting import looks
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.groups import single
from parhelia_tui.core.model.ids import new_id
from parhelia_tui.core.model.records import Owner, Reply, Task
from parhelia_tui.core.model.redaction import redacted
from parhelia_tui.core.model.states import ReplyState, TaskState
from parhelia_tui.core.model.text import LONE_SURROGATES, digest_of, one_line
from parhelia_tui.core.store import approvals, checkpoints, replies, tasks
from parhelia_tui.core.store.connection import reading, writing

CONFIRM_S = 15.0
LONGEST = 100_000
"""Characters of a reply; what is longer belongs into a file."""
_REFUSED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Replies:
    """The part of the door that is about replies.

    Args:
        owner: who tells.
        db: gives the client's connection.
        clock: gives epoch seconds.
        wake: tells the controller to look.
    """

    def __init__(
        self,
        owner: Owner,
        db: Callable[[], sqlite3.Connection],
        clock: Callable[[], float],
        wake: Callable[[], None],
    ) -> None:
        self._owner = owner
        self._open = db
        self._clock = clock
        self._wake = wake

    def of(self, task: Task, limit: int = 50) -> list[Reply]:
        """Read the newest replies to a task, oldest of them first."""
        return replies.of_task(self._open(), task.id, limit)

    def send(self, task_id: str, text: str) -> Reply:
        """Have a text typed into the terminal of a task's agent and submitted; `wait` says whether it arrived.

        Raises:
            ParheliaError: E201; E103 while its agent does not run, or waits for an approval, which goes first;
                E100 for a text that cannot be typed.
        """
        text = LONE_SURROGATES.sub("\ufffd", text.strip("\n"))
        refused = _REFUSED.search(text)
        if not text.strip() or refused or len(text) > LONGEST:
            why = (
                f"a control character, U+{ord(refused[0]):04X}"
                if refused
                else f"more than {LONGEST} characters"
            )
            raise ParheliaError("E100", f"the text has {why if text.strip() else 'nothing to type'}")
        with writing(self._open()) as tx:
            task = single(tasks.get(tx, task_id))
            if task.state not in (TaskState.RUNNING, TaskState.WAITING) or task.container_id is None:
                again = [f"parhelia resume {task.id}"] if checkpoints.newest(tx, task.id) else []
                raise ParheliaError(
                    "E103",
                    f"task {task.id} is {task.state}, so there is nobody to tell",
                    recovery=(*again, f"parhelia task show {task.id}"),
                )
            if any(not each.decision for each in approvals.waiting(tx, task_id=task.id)):
                raise ParheliaError(
                    "E103",
                    f"task {task.id} waits for an approval, which is to be answered first",
                    recovery=(f"parhelia approval list --task {task.id}",),
                )
            made = replies.add(
                tx,
                new_id("r"),
                task,
                text,
                shown=one_line(redacted(text), 200),
                digest=digest_of(text),
                at=self._clock(),
                owner=self._owner,
            )
        self._wake()
        return made

    def wait(self, reply_id: str, deadline_s: float = CONFIRM_S) -> Reply:
        """Wait until it is known whether a reply arrived.

        Raises:
            ParheliaError: E601 with the reason when it was not delivered, E501 when that is not known in time.
        """
        for _ in looks(deadline_s, self._wake):
            with reading(self._open()) as db:
                seen = replies.get(db, reply_id)
            if seen.state is ReplyState.DELIVERED:
                return seen
            if seen.state is ReplyState.FAILED:
                raise ParheliaError(
                    "E601",
                    f"not delivered: {seen.reason}",
                    recovery=(f"parhelia attach {seen.task_id}", f"parhelia session capture {seen.task_id}"),
                )
        how = "it is typed, but the agent has not taken it" if seen.state is ReplyState.TYPED else "it waits"
        raise ParheliaError(
            "E501",
            f"not delivered within {deadline_s:g} s: {how}; the events of the task will tell",
            details={"reply_id": seen.id, "state": str(seen.state)},
            recovery=(f"parhelia attach {seen.task_id}", f"parhelia events list --task {seen.task_id}"),
        )
