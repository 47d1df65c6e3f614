"""The two tables of the home screen: which columns they have, how they are sorted, and what is marked in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from parhelia_tui.core.model.records import Task
from parhelia_tui.core.settings.dashboard import CONTAINER_COLUMNS, TASK_COLUMNS, Dashboard
from parhelia_tui.core.settings.view_file import View
from parhelia_tui.screens import container_columns, task_columns
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.widgets.row_table import RowTable


class HomeTables:
    """The tasks and the containers of a fleet as tables.

    Args:
        fleet: kept up to date by the screen.
        colours: gives those of the theme.

    Attributes:
        marked: ids of the tasks that keys act on together.
        task_columns, container_columns: names of what is shown now.
    """

    def __init__(self, fleet: FleetView, colours: Callable[[], Mapping[str, str]]) -> None:
        self._fleet = fleet
        self._colours = colours
        self.task_columns: Sequence[str] = ()
        self.container_columns: Sequence[str] = ()
        self.tasks = RowTable((), self._task_cells, "tasks", self._task_origin)
        self.containers = RowTable((), self._container_cells, "containers", self.container_origin)
        self.marked: set[str] = set()

    @property
    def front(self) -> RowTable:
        """The table that keys move in: the containers where those have the focus."""
        return self.containers if self.containers.has_focus else self.tasks

    @property
    def chosen(self) -> Task | None:
        """The task that keys act on: that of the row under the cursor, in the table that has the focus."""
        if self.containers.has_focus and self.containers.key is not None:
            return self._fleet.tasks.get(self._fleet.containers[self.containers.key].task_id)
        return self._fleet.tasks.get(self.tasks.key or "")

    @property
    def marked_tasks(self) -> list[Task]:
        """The tasks that are marked, whether a filter hides them or not, the newest first."""
        there = [self._fleet.tasks[name] for name in self.marked if name in self._fleet.tasks]
        return sorted(there, key=lambda task: (-task.created_at, task.id))

    def all_marked(self) -> set[str]:
        """Say what is marked once all that is shown is, or once none of it is where all was."""
        shown = set(self._fleet.task_keys())
        return self.marked - shown if shown <= self.marked else self.marked | shown

    def show_marks(self) -> None:
        """Show the marks in both tables."""
        self.tasks.show_marks(self.marked)
        held = self._fleet.containers.values() if self.marked else ()
        self.containers.show_marks({each.id for each in held if each.task_id in self.marked})

    def arrange(self, view: View, look: Dashboard) -> None:
        """Bring columns and orders to what is remembered, else to what is configured."""
        self.task_columns = _known(view.columns, TASK_COLUMNS) or look.columns
        self.container_columns = _known(view.container_columns, CONTAINER_COLUMNS) or look.container_columns
        self.tasks.set_columns([task_columns.TASK_COLUMNS[name].column for name in self.task_columns])
        self.containers.set_columns(
            [container_columns.CONTAINER_COLUMNS[name].column for name in self.container_columns]
        )
        name, down = _order(view.sort, self.task_columns)
        self.tasks.show_order(self.task_columns.index(name) if name else None, down=down)
        self._fleet.sort_tasks(task_columns.TASK_COLUMNS[name].value if name else None, from_end=down)
        name, down = _order(view.container_sort, self.container_columns)
        self.containers.show_order(self.container_columns.index(name) if name else None, down=down)
        self._fleet.sort_containers(
            container_columns.CONTAINER_COLUMNS[name].value if name else None, from_end=down
        )

    def sorted_by(self, view: View, table: RowTable, number: int) -> View:
        """Sort a table by its column of a number, from 0; again turns it round; -1 is the usual order."""
        if table is self.tasks:
            if number >= len(self.task_columns):
                return view
            name = self.task_columns[number]
            down = task_columns.TASK_COLUMNS[name].down
            return replace(view, sort="" if number < 0 else _turned(view.sort, name, down))
        if number >= len(self.container_columns):
            return view
        name = self.container_columns[number]
        down = container_columns.CONTAINER_COLUMNS[name].down
        return replace(view, container_sort="" if number < 0 else _turned(view.container_sort, name, down))

    def container_origin(self, key: str) -> object:
        """Give all that a line about a container is made of."""
        each = self._fleet.containers[key]
        return each, self._fleet.tasks.get(each.task_id), self._fleet.watched

    def _task_origin(self, key: str) -> object:
        task = self._fleet.tasks[key]
        container = self._fleet.containers.get(task.container_id or "")
        return task, self._fleet.watched, container and container.slot

    def _task_cells(self, key: str) -> Any:
        return task_columns.cells(self.task_columns, self._fleet, self._fleet.tasks[key], self._colours())

    def _container_cells(self, key: str) -> Any:
        each = self._fleet.containers[key]
        return container_columns.cells(self.container_columns, self._fleet, each, self._colours())


def _known(names: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Leave out what another version called a column."""
    return tuple(name for name in dict.fromkeys(names) if name in known)


def _order(said: str, names: Sequence[str]) -> tuple[str, bool]:
    """Read a remembered order: a column that is there, else none, and whether the largest comes first."""
    name = said.removeprefix("-")
    return (name, said.startswith("-")) if name in names else ("", False)


def _turned(before: str, name: str, down: bool) -> str:
    """The order that follows a wish for a column: as is usual for it, or turned round where it is so already."""
    usual, other = (f"-{name}", name) if down else (name, f"-{name}")
    return other if before == usual else usual
