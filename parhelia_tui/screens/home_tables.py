"""The two tables of the home screen: which columns they have and how they are sorted, remembered between runs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from textual import work

from parhelia_tui.core.client import Client, FleetSnapshot
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.settings.dashboard import CONTAINER_COLUMNS, TASK_COLUMNS, Dashboard
from parhelia_tui.core.settings.view_file import View
from parhelia_tui.screens import container_columns, task_columns
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.screens.home_panes import HomePanes
from parhelia_tui.widgets.row_table import RowTable


class HomeTables(HomePanes):
    """A screen with the tasks and the containers as tables.

    Args:
        client: remembers how the screen was left.
        first: the fleet for the first frame.
        look: what is configured of the dashboard.
    """

    def __init__(self, client: Client, first: FleetSnapshot, look: Dashboard) -> None:
        super().__init__()
        self.client = client
        self.configured = look
        self.fleet = FleetView(first)
        self.view = client.last_view()
        self._task_columns = self._container_columns = look.columns
        self.tasks = RowTable((), self._task_cells, "tasks", self._task_origin)
        self.containers = RowTable((), self._container_cells, "containers", self._container_origin)
        self.marked: set[str] = set()
        self._arrange()

    @property
    def chosen(self) -> Task | None:
        """The task that keys act on: that of the row under the cursor, in the table that has the focus."""
        if self.containers.has_focus and self.containers.key is not None:
            return self.fleet.tasks.get(self.fleet.containers[self.containers.key].task_id)
        return self.fleet.tasks.get(self.tasks.key or "")

    @property
    def marked_tasks(self) -> list[Task]:
        """The tasks that are marked, whether a filter hides them or not, the newest first."""
        there = [self.fleet.tasks[name] for name in self.marked if name in self.fleet.tasks]
        return sorted(there, key=lambda task: (-task.created_at, task.id))

    def action_mark(self) -> None:
        """Mark the task, or take its mark away, and go to the next."""
        task = self.chosen
        if task is None:
            return
        self.marked ^= {task.id}
        (self.containers if self.containers.has_focus else self.tasks).action_move(1)
        self.redraw_tables()

    def action_mark_all(self) -> None:
        """Mark all tasks that are shown, or take their marks away where all have one."""
        shown = set(self.fleet.task_keys())
        self.mark(self.marked - shown if shown <= self.marked else self.marked | shown)

    def mark(self, task_ids: set[str]) -> None:
        """Mark these tasks and no others."""
        self.marked = task_ids
        self.redraw_tables()

    def show_marks(self) -> None:
        """Show the marks in both tables."""
        self.tasks.show_marks(self.marked)
        held = self.fleet.containers.values()
        self.containers.show_marks({each.id for each in held if each.task_id in self.marked})

    def take_view(self, view: View) -> None:
        """Show the tables in another way, and remember it."""
        self.view = view
        self._arrange()
        self.place_panes()
        self.redraw_tables()
        self._keep_view()

    def redraw_tables(self) -> None:
        """Draw the rows of both tables anew."""
        raise NotImplementedError

    @work(exclusive=True, group="view")
    async def _keep_view(self) -> None:
        await asyncio.to_thread(self.client.keep_view, self.view)

    def _arrange(self) -> None:
        """Bring columns and orders to what is remembered, else to what is configured."""
        self._task_columns = _known(self.view.columns, TASK_COLUMNS) or self.configured.columns
        self._container_columns = (
            _known(self.view.container_columns, CONTAINER_COLUMNS) or self.configured.container_columns
        )
        self.tasks.set_columns([task_columns.TASK_COLUMNS[name].column for name in self._task_columns])
        self.containers.set_columns(
            [container_columns.CONTAINER_COLUMNS[name].column for name in self._container_columns]
        )
        name, down = _order(self.view.sort, self._task_columns)
        self.tasks.show_order(self._task_columns.index(name) if name else None, down=down)
        self.fleet.sort_tasks(task_columns.TASK_COLUMNS[name].value if name else None, from_end=down)
        name, down = _order(self.view.container_sort, self._container_columns)
        self.containers.show_order(self._container_columns.index(name) if name else None, down=down)
        self.fleet.sort_containers(
            container_columns.CONTAINER_COLUMNS[name].value if name else None, from_end=down
        )

    def _task_cells(self, key: str) -> Any:
        return task_columns.cells(
            self._task_columns, self.fleet, self.fleet.tasks[key], self.app.theme_variables
        )

    def _container_cells(self, key: str) -> Any:
        each = self.fleet.containers[key]
        return container_columns.cells(self._container_columns, self.fleet, each, self.app.theme_variables)

    def _task_origin(self, key: str) -> object:
        return self.fleet.tasks[key], self.fleet.watched

    def _container_origin(self, key: str) -> object:
        each = self.fleet.containers[key]
        return each, self.fleet.tasks.get(each.task_id), self.fleet.watched

    def action_sort(self, number: int) -> None:
        """Sort the table of the focus by its n-th column, from 1; again turns it round; 0 is the usual order."""
        self._sort(self.containers if self.containers.has_focus else self.tasks, number - 1)

    def on_row_table_heading_clicked(self, message: RowTable.HeadingClicked) -> None:
        """A click on a heading sorts by it; again turns it round."""
        self._sort(message.table, message.number)

    def _sort(self, table: RowTable, number: int) -> None:
        of_tasks = table is self.tasks
        names = self._task_columns if of_tasks else self._container_columns
        if number >= len(names):
            return
        before = self.view.sort if of_tasks else self.view.container_sort
        after = "" if number < 0 else _turned(before, names[number], _largest_first(of_tasks, names[number]))
        self.take_view(
            replace(self.view, sort=after) if of_tasks else replace(self.view, container_sort=after)
        )

    def action_arrange(self) -> None:
        """Choose panes and columns."""
        from parhelia_tui.screens.arrange import ArrangeScreen
        from parhelia_tui.screens.arrange_parts import ColumnsPart, PanesPart

        tasks = {name: each.about for name, each in task_columns.TASK_COLUMNS.items()}
        containers = {name: each.about for name, each in container_columns.CONTAINER_COLUMNS.items()}
        parts = (
            PanesPart(),
            ColumnsPart("tasks", "columns", self.configured.columns, tasks),
            ColumnsPart("containers", "container_columns", self.configured.container_columns, containers),
        )
        self.app.push_screen(ArrangeScreen(parts, self.view, self.take_view))


def _known(names: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Leave out what another version called a column."""
    return tuple(name for name in dict.fromkeys(names) if name in known)


def _order(said: str, names: Sequence[str]) -> tuple[str, bool]:
    """Read a remembered order: a column that is there, else none, and whether the largest comes first."""
    name = said.removeprefix("-")
    return (name, said.startswith("-")) if name in names else ("", False)


def _largest_first(of_tasks: bool, name: str) -> bool:
    if of_tasks:
        return task_columns.TASK_COLUMNS[name].down
    return container_columns.CONTAINER_COLUMNS[name].down


def _turned(before: str, name: str, down: bool) -> str:
    """The order that follows a wish for a column: as is usual for it, or turned round where it is so already."""
    usual, other = (f"-{name}", name) if down else (name, f"-{name}")
    return other if before == usual else usual
