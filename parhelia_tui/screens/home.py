"""The home screen, and what its keys do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from textual import events

from parhelia_tui.core.model.records import Task
from parhelia_tui.core.settings.last_task import remembered, with_answers
from parhelia_tui.screens.home_leads import HomeLeads
from parhelia_tui.screens.marked_acts import MarkedActs
from parhelia_tui.screens.possible import why_not
from parhelia_tui.widgets.keys_in_turn import forget_keys
from parhelia_tui.widgets.row_table import RowTable


class HomeScreen(HomeLeads):
    """A home screen whose keys act on the chosen task, or on all that are marked. Args as of `HomeFollowing`."""

    @cached_property
    def _of_marked(self) -> MarkedActs:
        return MarkedActs(self, self.acts)

    def _possible(self, action: str) -> Task | None:
        """Give the chosen task if this key does something for it, else say why it does not."""
        return self.chosen if self._may(action) else None

    def _may(self, action: str) -> bool:
        """Say whether a key can do something now, and why not where it cannot."""
        reason = self.why_not(action)
        if reason:
            # What came behind it was meant for what it would have opened.
            forget_keys(self.app)
            self.say(reason[0].upper() + reason[1:] + ".")
        return not reason

    def _for_marked(self, action: str, act: Callable[[list[Task], Callable[[], None]], None]) -> bool:
        """Act on the marked tasks, if there are any; say whether there are."""
        marked = self.tables.marked_tasks
        if not marked:
            return False
        if self._may(action):
            act(marked, lambda: self.mark(set()))
        return True

    def action_new(self) -> None:
        """Ask for a new task."""
        if self._may("new"):
            self.acts.new(remembered(self.view), self._remember)

    def _remember(self, fields: Mapping[str, Any]) -> None:
        self.view = with_answers(self.view, fields)
        self._keep_view()

    async def action_attach(self) -> None:
        """Hand the whole terminal to the task until it is left."""
        if task := self._possible("attach"):
            # Nothing is to be read or drawn while the terminal is somebody else's.
            await self.terminal.let_go()
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
        self.acts.command(self.custom.offers, self._run_typed)

    async def _run_typed(self, name: str) -> None:
        if action := self.custom.typed(name):
            await self.run_action(action)

    async def action_custom(self, name: str) -> None:
        """Run a command of the user's own."""
        if self._may(f"custom('{name}')"):
            await self.custom.run(name, self.subject())

    # Rows

    async def on_row_table_opened(self) -> None:
        """Enter on a row: its terminal, or what it printed; of a group its parts."""
        if self.chosen is not None and self.chosen.is_group:
            self.filter_line.put(f"group:{self.chosen.id}")
            self.filter_tasks()
            return
        await self.run_action("log" if why_not("attach", self.chosen) else "attach")

    async def on_terminal_view_opened(self) -> None:
        """Enter in the terminal: into it."""
        await self.on_row_table_opened()

    def action_mark(self) -> None:
        """Mark the task, or take its mark away, and go to the next."""
        task = self.chosen
        if task is None:
            return
        self.tables.marked ^= {task.id}
        self.tables.front.action_move(1)
        self.redraw_tables()

    def action_mark_all(self) -> None:
        """Mark all tasks that are shown, or take their marks away where all have one."""
        self.mark(self.tables.all_marked())

    def action_sort(self, number: int) -> None:
        """Sort the table of the focus by its n-th column, from 1; again turns it round; 0 is the usual order."""
        self._sort(self.tables.front, number - 1)

    def on_row_table_heading_clicked(self, message: RowTable.HeadingClicked) -> None:
        """A click on a heading sorts by it; again turns it round."""
        self._sort(message.table, message.number)

    def _sort(self, table: RowTable, number: int) -> None:
        after = self.tables.sorted_by(self.view, table, number)
        if after != self.view:
            self.take_view(after)

    def action_faults(self) -> None:
        """Show only what something is wrong with, or all again."""
        self.keep_faults(on=not self.fleet.faults_only)

    def action_filter(self) -> None:
        """Type words that a task must have."""
        self.places.bring_front("tasks")
        self.filter_line.begin()

    def take_key(self, event: events.Key) -> bool:
        """Take a letter while there is typing; otherwise it is a key of this screen."""
        taken = self.filter_line.typing and self.filter_line.take(event)
        if taken:
            self.filter_tasks()
        return taken

    def on_paste(self, event: events.Paste) -> None:
        """Pasted words to filter by; nothing else here takes any."""
        if self.filter_line.typing:
            self.filter_line.paste(event.text)
            self.filter_tasks()

    def action_calm(self) -> None:
        """Clear the filter, leave the zoom, take the notice away; where there was neither, the marks too."""
        self.calm()

    # Panes

    def action_next_pane(self, by: int) -> None:
        """Go to another pane; on a narrow screen it is the one that is seen."""
        self.places.go_on(by)

    def action_zoom(self) -> None:
        """One pane over everything, and back."""
        self.places.zoom()

    def action_carry_pane(self, by: int) -> None:
        """Move the pane of the focus one place up or down, past the end to the other side."""
        self.places.carry(by)

    def action_hide_pane(self) -> None:
        """Hide the pane of the focus; `v` brings it back."""
        self.places.hide()
