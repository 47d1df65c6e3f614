"""What keys do to tasks, on whatever screen they are pressed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from textual.app import SuspendNotSupported

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.display import age, money, proof
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.text import one_line
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.screens.handing_over import handed_over
from parhelia_tui.screens.undo import Undo
from parhelia_tui.screens.wishing import Wisher, in_words, wish
from parhelia_tui.widgets.keys_in_turn import OPENS, forget_keys

if TYPE_CHECKING:
    from parhelia_tui.core.client.budgets import Budget
    from parhelia_tui.screens.own_command import Offer

STAYS = ("agent", "backend", "network", "workspace_mode", "workspace", "targets", "limits", "unseen")
"""Fields of a new task that the form shows again for the next one."""


class Stage(Wisher, Protocol):
    """The screen whose keys these are."""

    fleet: FleetView

    @property
    def clock(self) -> Callable[[], float]:
        """Gives epoch seconds."""

    @property
    def is_current(self) -> bool:
        """Whether nothing lies over it."""

    def expect(self, task_id: str) -> None:
        """Choose a task as soon as it is there."""


def _lift(scope: str, more: float, door: Client) -> None:
    door.budgets.lift(scope, more)


class TaskActs:
    """Asks, writes wishes and hands the terminal over.

    Args:
        screen: whose keys these are; notices go there.
        client: used from the app's thread.
    """

    def __init__(self, screen: Stage, client: Client) -> None:
        self._screen = screen
        self._client = client
        self._draft: dict[str, Any] = {}
        self._typed: list[str] = []
        self.undo = Undo()

    def new(self, remembered: Mapping[str, Any], remember: Callable[[Mapping[str, Any]], None]) -> None:
        """Show the form for a task, with what was in it when it was left.

        Args:
            remembered: fields of the last task of an earlier run.
            remember: called with the fields of a task that is wanted.
        """
        from parhelia_tui.screens.form_limits import as_request
        from parhelia_tui.screens.new_task import NewTaskScreen

        def answered(answer: tuple[bool, dict[str, Any]] | None) -> None:
            wanted, self._draft = answer or (False, {})
            if wanted:
                left = self._draft
                # The next one begins without the template, so without what that has set unseen.
                self._draft = {key: left[key] for key in STAYS if key in left}
                remember(left)
                self.wish(
                    lambda door: door.create_task(door.request(as_request(left))),
                    self._expect,
                    lambda: self._keep(left),
                )

        self._screen.app.push_screen(NewTaskScreen(self._client, self._draft, remembered), answered)

    def _expect(self, made: Any) -> None:
        self._screen.expect(made.id)

    def _keep(self, fields: dict[str, Any]) -> None:
        # A long prompt is work too; what was typed in the meantime is newer.
        self._draft = {**fields, **self._draft}

    def budget(self, task: Task) -> None:
        """Ask how much more a task may spend, or whether it is to stop."""
        from parhelia_tui.core.client.budgets import in_words as words
        from parhelia_tui.screens.ask import AskScreen

        bounds: list[Budget] = []

        def answered(said: str | None) -> None:
            if said == "stop":
                self.wish(lambda door: door.budgets.stop(task))
            elif said is not None:
                try:
                    more = float(said.lstrip("$"))
                except ValueError:
                    self._screen.say(f"{one_line(said, 40)} is no amount.")
                    return
                spent = [each.scope for each in bounds if each.left_usd is not None and each.left_usd <= 0]
                for scope in spent or [f"task:{task.id}"]:
                    self.wish(partial(_lift, scope, more))

        def ask(found: Sequence[Budget]) -> None:
            if not self._screen.is_current:
                # Somebody has gone on meanwhile, or asked twice.
                return
            bounds[:] = found
            lines = [
                words(each) for each in bounds if each.limit_usd is not None or each.scope.startswith("task")
            ]
            self._screen.app.push_screen(
                AskScreen(
                    f"The budget of “{one_line(task.title, 120)}”",
                    "\n".join([*lines, "USD that can be spent from now on, or stop."]),
                ),
                answered,
            )

        def failed() -> None:
            forget_keys(self._screen.app)

        wish(self._screen, self._client, lambda door: door.budgets.of_task(task), ask, failed, OPENS)

    def hosts(self, task: Task, clock: Callable[[], float]) -> None:
        """Show whom the task's container called and whom it was denied, and allow a host."""
        from parhelia_tui.screens.hosts import HostsScreen

        container_id = task.container_id or ""

        def allow(host: str) -> None:
            self.wish(
                lambda door: door.allow_hosts(container_id, [host]),
                lambda _: self._screen.say(f"{one_line(host, 60)} is allowed now."),
            )

        title = f"Hosts of “{one_line(task.title, 80)}” ({container_id}, network {task.network})"
        self._screen.app.push_screen(HostsScreen(self._client, container_id, title, allow, clock))

    def cancel(self, task: Task) -> None:
        """Cancel a task, after a question that says what is lost."""
        from parhelia_tui.screens.confirm import ConfirmScreen

        def answered(yes: bool | None) -> None:
            if yes:
                self.wish(lambda door: door.cancel_task(task.id), lambda _: self.can_uncancel([task]))

        if task.is_group:
            left = task.parts - task.parts_done
            self._screen.app.push_screen(
                ConfirmScreen(
                    f"Cancel “{one_line(task.title, 160)}”?",
                    f"{left} of its {task.parts} parts {'has' if left == 1 else 'have'} not ended; "
                    f"{'it is' if left == 1 else 'all of them are'} cancelled.\n"
                    "What lies in their workspaces stays as it is.",
                    f"Cancel {left} {'task' if left == 1 else 'tasks'}",
                    "Let them be",
                ),
                answered,
            )
            return
        now = self._screen.fleet.at
        begun = f"It has run for {age(task.started_at, now)}" if task.started_at else "It has not begun"
        cost = f" and has cost {money(task.cost_usd)}" if task.cost_usd else ""
        lost = "Its processes are ended." if task.started_at else "It is taken out of the queue."
        self._screen.app.push_screen(
            ConfirmScreen(
                f"Cancel “{one_line(task.title, 160)}”?",
                f"{begun}{cost}. {lost}\nWhat lies in its workspace stays as it is.",
                "Cancel the task",
                "Let it be",
            ),
            answered,
        )

    def terminate(self, container: Container, task: Task) -> None:
        """End a container, after a question that says what is lost."""
        from parhelia_tui.screens.confirm import ConfirmScreen

        def answered(yes: bool | None) -> None:
            if yes:
                self.wish(lambda door: door.terminate_container(container.id))

        runs = f"It has run for {age(container.started_at, self._screen.fleet.at)}"
        self._screen.app.push_screen(
            ConfirmScreen(
                f"Terminate {container.id} of “{one_line(task.title, 120)}”?",
                f"{runs}. Its processes are ended; what lies in its workspace stays as it is.",
                "Terminate the container",
                "Let it be",
            ),
            answered,
        )

    def can_uncancel(self, tasks: Sequence[Task]) -> None:
        """Remember that the cancel of what had not begun can be taken back, and say so."""
        queued = [task.id for task in tasks if task.started_at is None]
        if queued:
            words = f"{len(queued)} task{'' if len(queued) == 1 else 's'}"
            self.undo.put(
                f"The cancel of {words} is taken back.",
                lambda door: [door.uncancel_task(each) for each in queued],
            )
            self._screen.say(
                f"{words} {'is' if len(queued) == 1 else 'are'} taken out of the queue; u takes it back."
            )

    def trash(self, tasks: Sequence[Task]) -> None:
        """Put ended tasks into the trash; that is taken back by a key, so it is not asked."""
        ids = [task.id for task in tasks]
        name = f"“{one_line(tasks[0].title, 60)}”" if len(tasks) == 1 else f"{len(tasks)} tasks"

        def put(_: Any) -> None:
            self.undo.put(
                f"{name} {'is' if len(ids) == 1 else 'are'} back.", lambda door: door.untrash_tasks(ids)
            )
            there, them = ("is", "it") if len(ids) == 1 else ("are", "them")
            self._screen.say(f"{name} {there} in the trash; u brings {them} back.")

        self.wish(lambda door: door.trash_tasks(ids), put)

    def take_back(self) -> None:
        """Take back what was done last."""
        done = self.undo.take()
        self.wish(done.act, lambda _: self._screen.say(done.back))

    def tell(self, task: Task) -> None:
        """Ask for a line, have it typed into the task's terminal, and say whether it arrived."""
        from parhelia_tui.screens.ask import AskScreen

        def answered(text: str | None) -> None:
            if text is None:
                return
            self._screen.say(f"Telling “{one_line(task.title, 60)}”…")
            self.wish(lambda door: door.replies.wait(door.replies.send(task.id, text).id), told)

        def told(done: Any) -> None:
            self._screen.say(f"It was told “{one_line(done.shown, 60)}”: {proof(done.evidence)}.")

        self._screen.app.push_screen(
            AskScreen(
                f"What shall “{one_line(task.title, 100)}” be told?",
                "It is typed into its terminal and entered; whether it arrived is said then.",
            ),
            answered,
        )

    def checkpoint(self, task: Task) -> None:
        """Take a checkpoint, and say when it is there."""
        self._screen.say(f"Taking a checkpoint of “{one_line(task.title, 60)}”…")

        def take(door: Client) -> Any:
            return door.checkpoints.wait(door.checkpoints.create(task).id, lambda said: None)

        def taken(done: Any) -> None:
            changed = f"{done.changed_files} of {done.files} files changed"
            self._screen.say(
                f"Checkpoint {done.id}: {changed}, it stood still for {max(1, round(done.pause_s * 1000))} ms. C shows all."
            )

        self.wish(take, taken)

    def checkpoints(self, task: Task) -> None:
        """Show the checkpoints of a task."""
        from parhelia_tui.screens.checkpoints import CheckpointsScreen

        self._screen.app.push_screen(CheckpointsScreen(self._client, task, self._screen.clock))

    def details(self, task: Task) -> None:
        """Show all about a task."""
        from parhelia_tui.screens.task_details import TaskDetailsScreen

        self._screen.app.push_screen(TaskDetailsScreen(self._client, task, self._screen.clock))

    def log(self, task: Task) -> None:
        """Show what a task printed."""
        from parhelia_tui.screens.log import LogScreen

        self._screen.app.push_screen(LogScreen(self._client, task))

    def attach(self, task: Task) -> None:
        """Hand the whole terminal to a task until it is left; nothing else happens meanwhile."""
        try:
            endpoint = self._client.endpoint(task.id)
            with handed_over(self._screen.app):
                result = self._client.attach(endpoint)
        except ParheliaError as error:
            forget_keys(self._screen.app)
            self._screen.say(in_words(error))
        except SuspendNotSupported:
            self._screen.say("This terminal cannot be handed over. Try: parhelia attach " + task.id)
        else:
            if result.end == "detached":
                self.wish(lambda door: door.checkpoints.on_detach(task))
            if result.end == "server lost":
                self._screen.say("The terminal was lost and is made anew; the work in it goes on.")
            elif result.end == "client lost":
                self._screen.say("The terminal was left because its client ended; the work goes on.")

    def command(self, custom: Sequence[Offer], run: Callable[[str], Awaitable[None]]) -> None:
        """Ask for a command of the command line, or for one of the user's own, and run it.

        Args:
            custom: those of the user's own, with the sign before their names.
            run: runs one of those by its name.
        """
        from parhelia_tui.screens.command_line import CommandLineScreen
        from parhelia_tui.screens.own_command import CUSTOM

        async def answered(text: str | None) -> None:
            if not text:
                return
            self._typed.append(text)
            if text.startswith(CUSTOM):
                await run(text.removeprefix(CUSTOM).strip())
            else:
                self._run(text)

        self._screen.app.push_screen(CommandLineScreen(self._client.paths, self._typed, custom), answered)

    def _run(self, text: str) -> None:
        from parhelia_tui.screens import own_command
        from parhelia_tui.screens.command_output import CommandOutputScreen

        try:
            words = own_command.words_of(text)
        except ValueError:
            self._screen.say(f"A quote is open in: {one_line(text, 200)}")
            return
        if not words:
            self._screen.say("You are in the dashboard already.")
        elif own_command.needs_terminal(words):
            try:
                with handed_over(self._screen.app):
                    own_command.run_on_terminal(self._client.paths, words)
            except SuspendNotSupported:
                self._screen.say("This terminal cannot be handed over. Try it in a shell: parhelia " + text)
        else:
            self._screen.app.push_screen(CommandOutputScreen(self._client.paths, words))

    def wish(
        self,
        act: Callable[[Client], Any],
        then: Callable[[Any], None] | None = None,
        otherwise: Callable[[], None] | None = None,
    ) -> None:
        """Write a wish beside the event loop, as `wishing.wish`."""
        wish(self._screen, self._client, act, then, otherwise)
