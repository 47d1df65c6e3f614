"""What the form for a new task asks, in threads and by clients of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.display import money
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.paths import Paths

if TYPE_CHECKING:
    from parhelia_tui.core.model.request import TaskRequest

Make = Callable[[Mapping[str, Any]], "TaskRequest"]


def fault_of(client: Client, make: Make | None, fields: Mapping[str, Any]) -> ParheliaError | None:
    """Say what is wrong with a task before it is made; None where nothing is.

    Args:
        client: names the state directory and who asks.
        make: with the configuration as it was read; None reads it.
        fields: of the request.
    """
    with closing(Client(client.paths, client.owner)) as door:
        try:
            door.check((make or door.request_maker())(fields))
        except ParheliaError as error:
            return error
    return None


def estimate_of(paths: Paths, agent: str) -> str:
    """What a task of an agent may cost, in words; empty where none that has ended cost anything."""
    with closing(Client(paths)) as door:
        try:
            found = door.budgets.estimate(agent)
        except ParheliaError:
            # Nothing to guess from; a store that cannot be read is told of by the screen below.
            return ""
    return (
        f"Usually costs {money(found.usual_usd)}, seldom more than {money(found.high_usd)} ({found.about})."
    )
