"""Merging what a task made into a branch of the user's, behind a gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parhelia_tui.core.client.gate_place import gate_place
from parhelia_tui.core.client.waiting import looks
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TASK_SETTLED, TaskState
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.paths import Paths

if TYPE_CHECKING:
    from parhelia_tui.core.branches.merge import Merged
    from parhelia_tui.core.client.door import Client

_LINES_TOLD = 20


@dataclass(frozen=True, slots=True)
class TaskMerge:
    """What became of a merge.

    Attributes:
        merged: what was done to the branches.
        gate: the command that passed; empty where none was asked for.
        gate_task: the task that ran it.
    """

    merged: Merged
    gate: str
    gate_task: str


class Merges:
    """Merges branches of tasks; the user's checkout is never touched.

    Args:
        door: asks and creates the tasks that gates are.
        paths: the state directory.
        tell: appends one event of a task to the history.
    """

    def __init__(self, door: Client, paths: Paths, tell: Callable[..., None]) -> None:
        self._door = door
        self._paths = paths
        self._tell = tell

    def merge(self, task: Task, into: str, gate: str | None, told: Callable[[str], None]) -> TaskMerge:
        """Merge what a completed task made into a branch.

        Where somebody has worked on the branch of the task since it was made, it is merged as it is.

        Args:
            into: the branch; the one that is checked out in the user's repository if empty.
            gate: command line that the merged files have to pass; the configured one if None, none if empty.
            told: is told what goes on.

        Raises:
            ParheliaError: E103 for a task that is not completed or a checkout with changes, E604 for a conflict, E605
                when the gate did not pass, else as `Branches.make` and `core.branches.merge.merge`.
        """
        from parhelia_tui.core.branches.merge import Asked, merge

        if task.state is not TaskState.COMPLETED:
            review = task.state is TaskState.NEEDS_REVIEW
            raise ParheliaError(
                "E103",
                f"task {task.id} is {task.state}; only what is completed is merged",
                recovery=(
                    f"parhelia task {'accept' if review else 'show'} {task.id}",
                    f"parhelia task results {task.id} --branch",
                ),
            )
        branch, _ = self._door.branches.named(task)
        self._bring(task)
        repository = self._door.branches.repository(task)
        wanted, most_s = self._gate(gate)
        ran: list[str] = []

        def check(lay_out: Callable[[Path], None]) -> None:
            told(f"{wanted}: the gate runs over the merged files")
            self._check(task, branch, wanted, most_s, lay_out, ran)

        try:
            merged = merge(Asked(repository, branch, into, task.id), check if wanted else None)
        except ParheliaError as error:
            if error.code in ("E604", "E605"):
                self._tell(task.id, "task.merge_refused", error.message, "warning", {"code": error.code})
            raise
        done = TaskMerge(merged, wanted, ran[0] if ran else "")
        self._record(task, done)
        return done

    def _bring(self, task: Task) -> None:
        from parhelia_tui.core.branches.branch import OTHER_WORK, Outcome

        try:
            made = self._door.branches.make(task)
        except ParheliaError as error:
            if not error.details.get(OTHER_WORK):
                raise
            return
        if made.outcome is Outcome.NOTHING:
            raise ParheliaError(
                "E103",
                f"task {task.id} has changed nothing, so there is nothing to merge",
                recovery=(f"parhelia task results {task.id}",),
            )

    def _gate(self, given: str | None) -> tuple[str, float]:
        from parhelia_tui.core.settings.config_files import load

        config = load(cwd=Path.cwd()).config.merge
        return ((config.gate or "") if given is None else given), config.gate_s

    def _check(
        self,
        task: Task,
        branch: str,
        gate: str,
        most_s: float,
        lay_out: Callable[[Path], None],
        ran: list[str],
    ) -> None:
        """Run the gate over the merged files. Raises E605."""
        with gate_place(self._paths.workspaces, self._is_used) as folder:
            lay_out(folder)
            made = self._door.create_task(
                self._door.request(
                    {
                        "prompt": gate,
                        "title": f"gate of {branch}",
                        "agent": "shell",
                        "backend": "local",
                        "network": "none",
                        "workspace": str(folder),
                        "workspace_mode": "shared",
                        "persistent": False,
                        "unsandboxed": False,
                        "limits": {"lifetime_s": most_s},
                    }
                ),
                gate_of=task.id,
            )
            ran.append(made.id)
            ended = self._end_of(made)
        if ended.exit_code != 0:
            how = "did not end" if ended.exit_code is None else f"ended with {ended.exit_code}"
            raise ParheliaError(
                "E605",
                f"the gate {one_line(gate, 120)!r} {how}, so nothing was merged",
                details={"gate_task": made.id, "output": self._door.log_tail(made.id, _LINES_TOLD)},
                recovery=(
                    f"parhelia task logs {made.id}",
                    f"git diff HEAD...{branch}",
                    f"parhelia task show {task.id}",
                ),
            )

    def _is_used(self, folder: Path) -> bool:
        found = self._door.tasks(workspace=str(folder))
        return any(each.state not in TASK_SETTLED for each in found)

    def _end_of(self, gate: Task) -> Task:
        try:
            for _ in looks(wake=self._door.wake):
                seen = self._door.task(gate.id)
                if seen.state in TASK_SETTLED:
                    break
        except BaseException:
            # Who gives up waiting merges nothing, so its gate is for nobody.
            self._door.cancel_task(gate.id, "the merge was given up")
            raise
        return seen

    def _record(self, task: Task, done: TaskMerge) -> None:
        from parhelia_tui.core.branches.merge import MergeOutcome

        merged = done.merged
        if merged.outcome is MergeOutcome.NOTHING:
            return
        passed = f", after {one_line(done.gate, 80)} had passed" if done.gate else ""
        words = (
            f"{merged.branch} was merged into {merged.into}{passed}"
            if merged.outcome is MergeOutcome.MERGED
            else f"{merged.branch} can be taken into {merged.into}, which is checked out{passed}: {merged.command}"
        )
        about: dict[str, Any] = {
            "repository": merged.repository,
            "into": merged.into,
            "before": merged.before,
            "commit": merged.commit,
            "gate": done.gate,
            "gate_task": done.gate_task,
        }
        self._tell(task.id, f"task.merge_{merged.outcome}", words, "info", about)
