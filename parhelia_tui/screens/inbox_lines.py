"""Who waits for a person, oldest first, and what stands in the rows of the inbox; nothing here draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.style import Style
from rich.text import Text

from parhelia_tui.core.model.asking import lines_of, question_of
from parhelia_tui.core.model.display import age, money
from parhelia_tui.core.model.records import Approval, Task
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.model.text import one_line
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.widgets.row_table import Column

COLUMNS = (
    Column("", 1),
    Column("AGE", 4, right=True),
    Column("TASK", 18, rank=1),
    Column("WANTS", 10, rank=2),
    Column("WHAT", 30, flexible=True),
)
_WANTS = {"permission": "permission", "question": "an answer", "plan": "its plan"}
_CUT = 300

Colours = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that waits for a person.

    Args:
        key: the approval's id, else the task's.
        approval: None where the agent asks in its terminal, and where an ended task is to be reviewed.
        since: epoch seconds.
    """

    key: str
    task: Task
    approval: Approval | None
    since: float

    @property
    def reviewed(self) -> bool:
        """Whether it is an ended task that somebody has to look at."""
        return self.task.state is TaskState.NEEDS_REVIEW

    @property
    def rests(self) -> bool:
        """Whether its agent has done its turn, and waits for the next words."""
        return self.approval is None and not self.reviewed and self.task.agent_state == "idle"

    @property
    def wants(self) -> str:
        """What it needs of a person, in a word or two."""
        if self.approval is not None:
            return _WANTS[self.approval.kind]
        return "a review" if self.reviewed else "your words" if self.rests else "terminal"

    @property
    def how(self) -> str:
        """How it is answered, where no key of the inbox alone does that."""
        if self.rests:
            return "It has done its turn: t tells it what is next, Enter goes to its terminal."
        return "It asks in its terminal: Enter goes there, t tells it something."

    @property
    def words(self) -> str:
        """What is asked, in a line."""
        if self.approval is not None:
            each = self.approval
            return question_of(each.kind, each.tool, each.input, each.message)
        return one_line(self.task.reason if self.reviewed else self.task.question, _CUT)


def entries(fleet: FleetView) -> list[Entry]:
    """Give everything that waits for a person, the oldest first."""
    found = [
        Entry(each.id, fleet.tasks[each.task_id], each, each.created_at)
        for each in fleet.waiting
        # What somebody has answered is on its way.
        if each.task_id in fleet.tasks and not each.decision
    ]
    asking = {each.task_id for each in fleet.waiting}
    found += [
        Entry(task.id, task, None, _since(fleet, task))
        for task in fleet.in_need.values()
        if task.id not in asking
    ]
    return sorted(found, key=lambda entry: (entry.since, entry.key))


def _since(fleet: FleetView, task: Task) -> float:
    """When a task began to wait, as far as the history in sight tells."""
    if task.finished_at is not None:
        return task.finished_at
    if task.agent_at is not None:
        return task.agent_at
    told = [each.at for each in fleet.events if each.task_id == task.id and each.type == "task.waiting"]
    return told[-1] if told else task.started_at or task.created_at


def cells(entry: Entry, marked: bool, now: float, colours: Colours) -> Sequence[Text]:
    """A row of the inbox."""
    accent = Style(color=colours.get("accent"), bold=True)
    return (
        Text("●" if marked else " ", accent),
        Text(age(entry.since, now)),
        Text(one_line(entry.task.slug, 60)),
        Text(entry.wants, Style(color=colours.get("secondary"))),
        Text(entry.words),
    )


def details(entry: Entry, now: float, colours: Colours) -> list[Text]:
    """Everything about one of them, as lines that are still to be folded."""
    calm, bold = Style(color=colours.get("secondary")), Style(bold=True)
    task = entry.task
    spent = f" ▪ {money(task.cost_usd)}" if task.cost_usd else ""
    lines = [
        Text(one_line(task.title, _CUT), bold),
        Text(f"{task.agent} ▪ {one_line(task.workspace, 200)} ▪ {age(entry.since, now)} ago{spent}", calm),
        Text(),
    ]
    if entry.approval is not None:
        lines.append(Text(one_line(entry.approval.tool, 120), Style(color=colours.get("accent"), bold=True)))
        said = [Text(line) for line in lines_of(entry.approval)]
        if entry.approval.cut:
            said[0].stylize(Style(color=colours.get("warning")))
        lines += said
    elif entry.reviewed:
        lines += [Text(one_line(task.reason, 2000)), Text(), Text(one_line(task.last_line, 500), calm)]
        lines += [Text(), Text("y accepts it, d rejects it; l shows what it printed.", calm)]
    else:
        lines += [Text(one_line(task.question, 2000) or "It waits for you."), Text()]
        lines.append(Text(entry.how, calm))
    return lines
