"""The columns that the table of containers can have: what each is called, what stands in it, what it is sorted by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.style import Style
from rich.text import Text

from parhelia_tui.core.model.display import age, percent, size
from parhelia_tui.core.model.records import Container
from parhelia_tui.core.model.states import CONTAINER_LIVE, ContainerState, Health
from parhelia_tui.core.model.text import one_line
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.screens.heartbeats import beat_strip
from parhelia_tui.widgets import look
from parhelia_tui.widgets.row_table import Column

TITLE_CUT = 300
Colours = Mapping[str, str]
Cell = Callable[[FleetView, Container, Colours], Text]
_WORST_FIRST = (Health.DEAD, Health.UNHEALTHY, Health.DEGRADED, Health.UNKNOWN, Health.HEALTHY)


@dataclass(frozen=True, slots=True)
class ContainerColumn:
    """A column of containers.

    Args:
        value: what it is sorted by; of one kind for all containers.
        down: the largest comes first when it is chosen to sort by.
    """

    about: str
    column: Column
    cell: Cell
    value: Callable[[FleetView, Container], Any]
    down: bool = False


def word(fleet: FleetView, each: Container) -> str:
    """How a container is. While nobody looks at heartbeats, the last word about them is no news."""
    if each.state is not ContainerState.RUNNING:
        return each.state
    return each.health if fleet.watched else Health.UNKNOWN


def _name(fleet: FleetView, each: Container, colours: Colours) -> Text:
    name = Text(one_line(fleet.name_of(each), TITLE_CUT))
    if each.unsandboxed:
        name.append("  NOT ISOLATED", Style(bold=True, color=colours.get("error")))
    if each.drift and each.state in CONTAINER_LIVE:
        name.append("  DRIFTED", Style(bold=True, color=colours.get("warning")))
    if each.step:
        name.append(f"  ▸ {one_line(each.step, TITLE_CUT)}", Style(color=colours.get("secondary")))
    return name


def _limits(each: Container) -> str:
    given = each.limits
    parts = (
        f"{given.cpus:g} cpu" if given.cpus else "",
        size(given.memory_mb * 1_048_576) if given.memory_mb else "",
        given.gpu or "",
    )
    return " ".join(filter(None, parts))


def _plain(of: Callable[[Container], str]) -> Cell:
    return lambda fleet, each, colours: Text(one_line(of(each), TITLE_CUT) or "-")


CONTAINER_COLUMNS: Mapping[str, ContainerColumn] = {
    "health": ContainerColumn(
        "what its heartbeats say",
        Column("HEALTH", 11),
        lambda fleet, each, colours: look.state(word(fleet, each), colours),
        lambda fleet, each: (_WORST_FIRST.index(each.health), each.state),
    ),
    "task": ContainerColumn(
        "what it works on", Column("TASK", 20, flexible=True), _name, lambda fleet, each: fleet.name_of(each)
    ),
    "container": ContainerColumn(
        "its id", Column("CONTAINER", 10, rank=3), _plain(lambda each: each.id), lambda fleet, each: each.id
    ),
    "net": ContainerColumn(
        "whom it may reach",
        Column("NET", 4, rank=2),
        _plain(lambda each: each.network),
        lambda fleet, each: each.network,
    ),
    "cpu": ContainerColumn(
        "its share of one processor",
        Column("CPU", 5, right=True),
        _plain(lambda each: percent(each.cpu_percent)),
        lambda fleet, each: -1.0 if each.cpu_percent is None else each.cpu_percent,
        down=True,
    ),
    "memory": ContainerColumn(
        "main memory that it uses",
        Column("MEMORY", 6, rank=1, right=True),
        _plain(lambda each: size(each.memory_bytes)),
        lambda fleet, each: each.memory_bytes or 0,
        down=True,
    ),
    "age": ContainerColumn(
        "time since it was made",
        Column("AGE", 4, right=True),
        lambda fleet, each, colours: Text(age(each.created_at, fleet.at)),
        lambda fleet, each: -each.created_at,
    ),
    "where": ContainerColumn(
        "its backend and number",
        Column("WHERE", 8, rank=4),
        _plain(lambda each: f"{each.backend}/{each.slot}"),
        lambda fleet, each: (each.backend, each.slot),
    ),
    "limits": ContainerColumn(
        "what it may use",
        Column("LIMITS", 16, rank=5),
        _plain(_limits),
        lambda fleet, each: (each.limits.cpus or 0.0, each.limits.memory_mb or 0),
        down=True,
    ),
    "pids": ContainerColumn(
        "processes in it",
        Column("PIDS", 5, rank=5, right=True),
        _plain(lambda each: "" if each.pids is None else str(each.pids)),
        lambda fleet, each: each.pids or 0,
        down=True,
    ),
    "beat": ContainerColumn(
        "time since its last heartbeat",
        Column("BEAT", 5, rank=5, right=True),
        lambda fleet, each, colours: Text(age(each.last_heartbeat_at, fleet.at)),
        lambda fleet, each: each.last_heartbeat_at or 0.0,
    ),
    "workspace": ContainerColumn(
        "the directory it works on",
        Column("WORKSPACE", 24, rank=6),
        _plain(lambda each: each.workspace),
        lambda fleet, each: each.workspace,
    ),
    "owner": ContainerColumn(
        "whose it is",
        Column("OWNER", 10, rank=6),
        _plain(lambda each: each.owner.user_id),
        lambda fleet, each: each.owner.user_id,
    ),
    "pulse": ContainerColumn(
        "its last heartbeats, with gaps for missed ones",
        Column("PULSE", 16, rank=5),
        lambda fleet, each, colours: Text(
            beat_strip(fleet, each)[-16:], Style(color=look.colour(word(fleet, each), colours))
        ),
        lambda fleet, each: _WORST_FIRST.index(each.health),
    ),
}


def cells(names: Sequence[str], fleet: FleetView, each: Container, colours: Colours) -> Sequence[Text]:
    """A row of the containers."""
    return [CONTAINER_COLUMNS[name].cell(fleet, each, colours) for name in names]
