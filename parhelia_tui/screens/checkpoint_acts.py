"""What is done with a checkpoint by a key; what cannot be taken back is asked first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.display import age
from parhelia_tui.core.model.records import Checkpoint, Task
from parhelia_tui.core.model.states import TASK_SETTLED
from parhelia_tui.core.model.text import one_line
from parhelia_tui.screens.ask import AskScreen
from parhelia_tui.screens.confirm import ConfirmScreen
from parhelia_tui.screens.wishing import Wisher, wish


class CheckpointActs:
    """Asks and acts.

    Args:
        screen: where the questions and the answers are shown.
        client: names the state directory and who wishes; wishes have clients of their own.
        clock: gives epoch seconds.
    """

    def __init__(self, screen: Wisher, client: Client, clock: Callable[[], float]) -> None:
        self._screen = screen
        self._client = client
        self._clock = clock

    def take(self, task: Task) -> None:
        """Take one now."""
        self._wish(lambda door: door.checkpoints.create(task))

    def roll_back(self, chosen: Checkpoint, differing: int | None, then: Callable[[], None]) -> None:
        """Bring the workspace back, after a question that says what is lost.

        Args:
            differing: how many files differ from it now; None where that is not known.
            then: is called when it is done.
        """

        def rolled_back(done: Any) -> None:
            self._screen.say(
                f"The workspace is as it was at {done['checkpoint_id']}. "
                f"As it was before: {done['safety_id']}."
            )
            then()

        def answered(yes: bool | None) -> None:
            if yes:
                self._screen.say("Rolling back…")
                self._wish(lambda door: door.checkpoints.roll_back(chosen), rolled_back)

        told = f"{differing} files differ from it now. " if differing is not None else ""
        self._screen.app.push_screen(
            ConfirmScreen(
                f"Bring the workspace back to {chosen.id}, {age(chosen.created_at, self._clock())} old?",
                f"{told}What the files are now is kept in a checkpoint first, so this can be undone.",
                "Roll back",
                "Let it be",
            ),
            answered,
        )

    def resume(self, chosen: Checkpoint, task: Task) -> None:
        """Go on with the task from a checkpoint, after a question."""
        if task.state not in TASK_SETTLED:
            self._screen.say(f"The task is {task.state}; only one that has ended goes on from a checkpoint.")
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._wish(
                    lambda door: door.checkpoints.resume(task, chosen),
                    lambda done: self._screen.say(f"{task.id} goes on from {chosen.id}."),
                )

        self._screen.app.push_screen(
            ConfirmScreen(
                f"Go on with “{one_line(task.title, 120)}” from {chosen.id}?",
                "A new container is made; its files become as they were then, and the agent's talk goes on.\n"
                "What the files are now is kept in a checkpoint first.",
                "Resume",
                "Let it be",
            ),
            answered,
        )

    def retry(self, task: Task) -> None:
        """Begin an ended task anew, with the workspace as it is."""
        self._wish(
            lambda door: door.retry_task(task.id), lambda done: self._screen.say(f"{task.id} is tried again.")
        )

    def restore(self, chosen: Checkpoint) -> None:
        """Write the files of a checkpoint into a new directory."""

        def answered(place: str | None) -> None:
            if place is not None:
                target = Path(place).expanduser().absolute()
                self._screen.say("Restoring…")
                self._wish(
                    lambda door: door.checkpoints.restore(chosen, target, lambda stage, done, total: None),
                    lambda done: self._screen.say(f"{done.files} files lie in {one_line(str(target), 300)}."),
                )

        self._screen.app.push_screen(
            AskScreen(
                f"Where shall the files of {chosen.id} go?", "A new directory; nothing is overwritten."
            ),
            answered,
        )

    def fork(self, chosen: Checkpoint, task: Task) -> None:
        """Let a task of its own go on from a checkpoint, after a question: it is work that costs."""

        def answered(yes: bool | None) -> None:
            if yes:
                self._wish(
                    lambda door: door.checkpoints.fork(chosen),
                    lambda made: self._screen.say(f"{made.id} goes on from {chosen.id}."),
                )

        self._screen.app.push_screen(
            ConfirmScreen(
                f"Start a task of its own from {chosen.id}?",
                f"“{one_line(task.title, 120)}” goes on in a new container, with a workspace of its own.\n"
                "The workspace of this task stays as it is.",
                "Start",
                "Let it be",
            ),
            answered,
        )

    def protect(self, chosen: Checkpoint) -> None:
        """Keep a checkpoint whatever its age, or no longer."""
        self._wish(lambda door: door.checkpoints.describe(chosen.id, protected=not chosen.protected))

    def note(self, chosen: Checkpoint) -> None:
        """Write a note on a checkpoint."""

        def answered(text: str | None) -> None:
            if text is not None:
                self._wish(lambda door: door.checkpoints.describe(chosen.id, note=text))

        self._screen.app.push_screen(
            AskScreen(f"A note on {chosen.id}", "What it is good for.", chosen.note), answered
        )

    def delete(self, chosen: Checkpoint) -> None:
        """Delete a checkpoint, after a question."""

        def answered(yes: bool | None) -> None:
            if yes:
                self._wish(lambda door: door.checkpoints.delete(chosen.id))

        self._screen.app.push_screen(
            ConfirmScreen(
                f"Delete {chosen.id}, {age(chosen.created_at, self._clock())} old?",
                "It cannot be brought back. The workspace and the other checkpoints stay as they are.",
                "Delete",
                "Keep it",
            ),
            answered,
        )

    def _wish(self, act: Callable[[Client], Any], then: Callable[[Any], None] | None = None) -> None:
        wish(self._screen, self._client, act, then)
