"""What the key for a branch does: it asks, makes the branch and says what became of it."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from textual.app import App

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Owner, Task
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.screens.confirm import ConfirmScreen
from parhelia_tui.screens.wishing import in_words, to_its_end
from parhelia_tui.widgets.keys_in_turn import forget_keys

if TYPE_CHECKING:
    from parhelia_tui.core.branches.branch import Made

CONSEQUENCE = (
    "It holds what the task changed so far, as one commit on top of the one that it began with."
    " Your files, your index and HEAD stay as they are."
)


class Stage(Protocol):
    """The screen whose key it is."""

    @property
    def app(self) -> App[Any]:
        """The app that it is a part of."""

    def say(self, text: str) -> None:
        """Show a notice for some seconds."""

    def run_worker(self, work: Any, *, group: str) -> Any:
        """Do something beside the event loop."""


async def ask_for_branch(stage: Stage, paths: Paths, owner: Owner, task: Task) -> None:
    """Ask whether the branch of a task is to be made; who says so has it made, and is told what was done."""
    try:
        branch, repository = await asyncio.to_thread(_named, paths, owner, task)
    except ParheliaError as error:
        forget_keys(stage.app)
        stage.say(in_words(error))
        return

    def answered(yes: bool | None) -> None:
        if yes:
            stage.say(f"Making {branch}…")
            stage.run_worker(_make_it(stage, paths, owner, task), group="branch")

    question = f"Make the branch {branch} in {one_line(str(repository), 200)}?"
    stage.app.push_screen(ConfirmScreen(question, CONSEQUENCE, "make it", "leave it"), answered)


async def _make_it(stage: Stage, paths: Paths, owner: Owner, task: Task) -> None:
    try:
        stage.say(in_a_line(await to_its_end(_make, paths, owner, task)))
    except ParheliaError as error:
        stage.say(in_words(error))


def in_a_line(made: Made) -> str:
    """Say what was done."""
    if not made.commit:
        return f"Nothing differs from {made.start[:10]}, with which it began: there is no branch."
    counted = f"{len(made.added)} added, {len(made.changed)} changed, {len(made.deleted)} deleted"
    left_out = f", {len(made.left_out)} left out" if made.left_out else ""
    return f"{one_line(made.branch, 80)} {made.outcome} at {made.commit[:10]}: {counted}{left_out}."


def _named(paths: Paths, owner: Owner, task: Task) -> tuple[str, Path]:
    with closing(Client(paths, owner)) as door:
        return door.branches.named(task)


def _make(paths: Paths, owner: Owner, task: Task) -> Made:
    with closing(Client(paths, owner)) as door:
        return door.branches.make(task)
