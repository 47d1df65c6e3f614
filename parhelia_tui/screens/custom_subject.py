"""What a screen has that a command of the user's own can be for, and the words that the command becomes with it."""

from __future__ import annotations

from dataclasses import dataclass

from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.custom_commands import CustomCommand
from parhelia_tui.core.settings.paths import Paths


@dataclass(frozen=True, slots=True)
class Subject:
    """What a screen has that a command can be for.

    Args:
        task: the chosen one, or that which the screen is about.
        container: while it lives.
        marked: tasks that are marked; a command of a task is for all of them.
        none: the sentence where there is no task.
        closed: why no command at all runs from this screen; empty where one may.
    """

    task: Task | None = None
    container: Container | None = None
    marked: tuple[Task, ...] = ()
    none: str = "no task is chosen"
    closed: str = ""

    def tasks(self, each: CustomCommand) -> list[Task | None]:
        """The tasks that a command is for: all that are marked, else the chosen one."""
        return [*(self.marked if each.scope == "task" else ())] or [self.task]

    def named(self, each: CustomCommand) -> str:
        """Say of a command for what it is, as the end of a sentence."""
        task, *more = self.tasks(each)
        if more:
            return f" for {len(more) + 1} tasks"
        if each.scope == "task" and task is not None:
            return f" for “{one_line(task.title, 120)}”"
        return f" for {self.container.id}" if each.scope == "container" and self.container is not None else ""

    def words(self, each: CustomCommand, task: Task | None, paths: Paths) -> list[str]:
        """Give program and words of a command for one of its tasks. Raises E401 for what would be read as an option."""
        from parhelia_tui.core.settings.custom_words import filled_words

        return filled_words(each.run, self.values(each, task, paths))

    def values(self, each: CustomCommand, task: Task | None, paths: Paths) -> dict[str, str]:
        """Give what can stand in the words of a command.

        Args:
            task: one of its tasks.
            paths: the state directory.
        """
        values, container = {"home": str(paths.home)}, self.container
        if each.scope == "fleet":
            return values
        if task is not None:
            values |= {
                "id": task.id, "task": task.id, "title": one_line(task.title, 1000), "slug": task.slug,
                "state": str(task.state), "agent": task.agent, "backend": task.backend, "workspace": task.workspace,
            }  # fmt: skip
            if task.container_id is not None:
                values["container"] = task.container_id
        if each.scope == "container" and container is not None:
            values |= {
                "id": container.id, "container": container.id, "state": str(container.state),
                "backend": container.backend, "workspace": container.workspace, "task": container.task_id,
            }  # fmt: skip
        return values
