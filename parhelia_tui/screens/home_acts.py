"""What the keys of the home screen do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.binding import Binding

from parhelia_tui.core.client import Client, FleetSnapshot
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.settings.dashboard import Dashboard
from parhelia_tui.screens.home_keys import KEYS
from parhelia_tui.screens.home_tables import HomeTables
from parhelia_tui.screens.key_map import mapped, rebound
from parhelia_tui.screens.marked_acts import MarkedActs, why_none
from parhelia_tui.screens.possible import FOR_MARKED, why_not
from parhelia_tui.screens.task_acts import TaskActs
from parhelia_tui.screens.terminal_pane import TerminalPane

if TYPE_CHECKING:
    from parhelia_tui.screens.inbox import InboxScreen


class HomeActs(HomeTables):
    """A screen whose keys act on the chosen task, or on all that are marked.

    Args:
        client: used from the app's thread, for short questions and wishes.
        first: the fleet for the first frame.
        look: what is configured of the dashboard.
        clock: gives epoch seconds.
    """

    def __init__(
        self, client: Client, first: FleetSnapshot, look: Dashboard, clock: Callable[[], float]
    ) -> None:
        super().__init__(client, first, look)
        self.clock = clock
        self.acts = TaskActs(self, client)
        self.keys = mapped(KEYS, look.keys)
        if look.keys:
            self._bindings = rebound(self._bindings, KEYS, self.keys)
        self._of_marked = MarkedActs(self, self.acts)
        self._inbox: InboxScreen | None = None

    terminal: TerminalPane

    def chosen_changed(self) -> None:
        """Show what belongs to the chosen task."""
        raise NotImplementedError

    def say(self, text: str) -> None:
        """Show a notice for some seconds."""
        raise NotImplementedError

    def expect(self, task_id: str) -> None:
        """Choose a task as soon as it is there."""
        raise NotImplementedError

    def _keys(self) -> list[Binding]:
        """The keys to show that do something now."""
        return [each for each in self.keys if each.show and not self.why_not(each.action)]

    def why_not(self, action: str) -> str:
        """Say why a key can do nothing now; empty where it can."""
        if action == "undo":
            return "" if self.acts.undo else "there is nothing to take back"
        if action in FOR_MARKED and self.marked_tasks:
            return why_none(action, self.marked_tasks)
        task = self.chosen
        return why_not(action, task, self.fleet.containers.get((task and task.container_id) or ""))

    def _possible(self, action: str) -> Task | None:
        """Give the chosen task if this key does something for it, else say why it does not."""
        return self.chosen if self._may(action) else None

    def _may(self, action: str) -> bool:
        """Say whether a key can do something now, and why not where it cannot."""
        reason = self.why_not(action)
        if reason:
            self.say(reason[0].upper() + reason[1:] + ".")
        return not reason

    def _for_marked(self, action: str, act: Callable[[list[Task], Callable[[], None]], None]) -> bool:
        """Act on the marked tasks, if there are any; say whether there are."""
        marked = self.marked_tasks
        if not marked:
            return False
        if self._may(action):
            act(marked, lambda: self.mark(set()))
        return True

    def action_new(self) -> None:
        """Ask for a new task."""
        if self._may("new"):
            self.acts.new()

    async def action_attach(self) -> None:
        """Hand the whole terminal to the task until it is left."""
        if task := self._possible("attach"):
            # Nothing is to be read or drawn while the terminal is somebody else's.
            await self.terminal.let_go()
            self.acts.attach(task)
            self.chosen_changed()

    def action_inbox(self) -> None:
        """Show who waits for a person; whoever goes to a terminal from there comes back to it."""

        from parhelia_tui.screens.inbox import InboxScreen

        def left(task_id: str | None) -> None:
            self._inbox = None
            if task_id is not None:
                self.run_worker(self._attach_from_inbox(task_id), group="attach", exclusive=True)

        self._inbox = InboxScreen(self.client, self.fleet, self.clock, self.acts.tell)
        self.app.push_screen(self._inbox, left)

    async def _attach_from_inbox(self, task_id: str) -> None:
        task = self.fleet.tasks.get(task_id)
        reason = why_not("attach", task)
        if task is None or reason:
            self.say(reason)
            return
        await self.terminal.let_go()
        self.action_inbox()
        self.acts.attach(task)
        self.chosen_changed()

    def action_tell(self) -> None:
        """Tell the task something."""
        if self._for_marked("tell", self._of_marked.tell):
            return
        if task := self._possible("tell"):
            self.acts.tell(task)

    def action_cancel(self) -> None:
        """Cancel the task, after a question."""
        if self._for_marked("cancel", self._of_marked.cancel):
            return
        if task := self._possible("cancel"):
            self.acts.cancel(task)

    def action_retry(self) -> None:
        """Try the task again."""
        if self._for_marked("retry", self._of_marked.retry):
            return
        if task := self._possible("retry"):
            self.acts.wish(lambda door: door.retry_task(task.id))

    def action_trash(self) -> None:
        """Put the task into the trash."""
        if self._for_marked("trash", self._of_marked.trash):
            return
        if task := self._possible("trash"):
            self.acts.trash([task])

    def action_undo(self) -> None:
        """Take back what was done last."""
        if self._may("undo"):
            self.acts.take_back()

    def action_terminate(self) -> None:
        """End the container of the task, after a question."""
        if task := self._possible("terminate"):
            self.acts.terminate(self.fleet.containers[task.container_id or ""], task)

    def action_copy(self) -> None:
        """Copy the id of what the cursor stands on, by the terminal (OSC 52)."""
        key = self.containers.key if self.containers.has_focus else self.tasks.key
        if key is None:
            self._may("copy")
        else:
            self.app.copy_to_clipboard(key)
            self.say(f"{key} is copied.")

    def action_faults(self) -> None:
        """Show only what something is wrong with, or all again."""
        self.fleet.keep_faults(on=not self.fleet.faults_only)
        self.bring_front("tasks")
        self.redraw_tables()

    def action_tree(self) -> None:
        """Show the fleet as a tree; from there to the row of a task."""
        from parhelia_tui.screens.tree import TreeScreen

        def left(task_id: str | None) -> None:
            if task_id is not None:
                self.expect(task_id)

        self.app.push_screen(TreeScreen(self.fleet), left)

    def action_pulses(self) -> None:
        """Show the health of the fleet; from there to the tasks that a tile counts."""
        from parhelia_tui.screens.pulses import PulsesScreen

        def left(wanted: str | None) -> None:
            if wanted is not None:
                self.show_only(wanted)

        self.app.push_screen(PulsesScreen(self.fleet), left)

    def action_settings(self) -> None:
        """Show what is configured, and change it."""
        from parhelia_tui.screens.settings import SettingsScreen

        self.app.push_screen(SettingsScreen(self.client, self.configured, self.take_look))

    def take_look(self, look: Dashboard) -> None:
        """Look otherwise until the dashboard is left."""
        self.configured = look
        self.app.theme = f"parhelia-{look.theme}"
        self.app.animation_level = "none" if look.reduced_motion else "full"
        self.take_view(self.view)

    def show_only(self, wanted: str) -> None:
        """Show the tasks that fit a filter."""
        raise NotImplementedError

    def action_log(self) -> None:
        """Show what the task printed."""
        if task := self._possible("log"):
            self.acts.log(task)

    def action_details(self) -> None:
        """Show all about the task, or about the container where those have the focus."""
        if self.containers.has_focus and self.containers.key is not None:
            self.open_about(None, self.containers.key)
            return
        if task := self._possible("details"):
            self.acts.details(task)

    def action_checkpoint(self) -> None:
        """Take a checkpoint of the task."""
        if self._for_marked("checkpoint", self._of_marked.checkpoint):
            return
        if task := self._possible("checkpoint"):
            self.acts.checkpoint(task)

    def action_checkpoints(self) -> None:
        """Show the checkpoints of the task."""
        if task := self._possible("checkpoints"):
            self.acts.checkpoints(task)

    def action_wall(self) -> None:
        """Show the terminals of all running tasks."""
        from parhelia_tui.screens.wall import WallScreen

        chosen = self.chosen
        self.app.push_screen(WallScreen(self.client, self.fleet, chosen.id if chosen else "", self.clock))

    def action_history(self) -> None:
        """Show the history."""
        from parhelia_tui.screens.events import EventsScreen

        self.app.push_screen(EventsScreen(self.client, self.open_about, self.travel, self.clock))

    def open_about(self, task_id: str | None, container_id: str | None) -> None:
        """Show a task, or a container where no task is named."""
        from parhelia_tui.screens.container import ContainerScreen

        task = self.fleet.tasks.get(task_id or "")
        if task is not None:
            self.acts.details(task)
        elif container_id is not None:
            self.app.push_screen(ContainerScreen(self.client, self.fleet, container_id, self.clock))

    def action_past(self) -> None:
        """Show the whole dashboard at a moment that is over."""
        self.travel(self.clock())

    def travel(self, at: float) -> None:
        """Show the dashboard as it was at a moment (epoch seconds)."""
        from parhelia_tui.screens.time_travel import TimeTravelScreen

        self.app.push_screen(
            TimeTravelScreen(self.client, at, self._task_columns, self._container_columns, self.clock)
        )

    def action_budget(self) -> None:
        """Raise the budget of the task, or stop its spending."""
        if task := self._possible("budget"):
            self.acts.budget(task)

    def action_hosts(self) -> None:
        """Show whom the task's container called."""
        if task := self._possible("hosts"):
            self.acts.hosts(task, self.clock)

    async def action_command(self) -> None:
        """Type a command; one that needs the terminal gets it whole."""
        self.acts.command()

    def action_help(self) -> None:
        """Show every key of this screen."""
        from parhelia_tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.keys, self.why_not))
