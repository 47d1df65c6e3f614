"""A group of tasks, one for each target: how it stands, from how its parts stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TASK_MOVES, TASK_SETTLED, TaskState
from parhelia_tui.core.model.text import one_line

NAMED = 3
"""Parts that did not complete which the reason of a group names; `parhelia task results` names all."""
_ASIDE = (TaskState.FAILED, TaskState.NEEDS_REVIEW, TaskState.CANCELLED)
_WORDS = {
    TaskState.FAILED: "failed",
    TaskState.NEEDS_REVIEW: "to be reviewed",
    TaskState.CANCELLED: "cancelled",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One task of a group, as far as the group's own state follows from it."""

    task_id: str
    target: str
    state: TaskState
    reason: str
    question: str
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    started_at: float | None
    finished_at: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """All parts together.

    Args:
        state: completed only if every part is.
        reason: how many completed, and which did not and why; empty while some go on.
        question: what the first part that waits for a person asks, with its target.
        by_state: how many parts are in each state.
        cost_usd: of the parts whose cost is known; None where none is.
        started_at: of the first part; None before it begins.
        finished_at: of the last part; None while some go on.
    """

    state: TaskState
    reason: str
    question: str
    by_state: dict[TaskState, int]
    total: int
    done: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    started_at: float | None
    finished_at: float | None


def summarize(parts: Sequence[Part], *, wanted: str = "run") -> Summary:
    """Add up the parts of a group.

    Args:
        parts: at least one, in the order of their targets.
        wanted: `cancel` where a person gave up the whole group.
    """
    by_state = Counter(each.state for each in parts)
    done = sum(number for state, number in by_state.items() if state in TASK_SETTLED)
    over = done == len(parts)
    state = _ended(by_state, len(parts), wanted) if over else _open(by_state, len(parts))
    asks = next((each for each in parts if each.state is TaskState.WAITING), None)
    costs = [each.cost_usd for each in parts if each.cost_usd is not None]
    begun = [each.started_at for each in parts if each.started_at is not None]
    ended = [each.finished_at for each in parts if each.finished_at is not None]
    return Summary(
        state=state,
        reason=_reason(parts, by_state) if over else "",
        question=f"{asks.target}: {asks.question}" if asks else "",
        by_state=dict(by_state),
        total=len(parts),
        done=done,
        input_tokens=sum(each.input_tokens for each in parts),
        output_tokens=sum(each.output_tokens for each in parts),
        cost_usd=sum(costs) if costs else None,
        started_at=min(begun, default=None),
        finished_at=max(ended, default=None) if over else None,
    )


def _open(by_state: Counter[TaskState], total: int) -> TaskState:
    if by_state[TaskState.WAITING]:
        return TaskState.WAITING
    return TaskState.PENDING if by_state[TaskState.PENDING] == total else TaskState.RUNNING


def _ended(by_state: Counter[TaskState], total: int, wanted: str) -> TaskState:
    if by_state[TaskState.COMPLETED] == total:
        return TaskState.COMPLETED
    if by_state[TaskState.NEEDS_REVIEW]:
        return TaskState.NEEDS_REVIEW
    if wanted == "cancel" or not by_state[TaskState.FAILED]:
        return TaskState.CANCELLED
    return TaskState.FAILED


def _reason(parts: Sequence[Part], by_state: Counter[TaskState]) -> str:
    said = [f"{by_state[TaskState.COMPLETED]} of {len(parts)} completed"]
    for state in _ASIDE:
        found = [each for each in parts if each.state is state]
        if not found:
            continue
        named = [_with_reason(each) for each in found[:NAMED]]
        more = [f"{len(found) - NAMED} more"] if len(found) > NAMED else []
        said.append(f"{_WORDS[state]}: {', '.join(named + more)}")
    return "; ".join(said)


def _with_reason(part: Part) -> str:
    target, why = one_line(part.target, 80), one_line(part.reason, 80)
    return f"{target} ({why})" if why else target


def single(task: Task) -> Task:
    """Give a task that has a container of its own.

    Raises:
        ParheliaError: E103 for a group, of which one part has to be named.
    """
    if task.is_group:
        raise ParheliaError(
            "E103",
            f"task {task.id} is a group of {task.parts} tasks; name one of them",
            recovery=(f"parhelia task show {task.id}", f"parhelia task results {task.id}"),
        )
    return task


def together(found: Sequence[Task]) -> list[Task]:
    """Put the parts of each group behind it, in the order of their targets; all else stays in its order."""
    parts: dict[str, list[Task]] = {}
    known = {each.id for each in found if each.is_group}
    for each in found:
        if each.parent_id in known:
            parts.setdefault(each.parent_id or "", []).append(each)
    rows: list[Task] = []
    for each in found:
        if each.parent_id not in known:
            rows += [each, *sorted(parts.get(each.id, ()), key=lambda part: (part.created_at, part.id))]
    return rows


def way(old: TaskState, new: TaskState) -> list[TaskState]:
    """Give the moves by which a task comes from one state to another, the shortest allowed way.

    Every state can be reached from every other, as an ended task may go back to the queue.
    """
    ways: dict[TaskState, list[TaskState]] = {old: []}
    for state in (reached := [old]):
        for following in sorted(TASK_MOVES[state]):
            if following not in ways:
                ways[following] = [*ways[state], following]
                reached.append(following)
    return ways[new]
