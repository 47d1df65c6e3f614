"""What was said between a person and an agent, from the files that the agent's own program keeps."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.said import Said
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.store import checkpoints, tasks

if TYPE_CHECKING:
    from parhelia_tui.core.checkpoints.repository import Repository


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation as it was found.

    Args:
        source: where it was read, in words; empty where there is none.
        why_not: why nothing was found; empty where something was.
    """

    said: Sequence[Said] = ()
    source: str = ""
    why_not: str = ""


def talk(db: sqlite3.Connection, paths: Paths, task: Task) -> Talk:
    """Read the conversation of a task's newest attempt: from its container's home, else from its checkpoint.

    Raises:
        ParheliaError: E600 for a checkpoint that is damaged.
    """
    from parhelia_tui.core.agents.registry import said_in, talk_of
    from parhelia_tui.core.agents.talk_files import HomeFiles

    kept = talk_of(task.agent)
    if not kept:
        return Talk(why_not=f"The agent {task.agent} keeps no conversation.")
    known = tasks.attempts(db, task.id)
    for attempt in reversed(known):
        home = paths.container(attempt.container_id) / "home"
        found = said_in(task.agent, HomeFiles(home / kept), attempt.conversation)
        if found:
            return Talk(found, f"container {attempt.container_id}")
    newest = checkpoints.newest(db, task.id)
    if newest is not None and newest.conversation and paths.checkpoints.is_dir():
        from parhelia_tui.core.checkpoints.repository import Repository

        conversation = tasks.conversation(db, task.id, newest.attempt)
        with ExitStack() as stack:
            repository = stack.enter_context(Repository(paths.checkpoints))
            stack.enter_context(repository.locked())
            found = said_in(task.agent, _KeptFiles(repository, newest.conversation), conversation)
        if found:
            return Talk(found, f"checkpoint {newest.id}")
    return Talk(why_not="Nothing was said yet." if known else "It has not begun, so nothing was said.")


class _KeptFiles:
    """A conversation in a checkpoint.

    Args:
        repository: locked.
        tree: the name of the conversation's tree.
    """

    def __init__(self, repository: Repository, tree: str) -> None:
        self._repository = repository
        self._top = repository.tree(tree).top

    def names(self, path: str) -> list[str]:
        from parhelia_tui.core.checkpoints.text import find

        found = find(self._repository, self._top, path) if path else self._top
        if found is None or not found.is_directory:
            return []
        return [each.name for each in self._repository.objects.listing(found.content)]

    def read(self, path: str) -> bytes:
        from parhelia_tui.core.agents.talk_files import LONGEST
        from parhelia_tui.core.checkpoints.text import stored_bytes

        return stored_bytes(self._repository, self._top, path, LONGEST) or b""
