"""The ways from the home screen to others, and back."""

from __future__ import annotations

from parhelia_tui.core.settings.dashboard import Dashboard
from parhelia_tui.screens.container_columns import CONTAINER_COLUMNS
from parhelia_tui.screens.home_following import HomeFollowing
from parhelia_tui.screens.possible import why_not
from parhelia_tui.screens.task_columns import TASK_COLUMNS
from parhelia_tui.widgets.keys_in_turn import OPENS, forget_keys


class HomeLeads(HomeFollowing):
    """A home screen from which keys lead to other screens."""

    def action_inbox(self) -> None:
        """Show who waits for a person; whoever goes to a terminal from there comes back to it."""
        from parhelia_tui.screens.inbox import InboxScreen

        def left(task_id: str | None) -> None:
            self.inbox = None
            if task_id is not None:
                self.run_worker(self._attach_from_inbox(task_id), name=OPENS, group="attach", exclusive=True)

        self.inbox = InboxScreen(self.client, self.fleet, self.clock, self.acts.tell)
        self.app.push_screen(self.inbox, left)

    async def _attach_from_inbox(self, task_id: str) -> None:
        task = self.fleet.tasks.get(task_id)
        reason = why_not("attach", task)
        if task is None or reason:
            forget_keys(self.app)
            self.say(reason)
            return
        # Nothing is to be read or drawn while the terminal is somebody else's.
        await self.terminal.let_go()
        self.action_inbox()
        self.acts.attach(task)
        self.chosen_changed()

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

    def action_trashed(self) -> None:
        """Show what lies in the trash."""
        from parhelia_tui.screens.trash import TrashScreen

        self.app.push_screen(TrashScreen(self.client, self.clock))

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

    def action_arrange(self) -> None:
        """Choose panes and columns."""
        from parhelia_tui.screens.arrange import ArrangeScreen
        from parhelia_tui.screens.arrange_parts import ColumnsPart, PanesPart

        tasks = {name: each.about for name, each in TASK_COLUMNS.items()}
        containers = {name: each.about for name, each in CONTAINER_COLUMNS.items()}
        parts = (
            PanesPart(),
            ColumnsPart("tasks", "columns", self.configured.columns, tasks),
            ColumnsPart("containers", "container_columns", self.configured.container_columns, containers),
        )
        self.app.push_screen(ArrangeScreen(parts, self.view, self.take_view))

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
            TimeTravelScreen(
                self.client, at, self.tables.task_columns, self.tables.container_columns, self.clock
            )
        )

    def action_help(self) -> None:
        """Show every key of this screen."""
        from parhelia_tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.keys, self.why_not, self.custom.bindings, self.custom.faults))
