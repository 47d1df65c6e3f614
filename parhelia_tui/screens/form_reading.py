"""What the form for a new task asks, in threads and by clients of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from parhelia_tui.core.client import Client
from parhelia_tui.core.meter.sandboxes import sandbox_rates
from parhelia_tui.core.model.display import money
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.placement import Choice, place_in_words
from parhelia_tui.core.model.typed import in_words_of
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.screens.form_limits import NAMES, as_request

if TYPE_CHECKING:
    from parhelia_tui.core.model.request import TaskRequest

COPIED = "It works in a copy there; your directory is not changed."
"""A directory of this machine cannot be shared from afar."""
Make = Callable[[Mapping[str, Any]], "TaskRequest"]


def fault_of(client: Client, make: Make | None, fields: Mapping[str, Any]) -> ParheliaError | None:
    """Say what is wrong with a task before it is made; None where nothing is.

    Args:
        client: names the state directory and who asks.
        make: with the configuration as it was read; None reads it.
        fields: of the form.
    """
    if fields["workspace_mode"] != "empty" and not fields["workspace"]:
        # A request would take the present directory, which nobody sees here.
        return ParheliaError("E204", "the field Workspace is empty: type a directory, or choose a new one")
    with closing(Client(client.paths, client.owner)) as door:
        try:
            door.check((make or door.request_maker())(as_request(fields)))
        except ParheliaError as error:
            return in_words_of(error, NAMES)
    return None


def place_of(client: Client, make: Make | None, fields: Mapping[str, Any]) -> str:
    """Say where a task would go and what an hour of it costs; empty where it cannot be made, or is to stay here.

    Args:
        client: names the state directory and who asks.
        make: with the configuration as it was read; None reads it.
        fields: of the form.
    """
    if fields["backend"] == "local":
        return ""
    with closing(Client(client.paths, client.owner)) as door:
        try:
            place = door.placement((make or door.request_maker())(as_request(fields)))
        except ParheliaError:
            # What is wrong is said in another line.
            return ""
    said = place_in_words(place)
    elsewhere = (place.backend if isinstance(place, Choice) else fields["backend"]) not in ("local", "auto")
    copied = f" {COPIED}" if elsewhere and fields["workspace_mode"] == "shared" else ""
    return f"{said[0].upper()}{said[1:]}.{copied}"


def gpus() -> list[str]:
    """Name the kinds of GPU whose price is known."""
    rates = sandbox_rates("modal")
    return [] if rates is None else [name.upper() for name in rates.gpu]


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
