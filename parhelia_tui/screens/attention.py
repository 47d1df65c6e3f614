"""Noticing that somebody new waits: once for each thing that is asked."""

from __future__ import annotations

from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.screens.inbox_lines import Entry, entries


class Attention:
    """Remembers who waited when it last looked.

    Args:
        fleet: what waits already is nothing new.
    """

    def __init__(self, fleet: FleetView) -> None:
        self._look(entries(fleet))

    def fresh(self, fleet: FleetView) -> list[Entry]:
        """Give what has begun to wait since the last look.

        An agent may say that it waits a moment before it says what for; that is one thing, not two.
        """
        now = entries(fleet)
        new = [
            entry for entry in now if entry.change not in self._known and entry.task.id not in self._announced
        ]
        self._look(now)
        return new

    def _look(self, now: list[Entry]) -> None:
        self._known = {entry.change for entry in now}
        self._announced = {entry.task.id for entry in now if entry.approval is None and not entry.reviewed}
