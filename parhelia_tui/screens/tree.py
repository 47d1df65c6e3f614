"""The fleet as a tree: whose it is, on which directory, in which session, in which container."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from parhelia_tui.core.model.display import age, money, percent, size
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.states import TASK_ENDED
from parhelia_tui.core.model.text import one_line
from parhelia_tui.screens.container_columns import word
from parhelia_tui.screens.custom_subject import Subject
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.screens.over_home import OverHome
from parhelia_tui.widgets import look
from parhelia_tui.widgets.pane import Pane
from parhelia_tui.widgets.row_table import Column, RowTable

COLUMNS = (
    Column("FLEET", 40, flexible=True),
    Column("STATE", 14),
    Column("CPU", 5, rank=2, right=True),
    Column("MEMORY", 7, rank=3, right=True),
    Column("COST", 8, rank=1, right=True),
    Column("AGE", 4, right=True),
)
KEYS = (
    Binding("enter", "go", "go to its row"),
    Binding("space,right,left,l", "fold", "fold or unfold"),
    Binding("e", "ended", "also tasks that have ended"),
    Binding("escape,q,B", "leave", "back"),
)
HINT = "Enter goes to its row   Space folds   e ended ones too   Esc back"
EMPTY = "Nothing is at work.\n\ne shows what has ended too."


@dataclass(slots=True)
class Node:
    """A line of the tree.

    Args:
        key: what it stands for, with what it lies under.
        tasks: all that are below it.
        task, container: of the lowest lines.
    """

    key: str
    name: str
    depth: int
    tasks: list[Task] = field(default_factory=list)
    task: Task | None = None
    container: Container | None = None


class TreeScreen(OverHome[str | None]):
    """Owners, workspaces, sessions and containers as far as they are unfolded. Gives the id of a task to go to.

    Args:
        fleet: what is shown of it, as it is at each moment.
    """

    TABLE = "tree"
    crumb = "Tree"
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]

    def __init__(self, fleet: FleetView) -> None:
        super().__init__()
        self._fleet = fleet
        self._folded: set[str] = set()
        self._with_ended = False
        self._lines: dict[str, Node] = {}
        self.table = RowTable(COLUMNS, self._cells, id="tree")
        self.pane = Pane("Fleet ▪ owner, workspace, session, container", self.table, "tree-pane")

    def compose(self) -> ComposeResult:
        """The tree."""
        yield self.pane

    def on_mount(self) -> None:
        """Show it, and keep it true."""
        self.table.focus()
        self._draw()
        self.set_interval(1.0, self._draw)

    def _draw(self) -> None:
        seen = [
            task for task in self._fleet.tasks.values() if self._with_ended or task.state not in TASK_ENDED
        ]
        self._lines = {node.key: node for node in nodes(seen, self._fleet, self._folded)}
        self.table.set_keys(list(self._lines), EMPTY)
        self.on_row_table_highlighted()

    def on_row_table_highlighted(self) -> None:
        """Another line: other commands of the user's own."""
        self.pane.border_subtitle = f"{self.own_hint()}{HINT}"

    def _cells(self, key: str) -> Sequence[Text]:
        return cells(self._lines[key], self._fleet, key in self._folded, self.app.theme_variables)

    def why_not(self, action: str) -> str:
        """Say why a key can do nothing now; empty where it can."""
        node = self._lines.get(self.table.key or "")
        if action in ("fold", "go") and node is None:
            return "nothing is at work"
        if action == "fold" and node is not None and node.task is not None:
            return "only owners, workspaces and sessions are folded"
        return ""

    def subject(self) -> Subject:
        """The task or container of the line is what a command of the user's own is for."""
        node = self._lines.get(self.table.key or "")
        return self.subject_of(node.task if node else None)

    def action_fold(self) -> None:
        """Fold what is unfolded, unfold what is folded."""
        node = self._lines.get(self.table.key or "")
        if self.may("fold") and node is not None:
            self._folded ^= {node.key}
            self._draw()

    def action_ended(self) -> None:
        """Show tasks that have ended too, or only the others."""
        self._with_ended = not self._with_ended
        self._draw()

    def action_leave(self) -> None:
        """Back, as it was."""
        self.dismiss(None)

    def action_go(self) -> None:
        """Enter where no table took it."""
        if self.may("go"):
            self.table.action_open()

    def on_row_table_opened(self) -> None:
        """Enter or a double click: to the row of the task, or fold what has more below."""
        node = self._lines.get(self.table.key or "")
        if node is not None and node.task is None:
            self.action_fold()
        elif node is not None and node.task is not None:
            self.dismiss(node.task.id)


Level = tuple[str, Callable[[Task], str]]
LEVELS: tuple[Level, ...] = (
    ("owner", lambda task: task.owner.user_id),
    ("workspace", lambda task: task.workspace),
    ("session", lambda task: task.owner.session_id or "no session"),
)


def nodes(tasks: Sequence[Task], fleet: FleetView, folded: set[str]) -> list[Node]:
    """Make the lines of the tree, in order; what is folded has nothing below it.

    Args:
        folded: keys of nodes.
    """
    found: dict[str, Node] = {}
    order = sorted(tasks, key=lambda task: (*(of(task) for _, of in LEVELS), -task.created_at, task.id))
    for task in order:
        key, hidden = "", False
        for depth, (_, of) in enumerate(LEVELS):
            key = f"{key}\n{of(task)}"
            if not hidden:
                found.setdefault(key, Node(key, of(task), depth)).tasks.append(task)
            hidden = hidden or key in folded
        if hidden:
            continue
        found[task.id] = Node(task.id, task.title, len(LEVELS), [task], task)
        container = fleet.containers.get(task.container_id or "")
        if container is not None:
            found[container.id] = Node(container.id, container.id, len(LEVELS) + 1, [], task, container)
    return list(found.values())


def cells(node: Node, fleet: FleetView, folded: bool, colours: Mapping[str, str]) -> Sequence[Text]:
    """A line of the tree."""
    calm = Style(color=colours.get("secondary"))
    if node.container is not None:
        each = node.container
        return (
            Text(f"{'  ' * node.depth}└ {each.id} ▪ {each.backend}/{each.slot} ▪ {each.network}", calm),
            look.state(word(fleet, each), colours),
            Text(percent(each.cpu_percent)),
            Text(size(each.memory_bytes)),
            Text(""),
            Text(age(each.created_at, fleet.at)),
        )
    cost = Text(money(sum(task.cost_usd or 0.0 for task in node.tasks) or None))
    if node.task is not None:
        return (
            Text(f"{'  ' * node.depth}{one_line(node.name, 200)}"),
            look.state(node.task.state, colours), Text(), Text(), cost, Text(age(node.task.created_at, fleet.at)),
        )  # fmt: skip
    kind = LEVELS[node.depth][0]
    line = Text(f"{'  ' * node.depth}{'▸' if folded else '▾'} ").append(f"{kind} ", calm)
    name = Text(one_line(node.name, 200), Style(bold=True))
    if kind == "workspace" and Path(node.name).is_absolute():
        name.stylize(Style(link=Path(node.name).as_uri()))
    counted = f"{len(node.tasks)} task{'' if len(node.tasks) == 1 else 's'}"
    return line.append_text(name), Text(counted, calm), Text(), Text(), cost, Text()
