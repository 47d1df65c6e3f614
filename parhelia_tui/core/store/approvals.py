"""Questions with which agents wait for a person, and how each was answered."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Approval, Container
from parhelia_tui.core.model.states import (
    APPROVAL_MOVES,
    CONTAINER_ENDED,
    ApprovalKind,
    ApprovalState,
    check_move,
)
from parhelia_tui.core.store import rows
from parhelia_tui.core.store.changes import Value, change, insert, next_rev
from parhelia_tui.core.store.naming import Kind

KIND = Kind("approvals", "a-", "approval", "E206")


def add(
    tx: sqlite3.Connection,
    approval_id: str,
    container: Container,
    *,
    ask: int,
    kind: ApprovalKind,
    tool: str,
    given: Mapping[str, object],
    cut: bool,
    message: str,
    at: float,
) -> Approval:
    """Store a question.

    Args:
        ask: its number in the container.
        given: the tool's input, made safe and short.
        cut: the input is not all of it.
    """
    insert(
        tx,
        "approvals",
        {
            "id": approval_id,
            "task_id": container.task_id,
            "container_id": container.id,
            "attempt": container.attempt,
            "ask": ask,
            "kind": kind,
            "tool": tool,
            "input": json.dumps(given),
            "cut": int(cut),
            "message": message,
            "state": ApprovalState.PENDING,
            "created_at": at,
            "rev": next_rev(tx),
            "owner_user": container.owner.user_id,
            "owner_session": container.owner.session_id,
            "owner_environment": container.id,
        },
    )
    return get(tx, approval_id)


def find(db: sqlite3.Connection, approval_id: str) -> Approval | None:
    """Read one, None when there is none."""
    row = db.execute("SELECT * FROM approvals WHERE id = ?", (approval_id,)).fetchone()
    return rows.approval(row) if row else None


def get(db: sqlite3.Connection, approval_id: str) -> Approval:
    """Read one.

    Raises:
        ParheliaError: E206 when there is none.
    """
    found = find(db, approval_id)
    if found is None:
        raise KIND.missing(approval_id)
    return found


def of_ask(db: sqlite3.Connection, container_id: str, ask: int) -> Approval | None:
    """Read the one that has this number in its container."""
    row = db.execute(
        "SELECT * FROM approvals WHERE container_id = ? AND ask = ?", (container_id, ask)
    ).fetchone()
    return rows.approval(row) if row else None


def resolve(db: sqlite3.Connection, text: str) -> Approval:
    """Find one by its id or by a beginning of it, with or without `a-`.

    Raises:
        ParheliaError: E206 when there is none, E101 when several begin so.
    """
    approval_id = KIND.id_of(db, text)
    if approval_id is None:
        raise KIND.missing(text)
    return get(db, approval_id)


def waiting(
    db: sqlite3.Connection, *, task_id: str | None = None, container_id: str | None = None
) -> list[Approval]:
    """Read those that wait for an answer, or for the answer to be carried out; oldest first."""
    wheres, values = ["state = 'pending'"], []  # type: list[str], list[str]
    for column, value in (("task_id", task_id), ("container_id", container_id)):
        if value is not None:
            wheres.append(f"{column} = ?")
            values.append(value)
    found = db.execute(
        f"SELECT * FROM approvals WHERE {' AND '.join(wheres)} ORDER BY created_at, id", values
    )
    return [rows.approval(row) for row in found]


def deferred(db: sqlite3.Connection, task_id: str | None = None) -> list[Approval]:
    """Read those that wait although their container has ended; oldest first."""
    states = ", ".join(f"'{each}'" for each in sorted(CONTAINER_ENDED))
    where, values = ("AND a.task_id = ?", (task_id,)) if task_id is not None else ("", ())
    found = db.execute(
        "SELECT a.* FROM approvals AS a JOIN containers AS c ON c.id = a.container_id"
        f" WHERE a.state = 'pending' AND c.state IN ({states}) {where} ORDER BY a.created_at, a.id",
        values,
    )
    return [rows.approval(row) for row in found]


def is_deferred(db: sqlite3.Connection, approval: Approval) -> bool:
    """Say whether one waits although its container has ended."""
    return any(each.id == approval.id for each in deferred(db, approval.task_id))


def ask_again(tx: sqlite3.Connection, approval: Approval, container: Container, ask: int) -> Approval:
    """Say that the same question is asked in another container, where its answer is to be told.

    Raises:
        ParheliaError: E104 when it changed since it was read.
    """
    columns: dict[str, Value] = {
        "container_id": container.id,
        "attempt": container.attempt,
        "ask": ask,
        "owner_environment": container.id,
    }
    change(tx, "approvals", approval.id, approval.version, columns)
    return get(tx, approval.id)


def listed(
    db: sqlite3.Connection,
    *,
    states: Sequence[ApprovalState] = (),
    task_id: str | None = None,
    limit: int | None = None,
) -> list[Approval]:
    """Read approvals, oldest first, the newest `limit` of them."""
    wheres: list[str] = ["TRUE"]
    values: list[object] = []
    if states:
        wheres.append(f"state IN ({', '.join('?' * len(states))})")
        values.extend(states)
    if task_id is not None:
        wheres.append("task_id = ?")
        values.append(task_id)
    found = db.execute(
        f"SELECT * FROM approvals WHERE {' AND '.join(wheres)} ORDER BY created_at DESC, id DESC LIMIT ?",
        (*values, -1 if limit is None else limit),
    ).fetchall()
    return [rows.approval(row) for row in reversed(found)]


def decide(
    tx: sqlite3.Connection,
    approval: Approval,
    decision: str,
    at: float,
    *,
    by: str,
    source: str,
    reason: str = "",
    always: bool = False,
    answers: Mapping[str, str] | None = None,
) -> Approval:
    """Write down the first answer; the controller carries it out.

    Args:
        decision: allow or deny.
        by: the person, or the rule in words.
        source: person, policy or timeout.

    Raises:
        ParheliaError: E103 when it was answered before, E104 when it changed since it was read.
    """
    if approval.state is not ApprovalState.PENDING or approval.decision:
        who = f" by {approval.answered_by}" if approval.answered_by else ""
        said = (
            approval.state
            if approval.state is not ApprovalState.PENDING
            else f"answered: {approval.decision}"
        )
        raise ParheliaError(
            "E103",
            f"approval {approval.id} is {said} already{who}",
            recovery=(f"parhelia approval show {approval.id}", "parhelia approval list"),
        )
    columns: dict[str, Value] = {
        "decision": decision,
        "answered_at": at,
        "answered_by": by,
        "source": source,
        "reason": reason,
        "always": int(always),
        "answers": json.dumps(dict(answers or {})),
    }
    change(tx, "approvals", approval.id, approval.version, columns)
    return get(tx, approval.id)


def overrule(tx: sqlite3.Connection, approval: Approval, by: str, reason: str) -> Approval:
    """Turn an answer that no rule permits into a refusal, before it is carried out."""
    columns: dict[str, Value] = {
        "decision": "deny",
        "answered_by": by,
        "source": "policy",
        "reason": reason,
        "always": 0,
    }
    change(tx, "approvals", approval.id, approval.version, columns)
    return get(tx, approval.id)


def move(tx: sqlite3.Connection, approval: Approval, to: ApprovalState, **columns: Value) -> Approval:
    """Say what became of it, together with other columns.

    Raises:
        ParheliaError: E103 for a forbidden move, E104 when it changed since it was read.
    """
    check_move(APPROVAL_MOVES, f"approval {approval.id}", approval.state, to)
    change(tx, "approvals", approval.id, approval.version, {"state": to, **columns})
    return get(tx, approval.id)


def changed_since(db: sqlite3.Connection, rev: int) -> list[Approval]:
    """Read those that changed after `rev`."""
    found = db.execute("SELECT * FROM approvals WHERE rev > ? ORDER BY rev", (rev,))
    return [rows.approval(row) for row in found]


def remove_before(tx: sqlite3.Connection, at: float, piece: int) -> int:
    """Delete up to `piece` settled ones older than `at`; called again until it gives less."""
    cursor = tx.execute(
        "DELETE FROM approvals WHERE id IN"
        " (SELECT id FROM approvals WHERE created_at < ? AND state <> 'pending' LIMIT ?)",
        (at, piece),
    )
    return cursor.rowcount


def remember(tx: sqlite3.Connection, task_id: str, rule: str, by: str, at: float) -> None:
    """Allow by itself, for this task, what a rule matches."""
    tx.execute(
        "INSERT OR IGNORE INTO task_rules (task_id, rule, answered_by, at) VALUES (?, ?, ?, ?)",
        (task_id, rule, by, at),
    )


def remembered(db: sqlite3.Connection, task_id: str) -> list[tuple[str, str]]:
    """Read the rules of a task with who said so, oldest first."""
    found = db.execute(
        "SELECT rule, answered_by FROM task_rules WHERE task_id = ? ORDER BY at, rule", (task_id,)
    )
    return [(row["rule"], row["answered_by"]) for row in found]
