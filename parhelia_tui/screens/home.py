"""The home screen: tasks, containers, heartbeats, budget, events and the live terminal of the chosen task."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, ClassVar

from rich.style import Style
from rich.text import Text
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from parhelia_tui.core.client import Client, FleetSnapshot
from parhelia_tui.core.model import display
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.states import TASK_ENDED, ContainerState, TaskState
from parhelia_tui.core.model.text import one_line
from parhelia_tui.screens.confirm import ConfirmScreen
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.screens.help import HelpScreen
from parhelia_tui.screens.log import LogScreen
from parhelia_tui.widgets import look
from parhelia_tui.widgets.lines import Lines
from parhelia_tui.widgets.row_table import Column, RowTable
from parhelia_tui.widgets.terminal_view import TerminalView

LOG_LINES = 5000
TAIL_LINES = 60
BEAT_S = 10.0
STRIP = 12

TASK_COLUMNS = (
    Column("STATE", 12),
    Column("TASK", 40, flexible=True),
    Column("AGENT", 7, rank=3),
    Column("WHERE", 8, rank=2),
    Column("COST", 7, rank=1, right=True),
    Column("AGE", 4, right=True),
)
CONTAINER_COLUMNS = (
    Column("HEALTH", 11),
    Column("CONTAINER", 10),
    Column("TASK", 20, flexible=True),
    Column("NETWORK", 8, rank=2),
    Column("CPU", 6, rank=1, right=True),
    Column("MEMORY", 7, right=True),
    Column("AGE", 4, rank=1, right=True),
)


class HomeScreen(Screen[None]):
    """Everything live on one screen.

    Args:
        client: used from the app's thread, for short questions and wishes.
        first: the fleet for the first frame.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "new"),
        Binding("a", "attach", "attach"),
        Binding("x", "cancel", "cancel"),
        Binding("r", "retry", "retry"),
        Binding("l", "log", "output"),
        Binding("slash", "filter", "filter", key_display="/"),
        Binding("z", "maximize", "zoom"),
        Binding("tab", "next_pane(1)", "next pane", show=False),
        Binding("shift+tab", "next_pane(-1)", "previous pane", show=False),
        Binding("escape", "calm", "clear filter, leave zoom", show=False),
        Binding("question_mark", "help", "keys", key_display="?"),
        Binding("q", "app.quit", "quit"),
    ]
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [  # noqa: RUF012 - Textual declares it so
        (0, "-narrow"),
        (100, "-normal"),
        (160, "-wide"),
    ]
    DEFAULT_CSS = """
    HomeScreen { layout: vertical; }
    HomeScreen #top { height: 1; background: $panel; }
    HomeScreen #notice { height: 1; background: $error; color: $background; display: none; }
    HomeScreen #notice.-shown { display: block; }
    HomeScreen #bottom { height: 1; background: $panel; }
    HomeScreen #body { height: 1fr; }
    HomeScreen #upper { height: 3fr; }
    HomeScreen #left { width: 1fr; }
    HomeScreen #right { width: 42; }
    HomeScreen .pane { border: round $secondary 40%; border-title-color: $secondary; height: 1fr; }
    HomeScreen .pane:focus-within { border: round $primary; border-title-color: $primary; }
    HomeScreen #tasks-pane { height: 2fr; }
    HomeScreen #budget-pane { height: 7; }
    HomeScreen #terminal-pane { height: 2fr; }
    HomeScreen #filter { display: none; height: 1; border: none; padding: 0 1; background: $panel; }
    HomeScreen #filter.-shown { display: block; }
    HomeScreen.-wide #body { layout: horizontal; }
    HomeScreen.-wide #upper { width: 1fr; height: 1fr; }
    HomeScreen.-wide #terminal-pane { width: 1fr; height: 1fr; }
    HomeScreen.-narrow #right { display: none; }
    HomeScreen.-narrow .pane { display: none; }
    HomeScreen.-narrow .pane.-front { display: block; height: 1fr; }
    HomeScreen.-narrow #upper.-behind { display: none; }
    HomeScreen.-narrow #right.-front { display: block; width: 1fr; }
    HomeScreen.-narrow #left.-behind { display: none; }
    HomeScreen.-zoomed .pane { display: none; }
    HomeScreen.-zoomed .pane.-front { display: block; height: 1fr; }
    HomeScreen.-zoomed #upper.-behind, HomeScreen.-zoomed #left.-behind { display: none; }
    HomeScreen.-zoomed #right { display: none; }
    HomeScreen.-zoomed #right.-front { display: block; width: 1fr; }
    """
    PANES: ClassVar[tuple[str, ...]] = (
        "tasks-pane", "containers-pane", "heartbeats-pane", "budget-pane", "events-pane", "terminal-pane",
    )  # fmt: skip

    def __init__(self, client: Client, first: FleetSnapshot) -> None:
        super().__init__()
        self._client = client
        self._first = first
        self._task_table: RowTable | None = None
        self._fleet = FleetView(first)
        self._filter = ""
        self._front = 0
        self._last_answers: dict[str, Any] = {}
        self._shown_terminal: tuple[str | None, TaskState | None] = (None, None)

    def compose(self) -> ComposeResult:
        """Top line, panes, bottom line."""
        yield Lines(id="top")
        yield Lines(id="notice")
        with Vertical(id="body"):
            with Horizontal(id="upper"):
                with Vertical(id="left"):
                    with _pane("tasks-pane", "Tasks"):
                        self._task_table = RowTable(
                            TASK_COLUMNS, self._task_cells, empty="no tasks yet: press n", id="tasks"
                        )
                        yield self._task_table
                    with _pane("containers-pane", "Containers"):
                        yield RowTable(
                            CONTAINER_COLUMNS, self._container_cells, empty="none runs", id="containers"
                        )
                with Vertical(id="right"):
                    with _pane("heartbeats-pane", "Heartbeats"):
                        yield Lines(id="heartbeats")
                    with _pane("budget-pane", "Budget"):
                        yield Lines(id="budget")
                    with _pane("events-pane", "Events"):
                        yield Lines(from_end=True, id="events")
            with _pane("terminal-pane", "Terminal"):
                yield TerminalView(id="terminal")
        yield Input(placeholder="filter tasks: words of title, id, state or agent", id="filter", compact=True)
        yield Lines(id="bottom")

    def on_mount(self) -> None:
        """Draw the first fleet, then follow it."""
        self._bring_front(0)
        self._draw_all()
        self.query_one("#tasks", RowTable).focus()
        self.set_interval(1.0, self._tick)
        self._follow()

    # Following

    @work(exclusive=True, group="follow")
    async def _follow(self) -> None:
        """Take every change; when the store cannot be read say so, and go on when it can."""
        await self._load_beats()
        async with self._client.watch(self._first) as watcher:
            while True:
                try:
                    async for change in watcher:
                        self._fleet.apply(change)
                        self._say("")
                        self._draw_all()
                except ParheliaError as error:
                    self._say(f"{error.code}: {error.message}")

    async def _load_beats(self) -> None:
        """Read the heartbeats of the past, once, beside the event loop."""
        keys, paths = self._fleet.container_keys(), self._client.paths

        def read() -> list[Any]:
            door = Client(paths)
            try:
                return [door.heartbeats(key) for key in keys]
            finally:
                door.close()

        for beats in await asyncio.to_thread(read):
            self._fleet.take_beats(beats)
        self._draw_heartbeats()

    def _say(self, text: str) -> None:
        notice = self.query_one("#notice", Lines)
        notice.set_class(bool(text), "-shown")
        notice.show([Text(f" {one_line(text, 300)}")] if text else [])

    def _tick(self) -> None:
        """Once a second: ages."""
        self._fleet.at = time.time()
        self.query_one("#tasks", RowTable).refresh()
        self.query_one("#containers", RowTable).refresh()
        self._draw_top()
        self._draw_heartbeats()

    # Drawing

    @property
    def _colours(self) -> dict[str, str]:
        return self.app.theme_variables

    def _draw_all(self) -> None:
        self._draw_tasks()
        keys = self._fleet.container_keys()
        self.query_one("#containers", RowTable).set_keys(keys)
        self._title("containers-pane", f"Containers ▪ {len(keys)}")
        self._draw_top()
        self._draw_heartbeats()
        self._draw_budget()
        self._draw_events()
        self._draw_bottom()
        self._choose_terminal()

    def _title(self, pane: str, title: str) -> None:
        self.query_one(f"#{pane}").border_title = title

    def _draw_tasks(self) -> None:
        keys = self._fleet.task_keys(self._filter)
        self.query_one("#tasks", RowTable).set_keys(keys)
        shown = f"{len(keys)} of {len(self._fleet.tasks)} match" if self._filter else str(len(keys))
        self._title("tasks-pane", f"Tasks ▪ {shown}")

    def _task_cells(self, key: str) -> Sequence[Text]:
        task = self._fleet.tasks[key]
        title = task.title if task.state is not TaskState.WAITING else f"{task.title}  ◂ {task.question}"
        loud = (
            Style(bold=True, color=self._colours.get("accent"))
            if task.state is TaskState.WAITING
            else Style.null()
        )
        container = self._fleet.containers.get(task.container_id or "")
        where = f"{task.backend}/{container.slot}" if container else "-"
        if task.unsandboxed:
            where = "OPEN!"
        return (
            look.state(task.state, self._colours),
            Text(one_line(title), loud),
            Text(task.agent),
            Text(where),
            Text(display.money(task.cost_usd)),
            Text(display.age(task.created_at, self._fleet.at)),
        )

    def _container_cells(self, key: str) -> Sequence[Text]:
        each = self._fleet.containers[key]
        word = each.health if each.state is ContainerState.RUNNING else each.state
        cpu = "-" if each.cpu_percent is None else f"{each.cpu_percent:.0f} %"
        return (
            look.state(word, self._colours),
            Text(each.id),
            Text(self._fleet.slug_of(each) + ("  NOT ISOLATED" if each.unsandboxed else "")),
            Text(each.network),
            Text(cpu),
            Text(display.size(each.memory_bytes)),
            Text(display.age(each.created_at, self._fleet.at)),
        )

    def _draw_top(self) -> None:
        about, counts, colours = self._fleet.controller, self._fleet.totals.by_state, self._colours
        line = Text(" parhelia", Style(bold=True, color=colours.get("primary")))
        if about.state == "running":
            since = display.age(about.since, self._fleet.at) if about.since else ""
            line.append(f"   ● controller {since}", Style(color=colours.get("success"), bold=False))
        else:
            line.append("   ○ controller asleep", Style(color=colours.get("secondary"), bold=False))
        isolation = f" ▪ {about.isolation}" if about.isolation else ""
        line.append(f"   {about.backend}{isolation}", Style(color=colours.get("secondary"), bold=False))
        alive = counts.get(TaskState.RUNNING, 0) + counts.get(TaskState.DISPATCHING, 0)
        line.append(f"   {alive} running", Style(bold=False))
        waits = counts.get(TaskState.WAITING, 0)
        if waits:
            line.append(f"   ◆ {waits} waits for you", Style(bold=True, color=colours.get("accent")))
        line.append(f"   {counts.get(TaskState.COMPLETED, 0)} done", Style(bold=False))
        failed = counts.get(TaskState.FAILED, 0)
        line.append(f"   {failed} failed", Style(bold=False, color=colours.get("error") if failed else None))
        line.append(f"   {display.money(self._fleet.totals.spent_today_usd)} today", Style(bold=False))
        self.query_one("#top", Lines).show([line])

    def _draw_heartbeats(self) -> None:
        lines = [self._beat_line(self._fleet.containers[key]) for key in self._fleet.container_keys()]
        self.query_one("#heartbeats", Lines).show(lines or [Text(" none runs", "dim")])

    def _beat_line(self, each: Container) -> Text:
        """Name, a strip of processor use with gaps for missed beats, age of the last one, cpu and memory."""
        colours = self._colours
        beats = list(self._fleet.beats.get(each.id, ()))
        strip: list[str] = []
        for before, beat in zip([None, *beats], beats, strict=False):
            missed = round((beat.at - before.at) / BEAT_S) - 1 if before else 0
            strip += [" "] * max(0, min(missed, STRIP))
            strip.append(look.bars([min(100.0, beat.cpu_percent or 0.0)], most=100.0))
        silence = self._fleet.at - each.last_heartbeat_at if each.last_heartbeat_at else None
        if silence is not None:
            strip += [" "] * min(STRIP, int(silence / BEAT_S))
        health = look.colour(each.health, colours) or colours.get("secondary")
        line = Text(f" {self._fleet.slug_of(each)[:15]:<15} ")
        line.append(f"{''.join(strip[-STRIP:]):<{STRIP}}", Style(color=health))
        line.append(f" {display.age(each.last_heartbeat_at, self._fleet.at):>3}")
        line.append(f" {each.cpu_percent or 0:>3.0f}% {display.size(each.memory_bytes):>5}", Style(dim=True))
        return line

    def _draw_budget(self) -> None:
        totals = self._fleet.totals
        lines = [
            Text(
                f" today  {display.money(totals.spent_today_usd):>8}    in all {display.money(totals.spent_total_usd)}"
            ),
            Text(f" burn   {display.money(totals.burn_usd_per_hour):>8}/h"),
            Text(f" tokens {totals.input_tokens:,} in, {totals.output_tokens:,} out"),
            Text(f" {look.bars(list(totals.hours))}  last 24 h", Style(color=self._colours.get("primary"))),
        ]
        if totals.unknown_cost_entries:
            lines.append(
                Text(
                    f" {totals.unknown_cost_entries} of unknown cost",
                    Style(color=self._colours.get("warning")),
                )
            )
        self.query_one("#budget", Lines).show(lines)

    def _draw_events(self) -> None:
        colours = {"warning": self._colours.get("warning"), "error": self._colours.get("error")}
        lines = []
        for event in list(self._fleet.events)[-60:]:
            line = Text(time.strftime(" %H:%M:%S ", time.localtime(event.at)), "dim")
            line.append(event.message, Style(dim=False, color=colours.get(event.level)))
            lines.append(line)
        self.query_one("#events", Lines).show(lines)

    def _draw_bottom(self) -> None:
        line = Text(" ")
        for _, binding, enabled, _ in self.active_bindings.values():
            if binding.show and enabled and self.check_action(binding.action, ()):
                key = binding.key_display or binding.key
                line.append(f"{key} ", Style(bold=True, color=self._colours.get("primary")))
                line.append(f"{binding.description}  ", Style(bold=False))
        self.query_one("#bottom", Lines).show([line])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key is there only while it can do something."""
        task = self._chosen
        if action == "attach":
            return task is not None and task.state in (TaskState.RUNNING, TaskState.WAITING)
        if action == "cancel":
            return task is not None and task.state not in TASK_ENDED
        if action == "retry":
            return task is not None and task.state in TASK_ENDED
        if action == "log":
            return task is not None and task.attempt > 0
        return True

    # The chosen task and its terminal

    @property
    def _chosen(self) -> Task | None:
        """The task that keys act on: that of the chosen row."""
        key = self._task_table.key if self._task_table else None
        return self._fleet.tasks.get(key) if key else None

    def on_row_table_highlighted(self, message: RowTable.Highlighted) -> None:
        """Another task: another terminal, other keys."""
        if message.table.id == "containers" and message.key is not None and message.table.has_focus:
            self.query_one("#tasks", RowTable).select(self._fleet.containers[message.key].task_id)
        self._choose_terminal()
        self._draw_bottom()

    def on_row_table_opened(self, message: RowTable.Opened) -> None:
        """Enter on a row: its terminal, or what it printed."""
        if self.check_action("attach", ()):
            self.action_attach()
        elif self.check_action("log", ()):
            self.action_log()

    def _choose_terminal(self) -> None:
        task = self._chosen
        chosen = (task.id, task.state) if task else (None, None)
        if chosen != self._shown_terminal:
            before, self._shown_terminal = self._shown_terminal, chosen
            live = (TaskState.RUNNING, TaskState.WAITING)
            if chosen[0] == before[0] and chosen[1] in live and before[1] in live:
                return
            self._show_terminal(task)

    @work(exclusive=True, group="terminal")
    async def _show_terminal(self, task: Task | None) -> None:
        view = self.query_one("#terminal", TerminalView)
        view.show([], None)
        if task is None:
            self._title("terminal-pane", "Terminal")
            return
        self._title("terminal-pane", f"{task.slug} ▪ terminal")
        if task.state in (TaskState.RUNNING, TaskState.WAITING):
            try:
                endpoint = self._client.endpoint(task.id)
            except ParheliaError:
                # It ended in this moment; the change that tells so is on its way.
                return
            async with self._client.live_terminal(endpoint) as terminal:
                async for frame in terminal.frames():
                    lines = [Text.from_ansi(line) for line in frame.lines]
                    view.show(lines, (frame.cursor_x, frame.cursor_y) if frame.cursor_visible else None)
        elif task.state in TASK_ENDED:
            paths = self._client.paths
            said = await asyncio.to_thread(_log_of, Client(paths), task.id, TAIL_LINES)
            self._title("terminal-pane", f"{task.slug} ▪ {task.state}: {one_line(task.reason, 60)}")
            view.show([Text(line) for line in said], None)

    # Keys

    def action_new(self) -> None:
        """Ask for a new task."""
        from parhelia_tui.screens.new_task import NewTaskScreen

        def check(fields: dict[str, Any]) -> None:
            self._client.check(self._client.request(fields))

        def answered(fields: dict[str, Any] | None) -> None:
            if fields is not None:
                self._last_answers = {key: value for key, value in fields.items() if key != "prompt"}
                self._wish(lambda door: door.create_task(door.request(fields)))

        self.app.push_screen(NewTaskScreen(self._client.agents(), self._last_answers, check), answered)

    def action_attach(self) -> None:
        """Hand the whole terminal to the task until it is left with Ctrl+Q."""
        task = self._chosen
        if task is None:
            return
        try:
            endpoint = self._client.endpoint(task.id)
            with self.app.suspend():
                self._client.attach(endpoint)
        except ParheliaError as error:
            self._say(f"{error.code}: {error.message}. Try: {'; '.join(error.recovery[:2])}")
        self.refresh(layout=True)

    def action_cancel(self) -> None:
        """Cancel the task, after a question."""
        task = self._chosen
        if task is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._wish(lambda door: door.cancel_task(task.id))

        consequence = "Its processes are ended. What lies in its workspace stays as it is."
        self.app.push_screen(ConfirmScreen(f"Cancel {one_line(task.title, 80)}?", consequence), answered)

    def action_retry(self) -> None:
        """Try the task again."""
        task = self._chosen
        if task is not None:
            self._wish(lambda door: door.retry_task(task.id))

    @work(thread=True, group="wish")
    def _wish(self, act: Any) -> None:
        """Write a wish beside the event loop: it may have to start the controller."""
        door = Client(self._client.paths)
        try:
            act(door)
        except ParheliaError as error:
            self.app.call_from_thread(
                self._say, f"{error.code}: {error.message}. Try: {'; '.join(error.recovery[:2])}"
            )
        finally:
            door.close()

    @work(group="log")
    async def action_log(self) -> None:
        """Show what the task printed."""
        task = self._chosen
        if task is not None:
            lines = await asyncio.to_thread(_log_of, Client(self._client.paths), task.id, LOG_LINES)
            self.app.push_screen(LogScreen(task.slug, lines))

    def action_filter(self) -> None:
        """Type words that a task must have."""
        field = self.query_one("#filter", Input)
        field.add_class("-shown")
        field.focus()

    def on_input_changed(self, message: Input.Changed) -> None:
        """Filter while typing."""
        self._filter = message.value
        self._draw_tasks()

    def on_input_submitted(self) -> None:
        """Back to the tasks; the filter stays."""
        self.query_one("#filter").set_class(bool(self._filter), "-shown")
        self.query_one("#tasks").focus()

    def action_calm(self) -> None:
        """Clear the filter, leave the zoom, take the notice away."""
        self.query_one("#filter", Input).value = ""
        self.query_one("#filter").remove_class("-shown")
        self.remove_class("-zoomed")
        self._say("")
        self.query_one("#tasks").focus()

    def action_next_pane(self, by: int) -> None:
        """Go to another pane; on a narrow screen it is the one that is seen."""
        self._bring_front((self._front + by) % len(self.PANES))

    def action_maximize(self) -> None:
        """One pane over everything, and back."""
        self.toggle_class("-zoomed")

    def _bring_front(self, number: int) -> None:
        self._front = number
        name = self.PANES[number]
        for pane in self.PANES:
            self.query_one(f"#{pane}").set_class(pane == name, "-front")
        right = name in ("heartbeats-pane", "budget-pane", "events-pane")
        left = name in ("tasks-pane", "containers-pane")
        self.query_one("#right").set_class(right, "-front")
        self.query_one("#left").set_class(not left, "-behind")
        self.query_one("#upper").set_class(not (left or right), "-behind")
        inside: Widget = self.query_one(f"#{name}").children[0]
        if inside.can_focus:
            inside.focus()
        self._draw_bottom()

    def action_help(self) -> None:
        """Show every key of this screen."""
        keys = [
            (binding.key_display or key, binding.description)
            for key, (_, binding, _, _) in self.active_bindings.items()
        ]
        self.app.push_screen(HelpScreen([(key, about) for key, about in keys if about]))

    def on_click(self, event: events.Click) -> None:
        """A click into a pane brings it to the front."""
        for number, name in enumerate(self.PANES):
            pane = self.query_one(f"#{name}")
            if (
                event.widget is not None
                and pane in event.widget.ancestors_with_self
                and number != self._front
            ):
                self._bring_front(number)


def _pane(id: str, title: str) -> Vertical:
    pane = Vertical(id=id, classes="pane")
    pane.border_title = title
    return pane


def _log_of(door: Client, task_id: str, lines: int) -> list[str]:
    try:
        return door.log_tail(task_id, lines)
    finally:
        door.close()
