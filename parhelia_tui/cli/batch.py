"""`parhelia --batch`: the tasks of a file, without a screen."""

from __future__ import annotations

import json
import signal
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import click

from parhelia_tui.cli.output import Out, length, money, plain_data, state, table
from parhelia_tui.core.model.errors import Exit, ParheliaError
from parhelia_tui.core.model.ids import new_id
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TASK_ENDED, TaskState

LOOK_EVERY_S = 0.05


def run_batch(source: str, *, json_wanted: bool) -> int:
    """Run all tasks of a file to their ends.

    Args:
        source: a path, or - for JSONL from standard input.

    Returns:
        0 only if all completed, 130 when interrupted, else 1.

    Raises:
        ParheliaError: E100 with every fault of every line; then nothing was started.
    """
    out = Out(json_wanted)
    entries = read_entries(source)
    requests, faults = [], []
    for place, fields in entries:
        try:
            request = out.client.request(fields)
            out.client.check(request)
            requests.append(request)
        except ParheliaError as error:
            faults.append(f"{place}: {error.message}")
    if faults:
        raise ParheliaError("E100", "; ".join(faults), details={"faults": faults})
    batch = new_id("b")
    out.client.create_tasks(requests, batch=batch)
    return _Progress(out, batch).follow()


def read_entries(source: str) -> list[tuple[str, dict[str, Any]]]:
    """Read the entries of a batch with the place of each.

    Raises:
        ParheliaError: E100 when the file cannot be read as what it claims to be, or holds nothing.
    """
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ParheliaError("E100", f"{source} cannot be read: {error}") from error
    entries = _toml(source, text) if source.endswith(".toml") else _json_lines(source, text)
    if not entries:
        raise ParheliaError("E100", f"{source} holds no task")
    return entries


def _toml(source: str, text: str) -> list[tuple[str, dict[str, Any]]]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ParheliaError("E100", f"{source}: {error}") from error
    tasks, defaults = data.pop("task", []), data.pop("defaults", {})
    if data or not isinstance(tasks, list) or not isinstance(defaults, dict):
        raise ParheliaError("E100", f"{source}: a batch holds [[task]] tables and at most [defaults]")
    return [(f"{source}, task {number}", {**defaults, **each}) for number, each in enumerate(tasks, 1)]


def _json_lines(source: str, text: str) -> list[tuple[str, dict[str, Any]]]:
    entries, faults = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        place = f"{source}:{number}"
        try:
            fields = json.loads(line)
        except ValueError as error:
            faults.append(f"{place}: {error}")
            continue
        if isinstance(fields, dict):
            entries.append((place, fields))
        else:
            faults.append(f"{place}: a line holds one JSON object")
    if faults:
        raise ParheliaError("E100", "; ".join(faults), details={"faults": faults})
    return entries


class _Progress:
    """Follows a batch, tells each change, and ends what is left when it is interrupted."""

    def __init__(self, out: Out, batch: str) -> None:
        self._out = out
        self._batch = batch
        self._began = time.monotonic()
        self._seen: dict[str, TaskState] = {}
        self._interrupted = False

    def follow(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._interrupt)
        while True:
            found = self._out.client.tasks(batch=self._batch)
            for task in reversed(found):
                if self._seen.get(task.id) is not task.state:
                    self._seen[task.id] = task.state
                    self._tell(task, found)
            if all(task.state in TASK_ENDED for task in found):
                return self._summary(found)
            if self._out.client.controller_status().pid is None:
                self._out.client.wake()
            time.sleep(LOOK_EVERY_S)

    def _interrupt(self, number: int, frame: object) -> None:
        if self._interrupted:
            click.echo("leaving; what has not ended is being cancelled", err=True)
            sys.exit(int(Exit.INTERRUPTED))
        self._interrupted = True
        click.echo("cancelling what has not ended; again to leave at once", err=True)
        for task in self._out.client.tasks(batch=self._batch):
            if task.state not in TASK_ENDED:
                try:
                    self._out.client.cancel_task(task.id, "the batch was interrupted")
                except ParheliaError:
                    # It ended in this moment.
                    continue

    def _tell(self, task: Task, found: list[Task]) -> None:
        done = sum(each.state in TASK_ENDED for each in found)
        if self._out.json_wanted:
            line = {"event": "task", "task": task.id, "title": task.title, "state": task.state, "reason": task.reason,
                    "exit_code": task.exit_code, "done": done, "total": len(found), "at": time.time()}  # fmt: skip
            click.echo(json.dumps(line))
        else:
            why = f"  {task.question or task.reason}" if task.question or task.reason else ""
            click.echo(f"[{done}/{len(found)}] {state(task.state)}  {task.title}{why}")

    def _summary(self, found: list[Task]) -> int:
        completed = sum(task.state is TaskState.COMPLETED for task in found)
        known = [task.cost_usd for task in found if task.cost_usd is not None]
        cost = sum(known) if known else None
        took = time.monotonic() - self._began
        if self._out.json_wanted:
            line = {"event": "summary", "batch": self._batch, "completed": completed, "total": len(found),
                    "cost_usd": cost, "seconds": round(took, 3), "interrupted": self._interrupted,
                    "tasks": plain_data(found)}  # fmt: skip
            click.echo(json.dumps(line))
        else:
            rows = [
                [
                    task.id,
                    task.title,
                    state(task.state),
                    str(task.exit_code if task.exit_code is not None else "-"),
                    task.reason,
                ]
                for task in reversed(found)
            ]
            click.echo("\n" + table(("ID", "TASK", "STATE", "CODE", "WHY"), rows))
            click.echo(f"\n{completed} of {len(found)} completed in {length(took)}, {money(cost)}")
        if self._interrupted:
            return int(Exit.INTERRUPTED)
        return int(Exit.OK if completed == len(found) else Exit.FAILURE)
