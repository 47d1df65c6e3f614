"""The columns that the table of tasks can have: what each is called, what stands in it, what it is sorted by.

Every text of a task passes `one_line`: outside a terminal view it may be nothing but text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.style import Style
from rich.text import Text

from parhelia_tui.core.model.display import age, count, doing, length, money, parts_done, worker
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TASK_ALIVE, TaskState
from parhelia_tui.core.model.text import one_line
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.screens.task_order import need
from parhelia_tui.widgets import look
from parhelia_tui.widgets.row_table import Column

TITLE_CUT = 300
"""Letters of a title or message that are looked at; no screen is wider."""
Colours = Mapping[str, str]
Cell = Callable[[FleetView, Task, Colours], Text]


@dataclass(frozen=True, slots=True)
class TaskColumn:
    """A column of tasks.

    Args:
        value: what it is sorted by; of one kind for all tasks.
        down: the largest comes first when it is chosen to sort by.
    """

    about: str
    column: Column
    cell: Cell
    value: Callable[[Task], Any]
    down: bool = False


def title(fleet: FleetView, task: Task, colours: Colours) -> Text:
    """What a task is called; the one that waits for a person is the brightest, with its question."""
    waits = task.state is TaskState.WAITING
    # What nobody asked for stands back behind the user's own.
    style = Style(color=colours.get("secondary")) if task.gate_of else Style.null()
    text = Text(
        one_line(task.title, TITLE_CUT), Style(bold=True, color=colours.get("accent")) if waits else style
    )
    if task.is_group:
        # First, because a long title is cut.
        text = Text(f"{parts_done(task)}  ", Style(color=colours.get("primary"))).append_text(text)
    if step := fleet.step_of(task):
        # For some seconds, and first as well.
        said = Text(f"{one_line(step, TITLE_CUT)} ▸ ", Style(color=colours.get("secondary")))
        text = said.append_text(text)
    if waits and task.question:
        text.append(f"  ◂ {one_line(task.question, TITLE_CUT)}", Style(bold=False))
    elif task.state in TASK_ALIVE and task.agent_state:
        text.append(f"  ▸ {doing(task, fleet.at)}", Style(color=colours.get("secondary")))
    elif task.state is TaskState.PENDING and task.reason:
        text.append(f"  ◂ {one_line(task.reason, TITLE_CUT)}", Style(color=colours.get("warning")))
    elif task.wanted == "cancel" and task.finished_at is None:
        text.append("  ◂ is being cancelled", Style(color=colours.get("warning")))
    return text


def _where(fleet: FleetView, task: Task, colours: Colours) -> Text:
    if task.unsandboxed:
        return Text("OPEN!", Style(bold=True, color=colours.get("error")))
    container = fleet.containers.get(task.container_id or "")
    backend = task.placed_on or task.backend
    return Text(f"{backend}/{container.slot}" if container else backend if task.attempt else "-")


def _plain(of: Callable[[Task], str]) -> Cell:
    return lambda fleet, task, colours: Text(one_line(of(task), TITLE_CUT) or "-")


def _took(fleet: FleetView, task: Task, colours: Colours) -> Text:
    if task.started_at is None:
        return Text("-")
    return Text(length((task.finished_at or fleet.at) - task.started_at))


def _seconds(task: Task) -> float:
    # What still runs is longer than whatever has ended, and the older one is the longer.
    if task.started_at is None:
        return -1.0
    return task.finished_at - task.started_at if task.finished_at else 1e12 - task.started_at


TASK_COLUMNS: Mapping[str, TaskColumn] = {
    "state": TaskColumn(
        "where it stands",
        Column("STATE", 14),
        lambda fleet, task, colours: look.state(task.state, colours),
        lambda task: (need(task), task.state),
    ),
    "task": TaskColumn(
        "its title, and what it asks or does",
        Column("TASK", 40, flexible=True),
        title,
        lambda task: task.title.lower(),
    ),
    "agent": TaskColumn(
        "who works on it",
        Column("AGENT", 6, rank=3),
        _plain(worker),
        worker,
    ),
    "where": TaskColumn(
        "backend and number of its container",
        Column("WHERE", 7, rank=2),
        _where,
        lambda task: (task.placed_on or task.backend, task.container_id or ""),
    ),
    "cost": TaskColumn(
        "what it has cost, in USD",
        Column("COST", 7, rank=1, right=True),
        lambda fleet, task, colours: Text(money(task.cost_usd)),
        lambda task: -1.0 if task.cost_usd is None else task.cost_usd,
        down=True,
    ),
    "age": TaskColumn(
        "time since it was created",
        Column("AGE", 4, right=True),
        lambda fleet, task, colours: Text(age(task.created_at, fleet.at)),
        lambda task: -task.created_at,
    ),
    "id": TaskColumn("its id", Column("ID", 10, rank=6), _plain(lambda task: task.id), lambda task: task.id),
    "doing": TaskColumn(
        "what its agent does by its own word",
        Column("DOING", 22, rank=5),
        lambda fleet, task, colours: Text(doing(task, fleet.at) or "-"),
        lambda task: (task.agent_state, task.agent_tool),
    ),
    "turns": TaskColumn(
        "turns of its talk",
        Column("TURNS", 6, rank=5, right=True),
        _plain(lambda task: str(task.turns or "")),
        lambda task: task.turns,
        down=True,
    ),
    "tokens": TaskColumn(
        "tokens that were paid for, in and out",
        Column("TOKENS", 7, rank=5, right=True),
        _plain(lambda task: count(task.input_tokens + task.output_tokens)),
        lambda task: task.input_tokens + task.output_tokens,
        down=True,
    ),
    "priority": TaskColumn(
        "larger goes first in the queue",
        Column("PRIO", 5, rank=5, right=True),
        _plain(lambda task: str(task.priority)),
        lambda task: task.priority,
        down=True,
    ),
    "workspace": TaskColumn(
        "the directory it works on",
        Column("WORKSPACE", 24, rank=6),
        _plain(lambda task: task.workspace),
        lambda task: task.workspace,
    ),
    "network": TaskColumn(
        "whom it may reach",
        Column("NET", 9, rank=6),
        _plain(lambda task: task.network),
        lambda task: task.network,
    ),
    "batch": TaskColumn(
        "the batch it came with",
        Column("BATCH", 10, rank=6),
        _plain(lambda task: task.batch or ""),
        lambda task: task.batch or "",
    ),
    "attempt": TaskColumn(
        "how often it was begun",
        Column("TRY", 4, rank=6, right=True),
        _plain(lambda task: str(task.attempt or "")),
        lambda task: task.attempt,
        down=True,
    ),
    "owner": TaskColumn(
        "whose it is",
        Column("OWNER", 10, rank=6),
        _plain(lambda task: task.owner.user_id),
        lambda task: task.owner.user_id,
    ),
    "began": TaskColumn(
        "time since it began to run",
        Column("BEGAN", 6, rank=6, right=True),
        lambda fleet, task, colours: Text(age(task.started_at, fleet.at)),
        lambda task: -(task.started_at or 0.0),
    ),
    "took": TaskColumn(
        "how long it ran, or has run",
        Column("TOOK", 5, rank=6, right=True),
        _took,
        _seconds,
        down=True,
    ),
}


def cells(names: Sequence[str], fleet: FleetView, task: Task, colours: Colours) -> Sequence[Text]:
    """A row of the tasks."""
    return [TASK_COLUMNS[name].cell(fleet, task, colours) for name in names]
