"""What the screen of checkpoints reads, in threads and by clients of their own."""

from __future__ import annotations

from contextlib import closing

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Checkpoint, Task
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.screens.checkpoint_lines import Change
from parhelia_tui.screens.file_diff import words_of
from parhelia_tui.screens.recover import Story

KEPT = 500
"""Checkpoints of a task that are shown."""

EVENTS_SHOWN = 20


def read(paths: Paths, task_id: str) -> tuple[Task, list[Checkpoint]]:
    """Read a task and its checkpoints, newest first."""
    with closing(Client(paths)) as door:
        task = door.task(task_id)
        return task, door.checkpoints.of(task, limit=KEPT)


def differences(paths: Paths, before: str, after: str | None) -> list[Change]:
    """Compare a checkpoint with another one, or with the workspace as it is now."""
    with closing(Client(paths)) as door:
        checkpoints = door.checkpoints
        found = checkpoints.diff(
            checkpoints.get(before),
            checkpoints.get(after) if after else None,
            lambda stage, done, total: None,
        )
    changes = []
    for sign, differences in (("A", found.added), ("M", found.changed), ("D", found.deleted)):
        for each in differences:
            old, new = (side.size if side else 0 for side in (each.before, each.after))
            changes.append(Change(sign, each.path, new - old))
    return changes


def file_text(paths: Paths, before: str, after: str | None, path: str) -> str:
    """Give how one file differs, line by line, or why that cannot be shown."""
    with closing(Client(paths)) as door:
        checkpoints = door.checkpoints
        found = checkpoints.text_diff(
            checkpoints.get(before), checkpoints.get(after) if after else None, path
        )
    return words_of(found)


def story(paths: Paths, task_id: str) -> Story:
    """Read what happened to a task."""
    with closing(Client(paths)) as door:
        task = door.task(task_id)
        told = door.events(task_id=task.id, least_level="warning", limit=EVENTS_SHOWN)
        return Story(task, door.checkpoints.newest(task), told)
