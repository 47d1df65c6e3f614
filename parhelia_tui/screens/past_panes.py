"""The panes of a moment that is over: those of the home screen but for the terminal, drawn once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from parhelia_tui.core.client.past import Past
from parhelia_tui.screens import container_columns, home_lines, task_columns
from parhelia_tui.screens.budget_lines import budget
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.screens.heartbeats import beat_line
from parhelia_tui.widgets.line_view import LineView
from parhelia_tui.widgets.pane import Pane
from parhelia_tui.widgets.row_table import RowTable


class PastPanes:
    """Makes the panes, and draws a fleet of the past into them.

    Args:
        columns, of_containers: names of the columns of the two tables.
        colours: gives those of the theme.

    Attributes:
        fleet: what is drawn; None before the first.
        panes: tasks, containers, heartbeats, budget, events.
    """

    def __init__(
        self, columns: Sequence[str], of_containers: Sequence[str], colours: Callable[[], Mapping[str, str]]
    ) -> None:
        self._columns, self._of_containers = columns, of_containers
        self._colours = colours
        self.fleet: FleetView | None = None
        self.tasks = RowTable(
            [task_columns.TASK_COLUMNS[name].column for name in columns], self._task_cells, id="tasks"
        )
        self.containers = RowTable(
            [container_columns.CONTAINER_COLUMNS[name].column for name in of_containers],
            self._container_cells,
            id="containers",
        )
        self.heartbeats, self.budget = LineView(id="heartbeats"), LineView(id="budget")
        self.history = LineView(from_end=True, id="events")
        self.panes = (
            Pane("Tasks", self.tasks, "past-tasks"),
            Pane("Containers", self.containers, "past-containers"),
            Pane("Heartbeats", self.heartbeats, "past-beats"),
            Pane("Budget", self.budget, "past-budget"),
            Pane("Events", self.history, "past-events"),
        )

    def show(self, found: Past) -> FleetView:
        """Draw the fleet of a moment, and give it."""
        colours = self._colours()
        fleet = self.fleet = FleetView(found.fleet)
        for container_id, beats in found.beats.items():
            fleet.take_history(container_id, beats)
        keys = fleet.task_keys()
        self.tasks.set_keys(keys, "There was no task yet.")
        self.tasks.refresh()
        self.panes[0].head(f"Tasks ▪ {len(keys)}")
        live = fleet.container_keys()
        self.containers.set_keys(live, "None ran.")
        self.containers.refresh()
        self.panes[1].head(f"Containers ▪ {len(live)}")
        self.heartbeats.show(
            len(live),
            lambda index, width: beat_line(fleet, fleet.containers[live[index]], colours, width),
        )
        self.budget.show_lines(budget(fleet, colours))
        self.history.show(
            len(fleet.events),
            lambda index, width: home_lines.event_line(fleet, fleet.events[index], colours, width),
        )
        return fleet

    def _task_cells(self, key: str) -> Any:
        assert self.fleet is not None
        return task_columns.cells(self._columns, self.fleet, self.fleet.tasks[key], self._colours())

    def _container_cells(self, key: str) -> Any:
        assert self.fleet is not None
        return container_columns.cells(
            self._of_containers, self.fleet, self.fleet.containers[key], self._colours()
        )
