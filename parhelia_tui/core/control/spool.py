"""What a container's spool says, brought into the store.

All effects of the records that were read and the new offset are one transaction, so a record has its effect
exactly once, whatever is killed when.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from parhelia_tui.core.backends.base import ExitRecord, SpoolRead
from parhelia_tui.core.control import agent_reports, approvals, egress_news, ending, sandbox_cost
from parhelia_tui.core.control.claims import Claims
from parhelia_tui.core.control.review import Policy
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.states import (
    CONTAINER_ENDED,
    ContainerState,
    Health,
    SessionState,
    TaskState,
)
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.shim.limits import NOT_KEPT
from parhelia_tui.core.store import containers, events, sessions, tasks
from parhelia_tui.core.store.connection import writing, writing_durably

STRANGE = frozenset({"E103", "E900"})
"""A move that is forbidden, a value that no column takes; all other errors are not the record's."""


DAMAGED_TOLD = 5
"""Damaged lines of one reading that get an event each; the rest is counted."""


def apply(
    db: sqlite3.Connection,
    container_id: str,
    offset: int,
    read: SpoolRead,
    now: float,
    policy: Policy,
) -> bool:
    """Store what was read from `offset` on.

    Args:
        policy: what is decided without a person.
        now: epoch seconds. What a record says of a later time is taken for now, since a heartbeat from
            tomorrow would hide a day of silence.

    Returns:
        False when somebody else stored it meanwhile and nothing was done.
    """
    # Whatever a power cut takes from the store stands in the spool still and is read again, because the offset
    # goes with it; an end has its own record, which the supervisor syncs. Money alone is worth the 3 ms of a disk.
    spends = any(_spends(record) for record in read.records)
    with writing_durably(db) if spends else writing(db) as tx:
        container = containers.get(tx, container_id)
        if container.spool_offset != offset:
            return False
        story = _Story(tx, container, policy, now)
        seen = 0
        if read.again:
            story.tell("spool.truncated", "it was cut, and is read again from its beginning", level="warning")
            seen = containers.last_heartbeat_seq(tx, container_id)
        for text in read.damaged[:DAMAGED_TOLD]:
            story.tell("spool.damaged", f"a line of the spool cannot be read: {text}", level="warning")
        if len(read.damaged) > DAMAGED_TOLD:
            more = len(read.damaged) - DAMAGED_TOLD
            story.tell("spool.damaged", f"{more} more lines of the spool cannot be read", level="warning")
        for record in read.records:
            if record["seq"] > seen:
                story.take({**record, "at": min(float(record["at"]), now)})
        story.finish(read.offset)
    return True


def _spends(record: dict[str, Any]) -> bool:
    report = record.get("report")
    return record["type"] == "agent" and isinstance(report, dict) and report.get("type") == "usage"


