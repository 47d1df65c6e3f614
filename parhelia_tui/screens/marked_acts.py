"""What keys do to several tasks at once: one question that names what is lost and for how many, then all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.display import age, money
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.text import one_line
from parhelia_tui.screens.possible import why_not
from parhelia_tui.screens.task_acts import Stage, TaskActs
from parhelia_tui.screens.wishing import in_words

NAMED = 4
"""Titles that a question names; of the others it says how many there are."""


class MarkedActs:
    """Asks once, and acts on each marked task for which it can be done.

    Args:
        screen: whose keys these are; notices go there.
        acts: writes the wishes.
    """

    def __init__(self, screen: Stage, acts: TaskActs) -> None:
        self._screen = screen
        self._acts = acts

    def cancel(self, marked: Sequence[Task], then: Callable[[], None]) -> None:
        """Cancel them; `then` is called when it was confirmed."""
        tasks = possible("cancel", marked)
        begun = [task for task in tasks if task.started_at]
        lost = [f"The processes of {_number(begun)} are ended"] if begun else []
        if begun:
            oldest = min(task.started_at or 0.0 for task in begun)
            lost.append(f"the longest has run for {age(oldest, self._screen.fleet.at)}")
        cost = sum(task.cost_usd or 0.0 for task in tasks)
        if cost:
            lost.append(f"together they have cost {money(cost)}")
        queued = len(tasks) - len(begun)
        if queued:
            lost.append(f"{queued} {'is' if queued == 1 else 'are'} taken out of the queue")
        self._ask(
            "Cancel", "cancel", marked, f"{'; '.join(lost)}.\nWhat lies in their workspaces stays as it is.",
            lambda door, task: door.cancel_task(task.id), "being cancelled", then, self._acts.can_uncancel,
        )  # fmt: skip

    def retry(self, marked: Sequence[Task], then: Callable[[], None]) -> None:
        """Try them again; `then` is called when it was confirmed."""
        self._ask(
            "Try again", "retry", marked,
            "Each goes to the queue as a new attempt and may spend money again. How they ended so far stays in"
            " their histories.",
            lambda door, task: door.retry_task(task.id), "in the queue again", then,
        )  # fmt: skip

    def checkpoint(self, marked: Sequence[Task], then: Callable[[], None]) -> None:
        """Take a checkpoint of each; `then` is called when it was confirmed."""

        def take(door: Client, task: Task) -> None:
            door.checkpoints.wait(door.checkpoints.create(task).id, lambda said: None)

        self._ask(
            "Take checkpoints of", "checkpoint", marked,
            "Nothing is lost: each stands still for a moment, one after the other.",
            take, "kept in checkpoints", then,
        )  # fmt: skip

    def trash(self, marked: Sequence[Task], then: Callable[[], None]) -> None:
        """Put those that have ended into the trash, which asks nothing because a key takes it back."""
        then()
        self._acts.trash(possible("trash", marked))

    def tell(self, marked: Sequence[Task], then: Callable[[], None]) -> None:
        """Tell them all the same; `then` is called when it was entered."""
        from parhelia_tui.screens.ask import AskScreen

        tasks = possible("tell", marked)

        def answered(text: str | None) -> None:
            if text is not None:
                then()
                self._all(tasks, partial(_tell, text), "told", f"“{one_line(text, 60)}”")

        self._screen.app.push_screen(
            AskScreen(
                f"What shall {_number(tasks)} be told?",
                f"{_names(tasks)}{_left_alone('tell', marked)}\nIt is typed into the terminal of each and entered.",
            ),
            answered,
        )

    def _ask(
        self, verb: str, action: str, marked: Sequence[Task], lost: str,
        act: Callable[[Client, Task], Any], done: str, then: Callable[[], None],
        afterwards: Callable[[Sequence[Task]], None] | None = None,
    ) -> None:  # fmt: skip
        from parhelia_tui.screens.confirm import ConfirmScreen

        tasks = possible(action, marked)

        def answered(yes: bool | None) -> None:
            if yes:
                then()
                self._all(tasks, act, done)
                if afterwards is not None:
                    afterwards(tasks)

        self._screen.app.push_screen(
            ConfirmScreen(
                f"{verb} {_number(tasks)}?",
                f"{_names(tasks)}\n{lost}{_left_alone(action, marked)}",
                f"{verb} {_number(tasks)}",
                "Let them be",
            ),
            answered,
        )

    def _all(
        self, tasks: Sequence[Task], act: Callable[[Client, Task], Any], done: str, about: str = ""
    ) -> None:
        """Do it for each, and say of how many it was done and what went wrong with the first of the others."""

        def each(door: Client) -> list[ParheliaError]:
            errors = []
            for task in tasks:
                try:
                    act(door, task)
                except ParheliaError as error:
                    errors.append(error)
            return errors

        def said(errors: list[ParheliaError]) -> None:
            well = len(tasks) - len(errors)
            line = f"{well} of {len(tasks)} {'is' if well == 1 else 'are'} {done}".rstrip()
            line += f": {about}." if about else "."
            self._screen.say(line + (f" {in_words(errors[0])}" if errors else ""))

        self._acts.wish(each, said)


def possible(action: str, marked: Sequence[Task]) -> list[Task]:
    """The tasks for which an action can be done now."""
    return [task for task in marked if not why_not(action, task)]


def why_none(action: str, marked: Sequence[Task]) -> str:
    """Say why an action can be done for none of several tasks; empty where it can for one at least."""
    if possible(action, marked):
        return ""
    first = why_not(action, marked[0] if marked else None)
    return first if len(marked) == 1 else f"none of {len(marked)} marked tasks: {first}"


def _number(tasks: Sequence[Task]) -> str:
    return f"{len(tasks)} task{'' if len(tasks) == 1 else 's'}"


def _names(tasks: Sequence[Task]) -> str:
    named = ", ".join(f"“{one_line(task.title, 40)}”" for task in tasks[:NAMED])
    more = len(tasks) - NAMED
    return f"{named} and {more} more" if more > 0 else named


def _left_alone(action: str, marked: Sequence[Task]) -> str:
    """Say how many of the marked ones it is not done for, and why the first of them."""
    others = [task for task in marked if why_not(action, task)]
    if not others:
        return ""
    plural = "is" if len(others) == 1 else "are"
    return f"\n{len(others)} marked {plural} left alone: {why_not(action, others[0])}."


def _tell(text: str, door: Client, task: Task) -> None:
    door.replies.wait(door.replies.send(task.id, text).id)
