"""Telling a person in time of results that stay where they were made unless something is done."""

from __future__ import annotations

from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.telling import tell
from parhelia_tui.core.store import containers, events

KIND = "container.results_wait"


def look(context: Context) -> None:
    """Tell once of each ended container whose results wait for a person."""
    for container in containers.live(context.db):
        why = context.backend_of(container).left_behind(container.id)
        if why and not events.find(context.db, container_id=container.id, types=(KIND,), limit=1):
            tell(context, container, KIND, why, level="warning")
