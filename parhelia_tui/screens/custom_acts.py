"""Commands of the user's own on the home screen: why one can do nothing now, its question, and how it runs."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from shlex import join
from typing import TYPE_CHECKING, Protocol

from textual.app import SuspendNotSupported
from textual.binding import Binding

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.custom_commands import CustomCommand, CustomCommands
from parhelia_tui.core.settings.key_names import keys_of
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.settings.read_only import is_read_only
from parhelia_tui.screens.task_acts import Stage
from parhelia_tui.screens.terminal_pane import TerminalPane
from parhelia_tui.screens.wishing import in_words

if TYPE_CHECKING:
    from parhelia_tui.screens.own_command import Offer


class CustomStage(Stage, Protocol):
    """The screen whose rows they are for."""

    terminal: TerminalPane

    @property
    def chosen(self) -> Task | None:
        """The chosen task."""

    @property
    def chosen_container(self) -> Container | None:
        """The container under the cursor, else that of the chosen task, while it lives."""


class CustomActs:
    """Runs what the user has defined.

    Args:
        screen: names the row, and shows what became of it.
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

    def possible(self) -> Iterator[tuple[str, CustomCommand]]:
        """Give the actions that can do something now, with their commands."""
        for action, each in self._by_action.items():
            if not self.why_not(action):
                yield action, each

    def knows(self, action: str) -> bool:
        """Say whether an action is one of these."""
        return action in self._by_action

    def why_not(self, action: str) -> str:
        """Say why a command can do nothing now; empty where it can."""
        each = self._by_action[action]
        if is_read_only():
            return "the dashboard is read-only"
        if each.scope == "task" and self._screen.chosen is None:
            return "no task is chosen"
        if each.scope == "container" and self._screen.chosen_container is None:
            return "no container that lives is chosen"
        from parhelia_tui.core.settings.custom_words import places_in

        missing = [name for name in places_in(each.run) if name not in self._values(each)]
        if missing:
            return f"the {each.scope} has no {missing[0]}"
        try:
            words = self._words(each)
        except ParheliaError as error:
            return in_words(error)
        return "it runs already" if tuple(words) in self._running else ""

    def typed(self, name: str) -> str:
        """Give the action of a command by its name; empty where there is none, which is said."""
        action = f"custom('{name}')"
        if action in self._by_action:
            return action
        known = ", ".join(f"!{each.name}" for each in self._found.commands)
        self._screen.say(f"There is no command !{one_line(name, 40)}. There is {known or 'none'}.")
        return ""

    async def run(self, name: str) -> None:
        """Run a command for what is chosen now, after a question where it asks first."""
        each = self._by_action[f"custom('{name}')"]
        words = self._words(each)
        if not each.confirm:
            await self._run(each, words)
            return
        from parhelia_tui.screens.confirm import ConfirmScreen

        async def answered(yes: bool | None) -> None:
            if yes:
                await self._run(each, words)

        self._screen.app.push_screen(
            ConfirmScreen(
                f"Run {name}{self._of_what(each)}?",
                f"{one_line(join(words), 600)}\nIt runs on this machine, outside of every container.",
                "Run it",
                "Let it be",
            ),
            answered,
        )

    def _of_what(self, each: CustomCommand) -> str:
        task, container = self._screen.chosen, self._screen.chosen_container
        if each.scope == "task" and task is not None:
            return f" for “{one_line(task.title, 120)}”"
        return f" for {container.id}" if each.scope == "container" and container is not None else ""

    async def _run(self, each: CustomCommand, words: list[str]) -> None:
        if each.terminal:
            # Nothing is to be read or drawn while the terminal is somebody else's.
            await self._screen.terminal.let_go()
            self._on_terminal(each, words)
            return
        self._running.add(tuple(words))
        self._screen.say(f"{each.name} runs…")
        self._screen.run_worker(
            self._in_background(each, words), thread=False, group="custom", exit_on_error=False
        )

    async def _in_background(self, each: CustomCommand, words: list[str]) -> None:
        from parhelia_tui.screens.background import run_in_background
        from parhelia_tui.screens.own_command import environment

        try:
            code, last = await run_in_background(words, environment(self._paths))
        except OSError as error:
            self._screen.say(_cannot(each, words, error))
            return
        finally:
            self._running.discard(tuple(words))
        self._screen.say(f"{each.name}{_end(code)}: {one_line(last, 300) or 'it said nothing'}")

    def _on_terminal(self, each: CustomCommand, words: list[str]) -> None:
        from parhelia_tui.screens.own_command import environment

        trouble = ""
        try:
            with self._screen.app.suspend():
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
        self._screen.say(trouble)

    def _words(self, each: CustomCommand) -> list[str]:
        from parhelia_tui.core.settings.custom_words import filled_words

        return filled_words(each.run, self._values(each))

    def _values(self, each: CustomCommand) -> dict[str, str]:
        values = {"home": str(self._paths.home)}
        task, container = self._screen.chosen, self._screen.chosen_container
        if each.scope == "fleet":
            return values
        if task is not None:
            values |= {
                "id": task.id, "task": task.id, "title": one_line(task.title, 1000), "slug": task.slug,
                "state": str(task.state), "agent": task.agent, "backend": task.backend, "workspace": task.workspace,
            }  # fmt: skip
            if task.container_id is not None:
                values["container"] = task.container_id
        if each.scope == "container" and container is not None:
            values |= {
                "id": container.id, "container": container.id, "state": str(container.state),
                "backend": container.backend, "workspace": container.workspace, "task": container.task_id,
            }  # fmt: skip
        return values

    @staticmethod
    def about(each: CustomCommand) -> str:
        """What a command does, in a line; its words where nobody said it."""
        return one_line(each.about, 120) or one_line(join(each.run), 120)


def _end(code: int) -> str:
    if code < 0:
        return f" was ended by signal {-code}"
    return f" ended with {code}" if code else ""


def _cannot(each: CustomCommand, words: list[str], error: OSError) -> str:
    return (
        f"{each.name} cannot be started: {one_line(words[0], 80)}: {error.strerror}. It is defined in"
        f" {one_line(each.place, 200)}."
    )