class _Story:
    """One reading of a spool inside one transaction."""

    def __init__(self, tx: sqlite3.Connection, container: Container, policy: Policy, now: float) -> None:
        self._tx = tx
        self._claims = Claims(tx, container.id, self.tell, now)
        self._policy = policy
        self._container = container
        self._beats: list[dict[str, Any]] = []
        self._ended = container.state in CONTAINER_ENDED
        self._last_line: str | None = None
        self._steps: dict[str, Callable[[dict[str, Any]], None]] = {
            "started": self._started,
            "heartbeat": self._heartbeat,
            "agent": self._agent,
            "approval": self._asked,
            "approval_answered": lambda record: approvals.answered(tx, self._container, record),
            "approval_withdrawn": lambda record: approvals.withdrawn(tx, self._container, record),
            "egress": lambda record: egress_news.take(tx, self._container, self._task(), record, self.tell),
            "terminal_lost": self._terminal_lost,
            "session_started": self._session_started,
            "session_failed": self._session_failed,
            "session_ended": self._session_ended,
            "ending": self._ending,
            "exited": self._exited,
        }

    def take(self, record: dict[str, Any]) -> None:
        """Give a record its effect; all of it or, where its form is strange, none, and that is told.

        One of an unknown type is passed over: a newer supervisor may say more than we understand.
        """
        step = self._steps.get(record["type"])
        if step is None:
            return
        before = (self._container, self._ended, self._last_line)
        self._tx.execute("SAVEPOINT record")
        try:
            step(record)
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError, ParheliaError) as error:
            if isinstance(error, ParheliaError) and error.code not in STRANGE:
                raise
            self._container, self._ended, self._last_line = before
            self._tx.execute("ROLLBACK TO record")
            self.tell("spool.damaged", f"a record of the spool has a strange form: {error}", level="warning")
        self._tx.execute("RELEASE record")

    def tell(
        self, type: str, message: str, *, level: str = "info", data: dict[str, object] | None = None
    ) -> None:
        events.append(
            self._tx,
            type,
            message,
            level=level,
            source="shim",
            task_id=self._container.task_id,
            container_id=self._container.id,
            data=data,
        )

    def finish(self, offset: int) -> None:
        """Store the heartbeats together and how far the spool has been read."""
        columns: dict[str, Any] = {"spool_offset": offset}
        if self._beats:
            containers.add_heartbeats(self._tx, self._container.id, self._beats)
            last = self._beats[-1]
            columns["last_heartbeat_at"] = float(last["at"])
            if not self._ended:
                columns |= {
                    "cpu_percent": last.get("cpu_percent"),
                    "memory_bytes": last.get("memory_bytes"),
                    "process_count": last.get("pids"),
                }
                if self._was_given_up():
                    # Nobody has begun to end it, and what it was to be ended for is not so any more.
                    columns |= {"wanted": "run", "reason": ""}
                if self._container.health is not Health.HEALTHY:
                    columns["health"] = Health.HEALTHY
                    if self._container.health is not Health.UNKNOWN:
                        self.tell("container.recovered", "heartbeats arrive again")
        containers.update(self._tx, containers.get(self._tx, self._container.id), **columns)
        if self._last_line is not None:
            task = self._task()
            if task is not None:
                tasks.update(self._tx, task, last_line=self._last_line)

    def _was_given_up(self) -> bool:
        """Say whether it is to be ended for its silence alone."""
        mine = self._container
        return (
            mine.wanted == "recover" and mine.health is Health.DEAD and mine.state is ContainerState.RUNNING
        )

    def _task(self) -> Task | None:
        """The task, while this container is the one that works on it."""
        task = tasks.find(self._tx, self._container.task_id)
        return task if task and task.container_id == self._container.id else None

    def _heartbeat(self, record: dict[str, Any]) -> None:
        beat: dict[str, Any] = {
            "seq": int(record["seq"]),
            "at": float(record["at"]),
            "uptime_s": float(record["uptime_s"]),
        }
        for name in ("cpu_percent", "memory_bytes", "pids"):
            value = record.get(name)
            beat[name] = None if value is None else float(value) if name == "cpu_percent" else int(value)
        if not all(value is None or 0 <= value < 1 << 62 for value in beat.values()):
            raise ValueError("a heartbeat cannot say this")
        if self._container.state is ContainerState.CREATING:
            self._started(record)
        self._beats.append(beat)
        if not self._ended:
            sandbox_cost.book(
                self._tx,
                self._container,
                until=beat["at"],
                seq=beat["seq"],
                cpu_percent=beat["cpu_percent"],
                memory_bytes=beat["memory_bytes"],
            )

    def _started(self, record: dict[str, Any]) -> None:
        """It runs: said by its own record, or by a heartbeat where that record was lost."""
        if self._container.state is ContainerState.CREATING:
            self._container = containers.move(
                self._tx, self._container, ContainerState.RUNNING, started_at=float(record["at"]), step=""
            )
            limits = record.get("limits") or {}
            loose = [name for name, how in limits.items() if how == NOT_KEPT]
            self.tell(
                "container.started",
                "; ".join(["the container runs", *(f"its limit of {name} is not kept" for name in loose)]),
                level="warning" if loose else "info",
                data={"limits": limits},
            )
        task = self._task()
        if task and task.state is TaskState.DISPATCHING:
            tasks.move(self._tx, task, TaskState.RUNNING)
            self.tell("task.running", task.title)
        for session in sessions.of_container(self._tx, self._container.id):
            if session.kind == "main" and session.state is SessionState.CREATED:
                sessions.move(self._tx, session, SessionState.RUNNING)

    def _agent(self, record: dict[str, Any]) -> None:
        task = self._task()
        if task is not None and not self._ended:
            said = agent_reports.take(self._tx, self._container, task, record, self._claims.tell)
            self._last_line = self._last_line if said is None else said

    def _asked(self, record: dict[str, Any]) -> None:
        if not self._ended:
            approvals.asked(self._tx, self._container, record, self._policy.config)

    def _terminal_lost(self, record: dict[str, Any]) -> None:
        self.tell("session.terminal_lost", "the terminal server died; the work goes on", level="warning")

    def _session_started(self, record: dict[str, Any]) -> None:
        for session in sessions.of_container(self._tx, self._container.id):
            if session.name == record["name"] and session.state is SessionState.CREATED:
                sessions.move(self._tx, session, SessionState.RUNNING)
                self.tell("session.started", session.name)

    def _session_failed(self, record: dict[str, Any]) -> None:
        for session in sessions.of_container(self._tx, self._container.id):
            if session.name == record["name"] and session.state is SessionState.CREATED:
                why = f"it could not be started: {one_line(str(record['error']), 300)}"
                sessions.move(
                    self._tx, session, SessionState.FAILED, reason=why, finished_at=float(record["at"])
                )
                self.tell("session.failed", f"{session.name}: {why}", level="error")

    def _session_ended(self, record: dict[str, Any]) -> None:
        for session in sessions.of_container(self._tx, self._container.id):
            if session.name == record["name"] and session.state not in ending.SESSION_ENDED:
                code = record.get("exit_code")
                sessions.move(
                    self._tx,
                    session,
                    SessionState.TERMINATED,
                    exit_code=None if code is None else int(code),
                    finished_at=float(record["at"]),
                )
                self.tell("session.ended", f"{session.name} ended with {code}")

    def _ending(self, record: dict[str, Any]) -> None:
        if self._container.state is ContainerState.RUNNING:
            self._container = containers.move(self._tx, self._container, ContainerState.STOPPING)
            self.tell("container.stopping", str(record["reason"]))

    def _exited(self, record: dict[str, Any]) -> None:
        ending.container_ended(self._tx, self._container.id, ExitRecord.from_json(record), self._policy)
        self._container = containers.get(self._tx, self._container.id)
        self._ended = True
