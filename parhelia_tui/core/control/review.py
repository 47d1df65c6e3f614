"""Which ended tasks a person has to look at before they count as done."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from parhelia_tui.core.agents.registry import talk_of
from parhelia_tui.core.checkpoints.ignore import Rules
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.display import money
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.config_policy import PolicyConfig
from parhelia_tui.core.settings.paths import private_directory

BEFORE = "review.json"
"""In the run directory: how the files that are watched were before the container began."""
NAMED = 5
MOST = 200_000
"""Files that are looked at; a workspace with more that match is reviewed always."""
_NEVER = frozenset({".git"})

Marks = dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules, and what only a look at the workspace can tell.

    Args:
        touched: files that match `review_files` and are not as they were; asked for at an end alone.
        resumes: how often a task goes on by itself after its supervisor was killed.
    """

    config: PolicyConfig
    touched: tuple[str, ...] = ()
    resumes: int = 0

    def why(self, task: Task, state: TaskState) -> str:
        """Say why a task that ended so is to be reviewed; empty where it is not."""
        rules, reasons = self.config, []
        wanted = rules.review_on_error
        if state is TaskState.FAILED and (bool(talk_of(task.agent)) if wanted == "agents" else wanted):
            reasons.append("it failed")
        if state is TaskState.COMPLETED and rules.review_on_completion:
            reasons.append("every completed task is reviewed")
        above = rules.review_above_usd
        if above and (task.cost_usd or 0.0) > above:
            reasons.append(f"it cost {money(task.cost_usd)}, more than {money(above)}")
        if self.touched:
            more = len(self.touched) - NAMED
            named = ", ".join(one_line(each, 80) for each in self.touched[:NAMED])
            reasons.append(f"it changed {named}" + (f" and {more} more" if more > 0 else ""))
        return "; ".join(reasons)


async def remember(context: Context, container: Container) -> None:
    """Write down how the watched files are before a container begins; a second time what is there stays.

    Raises:
        ParheliaError: E507, E602 when it cannot be written.
    """
    place = context.paths.container(container.id) / BEFORE
    if not context.config.policy.review_files or place.exists():
        return
    marks = await asyncio.to_thread(_marks, Path(container.workspace), context.config.policy.review_files)
    private_directory(place.parent)
    new = place.with_suffix(".new")
    try:
        new.write_text(json.dumps(marks), encoding="utf-8")
        new.rename(place)
    except OSError as error:
        code = "E507" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "E602"
        raise ParheliaError(code, f"{place} cannot be written: {error.strerror}") from error


async def at_end(context: Context, container: Container | None) -> Policy:
    """Look at the workspace of a container that has ended, where the rules ask for it."""
    rules, resumes = context.config.policy, context.config.checkpoints.resumes
    if container is None or not rules.review_files:
        return Policy(rules, resumes=resumes)
    try:
        before: Marks = json.loads(
            (context.paths.container(container.id) / BEFORE).read_text(encoding="utf-8")
        )
    except (OSError, ValueError):
        # It began under other rules, or never.
        return Policy(rules, resumes=resumes)
    after = await asyncio.to_thread(_marks, Path(container.workspace), rules.review_files)
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return Policy(rules, tuple(names), resumes)


def _marks(workspace: Path, patterns: tuple[str, ...]) -> Marks:
    """What tells whether a file was changed; its time of change (ctime) cannot be set by who changes it."""
    marks: Marks = {}
    for name, path in _files(workspace, Rules(patterns)):
        try:
            seen = os.lstat(path)
        except OSError:
            continue
        marks[name] = [seen.st_ino, seen.st_size, seen.st_ctime_ns]
        if len(marks) >= MOST:
            marks["…"] = [0, 0, seen.st_ctime_ns]
            break
    return marks


def _files(workspace: Path, rules: Rules) -> Iterator[tuple[str, str]]:
    """Every file that the rules name; links are files here, and are not followed."""
    waiting = [("", os.fspath(workspace), False)]
    while waiting:
        above, folder, named = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            name = f"{above}{entry.name}"
            directory = entry.is_dir(follow_symlinks=False)
            fits = named or rules.leave_out(name, directory)
            if directory and name not in _NEVER:
                waiting.append((f"{name}/", entry.path, fits))
            elif not directory and fits:
                yield name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"), entry.path
