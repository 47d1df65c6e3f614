"""`parhelia --batch`: the tasks of a file, without a screen."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from parhelia_tui.cli.batch_file import laid_over, read_entries, refused
from parhelia_tui.cli.follow import Looking
from parhelia_tui.cli.options import request_fields
from parhelia_tui.cli.output import MANNER, Out, plain_data
from parhelia_tui.cli.tables import length, money, state, table
from parhelia_tui.cli.task_watch import why
from parhelia_tui.core.client.fleet import CANCELS_KEPT
from parhelia_tui.core.model.errors import Exit, ParheliaError
from parhelia_tui.core.model.ids import new_id
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.request import TaskRequest
from parhelia_tui.core.model.states import TASK_SETTLED, TaskState

PLACES = 3
"""Tasks that are named with a fault that many of them have."""
AGAIN_S = 1.0
"""Seconds after which a wish to cancel that a full disk has refused is tried again."""


def run_batch(source: str, form: str | None, given: Mapping[str, Any]) -> int:
    """Run all tasks of a file to their ends.

    Args:
        source: a path, or - for standard input.
        form: jsonl, json or toml, where the file's name does not say it.
        given: values of the options, for every task that says nothing else.

    Returns:
        0 only if all completed, 130 when interrupted, else 1.

    Raises:
        ParheliaError: E100 with every fault of every task; then nothing was started.
    """
    out = Out()
    requests = _checked(out, source, form, given)
    progress = _Progress(out, new_id("b"))
    with progress.interruptible():
        try:
            return progress.follow(requests)
        except BrokenPipeError:
            click.echo(f"nobody reads any more; the tasks go on: {progress.list_command}", err=True)
            raise


def _checked(out: Out, source: str, form: str | None, given: Mapping[str, Any]) -> list[TaskRequest]:
    defaults, flags = request_fields({**given, "slot": None})
    # What was not given must not stand over what a task or the configuration says.
    defaults = {name: value for name, value in defaults.items() if value not in (None, {})}
    entries = read_entries(source, form)
    make = out.client.request_maker(flags=flags)
    requests: list[TaskRequest] = []
    faults: dict[str, list[str]] = {}
    unnamed = False
    for place, fields in entries:
        try:
            request = make(laid_over(defaults, fields))
            out.client.check(request)
            requests.append(request)
        except ParheliaError as error:
            faults.setdefault(error.message, []).append(place)
            unnamed = unnamed or "agent" in error.details
    if faults:
        ways = (f"parhelia --batch {shlex.quote(source)} --agent shell",) if unnamed else ()
        raise refused([f"{_places(places)}: {message}" for message, places in faults.items()], ways)
    return requests


def _places(places: list[str]) -> str:
    """Where the same fault stands: the first places by name."""
    more = len(places) - PLACES
    return ", ".join(places[:PLACES]) + (f" and {more} more" if more > 0 else "")


def _count(tasks: int) -> str:
    return "1 task is" if tasks == 1 else f"{tasks} tasks are"


class _Progress:
    """Creates a batch, tells each change, and ends what is left when it is interrupted."""

    def __init__(self, out: Out, batch: str) -> None:
        self._out = out
        self._client = out.client
        self._batch = batch
        self._began = time.monotonic()
        self._tasks: dict[str, Task] = {}
        self._interrupts = 0
        self._cancelled = False
        self._refused: list[str] = []
        self._again_at = 0.0

    @property
    def list_command(self) -> str:
        """What shows these tasks later."""
        return f"parhelia task list --batch {self._batch}"

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM as wishes to cancel while this lasts."""
        before = {
            number: signal.signal(number, self._interrupt) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _interrupt(self, number: int, frame: object) -> None:
        # Only a note: a handler may run in the middle of a transaction.
        self._interrupts += 1
        if self._cancelled:
            self._leave()

    def _leave(self) -> NoReturn:
        said = "leaving; the cancelling goes on without this command"
        if self._refused:
            said = f"leaving; {_count(len(self._refused))} not cancelled: {self.list_command}"
        os.write(2, f"{said}\n".encode())
        sys.exit(int(Exit.INTERRUPTED))

    def follow(self, requests: list[TaskRequest]) -> int:
        """Create the tasks and tell of them until all have ended; gives the exit code."""
        made = self._client.create_tasks(requests, batch=self._batch)
        found = [[task, *(self._client.parts(task.id) if task.is_group else [])] for task in made]
        self._tasks = {task.id: task for one in found for task in one}
        total = len(self._single())
        self._event({"event": "batch", "batch": self._batch, "total": total, "tasks": list(self._tasks)})
        self._line(f"batch {self._batch}: {total} task{'' if total == 1 else 's'}")
        rev = max(task.rev for task in self._tasks.values())
        looking = Looking(self._client)
        while True:
            if self._interrupts and not self._cancelled:
                self._cancel()
            elif self._refused and time.monotonic() >= self._again_at:
                self._refused = self._refused_of(self._refused)[0]
            rev, changed = self._client.tasks_since(rev)
            for task in changed:
                before = self._tasks.get(task.id)
                if before is not None:
                    self._tasks[task.id] = task
                    if (before.state, before.question) != (task.state, task.question):
                        self._tell(task)
            if all(task.state in TASK_SETTLED for task in self._tasks.values()):
                return self._summary()
            looking.pause()

    def _cancel(self) -> None:
        click.echo("cancelling what has not ended; once more to leave at once", err=True)
        self._refused, why = self._refused_of(list(self._tasks))
        if self._refused:
            click.echo(
                f"{_count(len(self._refused))} not cancelled yet, and this is tried again: {why}", err=True
            )
        elif self._client.kept_cancels() & self._tasks.keys():
            click.echo(CANCELS_KEPT, err=True)
        self._cancelled = True
        if self._interrupts > 1:
            # It came while the wishes were written, which had to be done first.
            self._leave()

    def _refused_of(self, wanted: list[str]) -> tuple[list[str], str]:
        """Wish for the ends of tasks, and give those for which a full disk refuses that, with the last reason."""
        refused, why = [], ""
        for task_id in wanted:
            try:
                self._client.cancel_task(task_id, "the batch was interrupted")
            except ParheliaError as error:
                if error.code == "E507":
                    refused.append(task_id)
                    why = error.message
                # It ended meanwhile, or there is no controller just now: the next one finds the wish.
                elif error.code not in ("E103", "E500"):
                    raise
        self._again_at = time.monotonic() + AGAIN_S
        return refused, why

    def _single(self) -> list[Task]:
        """The tasks that run; a group is as its parts are, and counts and costs nothing beside them."""
        return [task for task in self._tasks.values() if not task.is_group]

    def _done(self) -> int:
        return sum(task.state in TASK_SETTLED for task in self._single())

    def _tell(self, task: Task) -> None:
        self._event(
            {
                "event": "task",
                "task": task.id,
                "title": task.title,
                "state": task.state,
                "reason": task.reason,
                "question": task.question,
                "exit_code": task.exit_code,
                "attempt": task.attempt,
                "cost_usd": task.cost_usd,
                "parent_id": task.parent_id,
                "target": task.target,
                "done": self._done(),
                "total": len(self._single()),
            }
        )
        hint = f"  (parhelia attach {task.id})" if task.state is TaskState.WAITING else ""
        self._line(
            f"[{self._done()}/{len(self._single())}] {state(task.state)}  {task.id}  {task.title}{why(task)}{hint}"
        )

    def _summary(self) -> int:
        everything, ended = list(self._tasks.values()), self._single()
        completed = sum(task.state is TaskState.COMPLETED for task in ended)
        known = [task.cost_usd for task in ended if task.cost_usd is not None]
        cost = sum(known) if known else None
        took = time.monotonic() - self._began
        self._event(
            {
                "event": "summary",
                "batch": self._batch,
                "success": completed == len(ended),
                "completed": completed,
                "total": len(ended),
                "interrupted": bool(self._interrupts),
                "cost_usd": cost,
                "seconds": round(took, 3),
                "tasks": plain_data(everything),
            }
        )
        rows = [
            [task.id, task.title, state(task.state), "-" if task.exit_code is None else str(task.exit_code),
             length((task.finished_at or 0) - (task.started_at or task.finished_at or 0)), task.reason]
            for task in ended
        ]  # fmt: skip
        self._line("\n" + table(("ID", "TASK", "STATE", "CODE", "TOOK", "WHY"), rows))
        self._line(f"\n{completed} of {len(ended)} completed in {length(took)}, cost {money(cost)}")
        if self._interrupts:
            self._line("interrupted; what had not ended was cancelled")
            return int(Exit.INTERRUPTED)
        return int(Exit.OK if completed == len(ended) else Exit.FAILURE)

    def _event(self, event: dict[str, Any]) -> None:
        if MANNER.json:
            click.echo(json.dumps({**event, "at": time.time()}))
            sys.stdout.flush()

    def _line(self, line: str) -> None:
        if not MANNER.json:
            click.echo(line)
