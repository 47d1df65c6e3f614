"""The states of tasks, containers and sessions, and the moves between them that are allowed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from parhelia_tui.core.model.errors import ParheliaError


class TaskState(StrEnum):
    """Where a task stands."""

    PENDING = "pending"
    DISPATCHING = "dispatching"
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    NEEDS_REVIEW = "needs_review"


class ContainerState(StrEnum):
    """Where a container stands."""

    CREATING = "creating"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    TERMINATED = "terminated"
    FAILED = "failed"
    ORPHANED = "orphaned"
    LOST = "lost"


class SessionState(StrEnum):
    """Where a tmux session of a container stands."""

    CREATED = "created"
    INITIALIZING = "initializing"
    READY = "ready"
    RUNNING = "running"
    TERMINATED = "terminated"
    FAILED = "failed"


class CheckpointState(StrEnum):
    """Where a checkpoint stands; only a `ready` one can be restored."""

    PENDING = "pending"
    CREATING = "creating"
    READY = "ready"
    FAILED = "failed"


class Trigger(StrEnum):
    """Why a checkpoint was taken."""

    MANUAL = "manual"
    PERIODIC = "periodic"
    DETACH = "detach"
    ERROR = "error"
    RISKY = "risky"
    BUDGET = "budget"
    ROLLBACK = "rollback"
    END = "end"
    RENEWAL = "renewal"


class ApprovalKind(StrEnum):
    """What an agent waits with."""

    PERMISSION = "permission"
    QUESTION = "question"
    PLAN = "plan"


class ApprovalState(StrEnum):
    """What became of a question; `pending` also while an answer is on its way to the agent."""

    PENDING = "pending"
    ALLOWED = "allowed"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class ReplyState(StrEnum):
    """How far a reply is: to be typed, being typed, typed, taken by the agent, or not delivered."""

    PENDING = "pending"
    TYPING = "typing"
    TYPED = "typed"
    DELIVERED = "delivered"
    FAILED = "failed"


class Health(StrEnum):
    """What the heartbeats of a container say; `unknown` before the first and after the end."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    DEAD = "dead"


T, C, S, P, A, R = TaskState, ContainerState, SessionState, CheckpointState, ApprovalState, ReplyState

TASK_MOVES: Mapping[TaskState, frozenset[TaskState]] = {
    T.PENDING: frozenset({T.DISPATCHING, T.CANCELLED, T.FAILED}),
    # Back to pending when a container could not be made and another try is allowed.
    T.DISPATCHING: frozenset({T.RUNNING, T.PENDING, T.COMPLETED, T.FAILED, T.CANCELLED}),
    # Back to pending when its container died and it goes on from a checkpoint.
    T.RUNNING: frozenset({T.WAITING, T.COMPLETED, T.FAILED, T.CANCELLED, T.NEEDS_REVIEW, T.PENDING}),
    T.WAITING: frozenset({T.RUNNING, T.COMPLETED, T.FAILED, T.CANCELLED, T.NEEDS_REVIEW, T.PENDING}),
    T.NEEDS_REVIEW: frozenset({T.COMPLETED, T.FAILED, T.CANCELLED, T.PENDING}),
    # A retry sends an ended task back to the queue as a new attempt.
    T.COMPLETED: frozenset({T.PENDING}),
    T.FAILED: frozenset({T.PENDING}),
    T.CANCELLED: frozenset({T.PENDING}),
}

CONTAINER_MOVES: Mapping[ContainerState, frozenset[ContainerState]] = {
    C.CREATING: frozenset({C.RUNNING, C.STOPPING, C.STOPPED, C.TERMINATED, C.FAILED, C.LOST}),
    C.RUNNING: frozenset({C.STOPPING, C.STOPPED, C.TERMINATED, C.FAILED, C.LOST}),
    C.STOPPING: frozenset({C.STOPPED, C.TERMINATED, C.FAILED, C.LOST}),
    C.ORPHANED: frozenset({C.RUNNING, C.STOPPING, C.STOPPED, C.TERMINATED, C.FAILED, C.LOST}),
    # Seen again after the backend had said that it was gone.
    C.LOST: frozenset({C.RUNNING, C.STOPPED, C.TERMINATED, C.FAILED}),
    C.STOPPED: frozenset(),
    C.TERMINATED: frozenset(),
    C.FAILED: frozenset(),
}

SESSION_MOVES: Mapping[SessionState, frozenset[SessionState]] = {
    S.CREATED: frozenset({S.INITIALIZING, S.RUNNING, S.TERMINATED, S.FAILED}),
    S.INITIALIZING: frozenset({S.READY, S.RUNNING, S.TERMINATED, S.FAILED}),
    S.READY: frozenset({S.RUNNING, S.TERMINATED, S.FAILED}),
    S.RUNNING: frozenset({S.TERMINATED, S.FAILED}),
    S.TERMINATED: frozenset(),
    S.FAILED: frozenset(),
}

CHECKPOINT_MOVES: Mapping[CheckpointState, frozenset[CheckpointState]] = {
    P.PENDING: frozenset({P.CREATING, P.FAILED}),
    P.CREATING: frozenset({P.READY, P.FAILED}),
    P.READY: frozenset(),
    P.FAILED: frozenset(),
}

APPROVAL_MOVES: Mapping[ApprovalState, frozenset[ApprovalState]] = {
    A.PENDING: frozenset({A.ALLOWED, A.DENIED, A.WITHDRAWN, A.EXPIRED}),
    A.ALLOWED: frozenset(),
    A.DENIED: frozenset(),
    A.WITHDRAWN: frozenset(),
    A.EXPIRED: frozenset(),
}

REPLY_MOVES: Mapping[ReplyState, frozenset[ReplyState]] = {
    R.PENDING: frozenset({R.TYPING, R.FAILED}),
    R.TYPING: frozenset({R.TYPED, R.DELIVERED, R.FAILED}),
    R.TYPED: frozenset({R.DELIVERED, R.FAILED}),
    # It was given up, and the agent took it after all.
    R.FAILED: frozenset({R.DELIVERED}),
    R.DELIVERED: frozenset(),
}

TASK_ENDED = frozenset({T.COMPLETED, T.FAILED, T.CANCELLED})
TASK_SETTLED = TASK_ENDED | {T.NEEDS_REVIEW}
"""Nothing works on it and nothing will before a person says so."""
TASK_ALIVE = frozenset({T.DISPATCHING, T.RUNNING, T.WAITING})
CONTAINER_ENDED = frozenset({C.STOPPED, C.TERMINATED, C.FAILED, C.LOST})
CONTAINER_LIVE = frozenset({C.CREATING, C.RUNNING, C.STOPPING, C.ORPHANED})
SESSION_ENDED = frozenset({S.TERMINATED, S.FAILED})

State = TypeVar("State", TaskState, ContainerState, SessionState, CheckpointState, ApprovalState, ReplyState)


def check_move(moves: Mapping[State, frozenset[State]], what: str, old: State, new: State) -> None:
    """Refuse a move that the table does not allow.

    Args:
        moves: one of the tables above.
        what: the thing in words, for the message, as in "task t-1a2b".
        old: the state it is in.
        new: the state it should get.

    Raises:
        ParheliaError: E103 when the move is forbidden.
    """
    if new not in moves[old]:
        allowed = ", ".join(sorted(moves[old])) or "none, it has ended"
        raise ParheliaError(
            "E103",
            f"{what} is {old} and cannot become {new}",
            details={"from": str(old), "to": str(new), "allowed": allowed},
        )
