"""Questions of agents: stored, decided by rules where there are any, and answered exactly once."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from parhelia_tui.core.control import policy
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.asking import question_of
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.ids import new_id
from parhelia_tui.core.model.records import Approval, Container, Task
from parhelia_tui.core.model.redaction import redacted, redacted_values
from parhelia_tui.core.model.rules import rule_for
from parhelia_tui.core.model.states import CONTAINER_LIVE, ApprovalKind, ApprovalState, TaskState
from parhelia_tui.core.model.text import one_line, plain
from parhelia_tui.core.settings.config_policy import PolicyConfig
from parhelia_tui.core.store import approvals, containers, events, tasks
from parhelia_tui.core.store.connection import writing

REASON = 1000
"""Characters of a reason that are kept, and that the agent is told."""
NOT_ASKED = "it was answered in its terminal, or is not asked any more"
"""The agent hung up, and says no more than that."""


# What the spool says, each in the transaction of its reading


def asked(tx: sqlite3.Connection, container: Container, record: dict[str, Any], rules: PolicyConfig) -> None:
    """Store a question, and let the rules decide it where they can; else its task waits."""
    ask, report, at = int(record["ask"]), record["report"], float(record["at"])
    if approvals.of_ask(tx, container.id, ask) is not None:
        return
    kind, raw = ApprovalKind(report["kind"]), dict(report["input"])
    shown, tool = _shown(raw), one_line(str(report["tool"]), 120)
    hidden = shown != raw or tool != report["tool"]
    given = redacted_values(shown)
    # What cannot be seen is as good as left out: a person is told, and no rule allows it.
    unseen = bool(report["cut"]) or hidden
    # Behind what looks like a key a command could hide. A rule of the configuration sees it as it is.
    cut = unseen or given != shown
    before = _asked_before(tx, container, kind, tool, given, cut)
    if before is not None:
        stored = approvals.ask_again(tx, before, container, ask)
    else:
        stored = approvals.add(
            tx,
            new_id("a"),
            container,
            ask=ask,
            kind=kind,
            tool=tool,
            given=given,
            cut=cut,
            message=redacted(plain(str(report["message"]))),
            at=at,
        )
    question = question_of(stored.kind, stored.tool, stored.input, stored.message)
    if stored.decision:
        _tell(tx, stored, "asked_again", f"{stored.decision} by {stored.answered_by}: {question}", at=at)
        return
    judged = policy.judge(rules, tx, container.task_id, kind, stored.tool, raw, unseen)
    _tell(tx, stored, "asked", question, level="info" if judged else "warning", at=at)
    if judged is not None:
        stored = approvals.decide(
            tx, stored, judged.decision, at, by=judged.by, source="policy", reason=judged.reason
        )
        _tell(tx, stored, "decided", f"{stored.decision} by {judged.by}: {question}", at=at)
        return
    task = _task(tx, container.task_id, container.id)
    if task is not None and task.state is TaskState.RUNNING:
        tasks.move(tx, task, TaskState.WAITING, question=question)


def _asked_before(
    tx: sqlite3.Connection,
    container: Container,
    kind: ApprovalKind,
    tool: str,
    given: dict[str, Any],
    cut: bool,
) -> Approval | None:
    """The same question, left behind by a container of this task that has ended."""
    for each in approvals.deferred(tx, container.task_id):
        if (each.kind, each.tool, each.input, each.cut) == (kind, tool, given, cut):
            return each
    return None


def answered(tx: sqlite3.Connection, container: Container, record: dict[str, Any]) -> None:
    """Store that the agent has been told."""
    found = approvals.of_ask(tx, container.id, int(record["ask"]))
    if found is not None:
        finish(tx, found, str(record["decision"]), float(record["at"]))


def withdrawn(tx: sqlite3.Connection, container: Container, record: dict[str, Any]) -> None:
    """Store that the agent waits no more: it was answered in its terminal, or was interrupted."""
    found = approvals.of_ask(tx, container.id, int(record["ask"]))
    if found is not None:
        withdraw(tx, found, "agent", NOT_ASKED, float(record["at"]))


def container_ended(tx: sqlite3.Connection, container_id: str, why: str, at: float) -> None:
    """Nothing that an ended container asked needs an answer."""
    for each in approvals.waiting(tx, container_id=container_id):
        withdraw(tx, each, "container", f"its container has ended: {why}", at)


def task_over(tx: sqlite3.Connection, task_id: str, why: str, at: float) -> None:
    """Nothing that a task asked in earlier containers needs an answer once it has ended."""
    for each in approvals.deferred(tx, task_id):
        withdraw(tx, each, "container", why, at)


def waits(db: sqlite3.Connection, task_id: str) -> bool:
    """Say whether a question of a task waits for a person, whatever else the agent says of itself."""
    return any(not each.decision for each in approvals.waiting(db, task_id=task_id))


# What became of it


def finish(tx: sqlite3.Connection, approval: Approval, told: str, at: float) -> None:
    """Store which answer the agent has got; a second time nothing happens."""
    if approval.state is not ApprovalState.PENDING:
        return
    state = ApprovalState.ALLOWED if told == "allow" else ApprovalState.DENIED
    if approval.source == "timeout":
        state = ApprovalState.EXPIRED
    # The agent has them now; what is kept of them is for reading.
    kept = json.dumps(redacted_values(approval.answers))
    done = approvals.move(tx, approval, state, finished_at=at, answers=kept)
    if state is ApprovalState.ALLOWED and done.always and not done.cut:
        # Of what nobody saw whole, a rule could be wider than what was allowed: one of the whole tool, even.
        rule = rule_for(done.tool, done.input)
        if rule is not None:
            approvals.remember(tx, done.task_id, str(rule), done.answered_by, at)
    question = question_of(done.kind, done.tool, done.input, done.message)
    why = f" ({done.reason})" if done.reason else ""
    _tell(tx, done, state, f"{done.answered_by}: {question}{why}", at=at)
    _go_on(tx, done)


def withdraw(tx: sqlite3.Connection, approval: Approval, source: str, why: str, at: float) -> None:
    """Store that no answer reaches the agent any more; a second time nothing happens."""
    if approval.state is not ApprovalState.PENDING:
        return
    late = f"{why}; the answer of {approval.answered_by} came too late" if approval.decision else why
    done = approvals.move(
        tx, approval, ApprovalState.WITHDRAWN, source=source, reason=one_line(late, REASON), finished_at=at
    )
    _tell(tx, done, ApprovalState.WITHDRAWN, late, at=at)
    _go_on(tx, done)


def _go_on(tx: sqlite3.Connection, approval: Approval) -> None:
    """Let the task run again, or ask its next question."""
    task = _task(tx, approval.task_id, approval.container_id)
    if task is None or task.state is not TaskState.WAITING:
        return
    left = [each for each in approvals.waiting(tx, task_id=task.id) if not each.decision]
    if left:
        following = question_of(left[0].kind, left[0].tool, left[0].input, left[0].message)
        if following != task.question:
            tasks.update(tx, task, question=following)
    else:
        tasks.move(tx, task, TaskState.RUNNING, question="")


# What the controller does


async def carry_out(context: Context, approval_id: str) -> None:
    """Tell the agent what was decided, and store that it was told.

    The supervisor answers each question once and says to a repetition what it said first, so being killed
    anywhere in between makes neither two answers nor none.

    Raises:
        ParheliaError: E500 when the supervisor did not answer; it is tried again.
    """
    with writing(context.db) as tx:
        approval = approvals.find(tx, approval_id)
        if approval is None or approval.state is not ApprovalState.PENDING or not approval.decision:
            return
        forbidden = policy.forbids(context.config.policy, approval.tool, approval.input)
        if forbidden is not None and approval.decision == "allow":
            approval = approvals.overrule(tx, approval, forbidden.by, forbidden.reason)
            _tell(tx, approval, "overruled", forbidden.reason, level="warning", at=context.clock())
    container = containers.get(context.db, approval.container_id)
    if container.state not in CONTAINER_LIVE:
        return
    said = {
        "decision": approval.decision,
        "always": approval.always,
        "message": approval.reason,
        "answers": approval.answers,
    }
    told = await context.backend_of(container).answer(container.id, approval.ask, said)
    if told is None:
        raise ParheliaError("E500", f"the supervisor of {container.id} did not take an answer")
    with writing(context.db) as tx:
        current = approvals.get(tx, approval_id)
        if told:
            finish(tx, current, told, context.clock())
        else:
            withdraw(tx, current, "agent", NOT_ASKED, context.clock())


def expire(context: Context) -> None:
    """Refuse what nobody answered in the configured time."""
    now, longest = context.clock(), context.config.policy.answer_s
    late = [
        each
        for each in approvals.waiting(context.db)
        if not each.decision and longest and now - each.created_at > longest
    ]
    for seen in late:
        with writing(context.db) as tx:
            each = approvals.get(tx, seen.id)
            if each.state is ApprovalState.PENDING and not each.decision:
                why = f"nobody answered within {longest:g} s"
                approvals.decide(tx, each, "deny", now, by="policy.answer_s", source="timeout", reason=why)


def decided(db: sqlite3.Connection) -> list[str]:
    """Name those whose agents are there and still to be told."""
    left = {each.id for each in approvals.deferred(db)}
    return [each.id for each in approvals.waiting(db) if each.decision and each.id not in left]


def _task(tx: sqlite3.Connection, task_id: str, container_id: str) -> Task | None:
    """The task, while this container is the one that works on it."""
    task = tasks.find(tx, task_id)
    return task if task and task.container_id == container_id else None


def _shown(value: Any) -> Any:
    """A JSON value without what acts on a terminal or is drawn as nothing."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {plain(str(name)): _shown(each) for name, each in value.items()}
    return [_shown(each) for each in value] if isinstance(value, list) else value


def _tell(
    tx: sqlite3.Connection, approval: Approval, what: str, message: str, *, level: str = "info", at: float
) -> None:
    events.append(
        tx,
        f"approval.{what}",
        message,
        level=level,
        task_id=approval.task_id,
        container_id=approval.container_id,
        data={
            "approval_id": approval.id,
            "kind": approval.kind,
            "tool": approval.tool,
            "decision": approval.decision,
            "by": approval.answered_by,
            "source": approval.source,
            "reason": approval.reason,
            "always": approval.always,
        },
        at=at,
    )
