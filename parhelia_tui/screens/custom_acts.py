"""Commands of the user's own: why one can do nothing now, its question, and how it runs."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from shlex import join
from typing import TYPE_CHECKING, Protocol

from textual.app import SuspendNotSupported
from textual.binding import Binding

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.custom_commands import CustomCommand, CustomCommands
from parhelia_tui.core.settings.key_names import keys_of
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.settings.read_only import is_read_only
from parhelia_tui.screens.custom_subject import Subject
from parhelia_tui.screens.handing_over import handed_over
from parhelia_tui.screens.task_acts import Stage
from parhelia_tui.screens.terminal_pane import TerminalPane
from parhelia_tui.screens.wishing import in_words

if TYPE_CHECKING:
    from parhelia_tui.screens.own_command import Offer


class CustomStage(Stage, Protocol):
    """The home screen, which lies below all others and lives as long as the dashboard."""

    def chosen_changed(self) -> None:
        """Show the terminal of the chosen task."""


class CustomActs:
    """Runs what the user has defined, from whichever screen.

    Args:
        screen: what runs belongs to it, so that it goes on when the screen is left from which it was begun.
        paths: the state directory.
        found: the commands, and what is wrong with others.
    """

    def __init__(self, screen: CustomStage, paths: Paths, found: CustomCommands) -> None:
        self._screen = screen
        self._paths = paths
        self._found = found
        self._by_action = {f"custom('{each.name}')": each for each in found.commands}
        self._running: set[tuple[str, ...]] = set()

    @property
    def bindings(self) -> list[Binding]:
        """One for each command; of those without a key the key is empty."""
        return [
            Binding(",".join(keys_of(each.key)) if each.key else "", action, each.name, show=False,
                    key_display=each.key or f":!{each.name}", tooltip=self.about(each))
            for action, each in self._by_action.items()
        ]  # fmt: skip

    @property
    def offers(self) -> list[Offer]:
        """What the line of commands can become of them."""
        from parhelia_tui.screens.own_command import CUSTOM, Offer

        return [Offer(f"{CUSTOM}{each.name}", self.about(each)) for each in self._found.commands]

    @property
    def faults(self) -> list[str]:
        """What is wrong with the definitions that were left out, a line each."""
        return [in_words(each) for each in self._found.faults]

    def possible(self, of: Subject) -> Iterator[tuple[str, CustomCommand]]:
        """Give the actions that can do something now, with their commands."""
        for action, each in self._by_action.items():
            if not self.why_not(action, of):
                yield action, each

    def subject(self, task: Task | None) -> Subject:
        """What there is to be done for a task that a screen is about, or that is chosen there."""
        return Subject(task, self._screen.fleet.containers.get((task and task.container_id) or ""))

    def knows(self, action: str) -> bool:
        """Say whether an action is one of these."""
        return action in self._by_action

    def why_not(self, action: str, of: Subject) -> str:
        """Say why a command can do nothing now for what a screen has; empty where it can."""
        each = self._by_action[action]
        if is_read_only():
            return "the dashboard is read-only"
        if of.closed:
            return of.closed
        if each.scope == "task" and of.task is None and not of.marked:
            return of.none
        tasks = of.tasks(each)
        if each.terminal and len(tasks) > 1:
            return "it takes the terminal, so it is for one task and not for all that are marked"
        if each.scope == "container" and of.container is None:
            return "no container that lives is chosen"
        from parhelia_tui.core.settings.custom_words import places_in

        for task in tasks:
            missing = [name for name in places_in(each.run) if name not in of.values(each, task, self._paths)]
            if missing:
                name = f"task {task.id}" if task is not None and len(tasks) > 1 else f"the {each.scope}"
                return f"{name} has no {missing[0]}"
        try:
            lines = [of.words(each, task, self._paths) for task in tasks]
        except ParheliaError as error:
            return in_words(error)
        return "it runs already" if any(tuple(words) in self._running for words in lines) else ""

    def typed(self, name: str) -> str:
        """Give the action of a command by its name; empty where there is none, which is said."""
        action = f"custom('{name}')"
        if action in self._by_action:
            return action
        known = ", ".join(f"!{each.name}" for each in self._found.commands)
        self._say(f"There is no command !{one_line(name, 40)}. There is {known or 'none'}.")
        return ""

    async def run(self, name: str, of: Subject) -> None:
        """Run a command for what a screen has, or for each marked task, after a question where it asks first."""
        each = self._by_action[f"custom('{name}')"]
        lines = [of.words(each, task, self._paths) for task in of.tasks(each)]
        if not each.confirm:
            await self._run_all(each, lines)
            return
        from parhelia_tui.screens.confirm import ConfirmScreen

        async def answered(yes: bool | None) -> None:
            if yes:
                await self._run_all(each, lines)

        self._screen.app.push_screen(
            ConfirmScreen(
                f"Run {name}{of.named(each)}?",
                f"{one_line(join(lines[0]), 600)}{_and_more(lines)}\nIt runs on this machine, outside of every container.",
                "Run it",
                "Let it be",
            ),
            answered,
        )

    async def _run_all(self, each: CustomCommand, lines: list[list[str]]) -> None:
        if len(lines) == 1:
            await self._run(each, lines[0])
            return
        self._running.update(tuple(words) for words in lines)
        self._say(f"{each.name} runs for {len(lines)} tasks…")
        self._screen.run_worker(
            self._one_by_one(each, lines), thread=False, group="custom", exit_on_error=False
        )

    async def _one_by_one(self, each: CustomCommand, lines: list[list[str]]) -> None:
        """Run it for one task after the other, and say at the end how many went wrong and what the first of them said."""
        wrong: list[str] = []
        try:
            for words in lines:
                said, good = await self._said(each, words)
                if not good:
                    wrong.append(said)
        finally:
            self._running.difference_update(tuple(words) for words in lines)
        ran = f"{each.name} ran for {len(lines)} tasks"
        self._say(f"{ran}, {len(wrong)} went wrong: {wrong[0]}" if wrong else f"{ran}.")

    async def _run(self, each: CustomCommand, words: list[str]) -> None:
        if each.terminal:
            # Nothing is to be read or drawn while the terminal is somebody else's; screens follow again by themselves.
            for screen in tuple(self._screen.app.screen_stack):
                for pane in screen.query(TerminalPane):
                    await pane.let_go()
            self._on_terminal(each, words)
            self._screen.chosen_changed()
            return
        self._running.add(tuple(words))
        self._say(f"{each.name} runs…")
        self._screen.run_worker(
            self._in_background(each, words), thread=False, group="custom", exit_on_error=False
        )

    async def _in_background(self, each: CustomCommand, words: list[str]) -> None:
        try:
            said, _ = await self._said(each, words)
        finally:
            self._running.discard(tuple(words))
        self._say(said)

    async def _said(self, each: CustomCommand, words: list[str]) -> tuple[str, bool]:
        """Run it to its end; give what it said last, and whether it ended well."""
        from parhelia_tui.screens.background import run_in_background
        from parhelia_tui.screens.own_command import environment

        try:
            code, last = await run_in_background(words, environment(self._paths))
        except OSError as error:
            return _cannot(each, words, error), False
        return f"{each.name}{_end(code)}: {one_line(last, 300) or 'it said nothing'}", code == 0

    def _on_terminal(self, each: CustomCommand, words: list[str]) -> None:
        from parhelia_tui.screens.own_command import environment

        trouble = ""
        try:
            with handed_over(self._screen.app):
                # Ctrl+C is for the program; a handler, unlike what is ignored, does not go over to it.
                before = signal.signal(signal.SIGINT, lambda number, frame: None)
                try:
                    code = subprocess.run(words, env=environment(self._paths), check=False).returncode
                    trouble = f"{each.name}{_end(code)}." if code else ""
                except OSError as error:
                    trouble = _cannot(each, words, error)
                finally:
                    signal.signal(signal.SIGINT, before)
        except SuspendNotSupported:
            trouble = f"{each.name} wants the terminal, and this one cannot be handed over."
        self._say(trouble)

    def _say(self, text: str) -> None:
        """Say something at home, and on the screen that lies over it."""
        from parhelia_tui.screens.over_home import OverHome

        self._screen.say(text)
        over = [each for each in self._screen.app.screen_stack if isinstance(each, OverHome)]
        if over:
            over[-1].say(text)

    @staticmethod
    def about(each: CustomCommand) -> str:
        """What a command does, in a line; its words where nobody said it."""
        return one_line(each.about, 120) or one_line(join(each.run), 120)


def _and_more(lines: list[list[str]]) -> str:
    return f"\nand so on, {len(lines)} times, one after the other." if len(lines) > 1 else ""


def _end(code: int) -> str:
    if code < 0:
        return f" was ended by signal {-code}"
    return f" ended with {code}" if code else ""


def _cannot(each: CustomCommand, words: list[str], error: OSError) -> str:
    return (
        f"{each.name} cannot be started: {one_line(words[0], 80)}: {error.strerror}. It is defined in"
        f" {one_line(each.place, 200)}."
    )
