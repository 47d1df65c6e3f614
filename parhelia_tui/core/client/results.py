"""What became of a task and of each of its targets, as one document."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parhelia_tui.core.client.looking import Looking
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.store import containers

if TYPE_CHECKING:
    import os

    from parhelia_tui.core.client.compared import Difference
    from parhelia_tui.core.model.groups import Part, Summary


@dataclass(frozen=True, slots=True)
class Result:
    """One target: how it ended, where its work lies, and what it printed last.

    Args:
        place: the directory that its container worked on.
        seconds: of its newest attempt; None before its end.
        files: what differs there from the workspace now; None where it works in the workspace itself, with
            whatever else does.
    """

    target: str
    task_id: str
    title: str
    state: TaskState
    reason: str
    exit_code: int | None
    attempt: int
    backend: str
    place: str
    seconds: float | None
    cost_usd: float | None
    input_tokens: int
    output_tokens: int
    last_line: str
    output: tuple[str, ...] = ()
    files: Difference | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """All targets together.

    Args:
        failures: of those that did not complete: target, task and reason.
    """

    task_id: str
    title: str
    state: TaskState
    reason: str
    by_state: dict[TaskState, int]
    total: int
    done: int
    cost_usd: float | None
    input_tokens: int
    output_tokens: int
    seconds: float | None
    failures: tuple[dict[str, str], ...]
    results: tuple[Result, ...]


class Reporting(Looking):
    """Adds up what tasks did."""

    def results(self, task: Task) -> Results:
        """Read what became of a task and of its parts, without what they printed and changed.

        Args:
            task: a group, or one task, which then is its only target.
        """
        from parhelia_tui.core.model.groups import summarize

        parts = self.parts(task.id) if task.is_group else [task]
        now = summarize([_part(each) for each in parts], wanted=task.wanted)
        return Results(
            task_id=task.id,
            title=task.title,
            state=now.state,
            reason=now.reason if task.is_group else task.reason,
            by_state=now.by_state,
            total=now.total,
            done=now.done,
            cost_usd=now.cost_usd,
            input_tokens=now.input_tokens,
            output_tokens=now.output_tokens,
            seconds=_seconds(now),
            failures=_failures(parts),
            results=tuple(self._result(each) for each in parts),
        )

    def whole_results(self, task: Task, lines: int) -> Results:
        """Read what became of a task, as `results`, with the last lines that each part printed and its files."""
        found = self.results(task)
        known: dict[str, dict[str, os.stat_result]] = {}
        parts = {each.id: each for each in (self.parts(task.id) if task.is_group else [task])}
        whole = [
            dataclasses.replace(
                each,
                output=tuple(self.log_tail(each.task_id, lines)) if lines else (),
                files=_files(parts[each.task_id], Path(each.place), known),
            )
            if each.attempt
            else each
            for each in found.results
        ]
        return dataclasses.replace(found, results=tuple(whole))

    def results_in(self, task: Task) -> str | None:
        """Name the directory of its own that gets what a task makes; None where there is none, or not yet.

        A task elsewhere works on a copy of the user's directory, which itself stays as it is: without this name
        nobody finds what came back.
        """
        if task.workspace_mode == "shared" or task.is_group:
            return None
        own = self.paths.workspaces / task.id
        place = own if task.workspace_mode == "clone" else Path(task.workspace)
        return str(place) if place.is_dir() else None

    def _result(self, task: Task) -> Result:
        ran = containers.of_task(self._db, task.id)
        place = Path(ran[-1].workspace if ran else task.workspace)
        return Result(
            target=task.target,
            task_id=task.id,
            title=task.title,
            state=task.state,
            reason=task.reason,
            exit_code=task.exit_code,
            attempt=task.attempt,
            backend=ran[-1].backend if ran else task.backend,
            place=str(place),
            seconds=_seconds(task),
            cost_usd=task.cost_usd,
            input_tokens=task.input_tokens,
            output_tokens=task.output_tokens,
            last_line=task.last_line,
        )


def _part(task: Task) -> Part:
    from parhelia_tui.core.model.groups import Part

    return Part(
        task.id,
        task.target,
        task.state,
        task.reason,
        task.question,
        task.input_tokens,
        task.output_tokens,
        task.cost_usd,
        task.started_at,
        task.finished_at,
    )


def _seconds(done: Task | Summary) -> float | None:
    if done.started_at is None or done.finished_at is None:
        return None
    return round(done.finished_at - done.started_at, 3)


def _failures(parts: Sequence[Task]) -> tuple[dict[str, str], ...]:
    aside = (TaskState.FAILED, TaskState.CANCELLED, TaskState.NEEDS_REVIEW)
    return tuple(
        {"target": each.target, "task_id": each.id, "state": each.state, "reason": each.reason}
        for each in parts
        if each.state in aside
    )


def _files(task: Task, place: Path, known: dict[str, dict[str, os.stat_result]]) -> Difference | None:
    from parhelia_tui.core.client.compared import difference, index

    if task.workspace_mode == "shared":
        return None
    if task.workspace_mode == "empty":
        return difference(place, None, {})
    if task.workspace not in known:
        # Read once for all the copies that were made of it.
        known[task.workspace] = index(Path(task.workspace))
    return difference(place, Path(task.workspace), known[task.workspace])
