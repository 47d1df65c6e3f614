"""`parhelia resume` and `parhelia session recover`: going on after an end or a failure."""

from __future__ import annotations

from typing import Any

import click

from parhelia_tui.cli.lazy import Command
from parhelia_tui.cli.options import (
    as_typed,
    backend_option,
    completer,
    otherwise_fields,
    otherwise_options,
    output_options,
    session_argument,
    yes_option,
)
from parhelia_tui.cli.output import Out, confirmed, on_terminal
from parhelia_tui.cli.tables import age, details, event_line, state
from parhelia_tui.core.client.resuming import AS_BEFORE
from parhelia_tui.core.model.display import several
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.otherwise import Otherwise
from parhelia_tui.core.model.records import Checkpoint, Event, Task
from parhelia_tui.core.model.recovery import Way, ways
from parhelia_tui.core.model.states import TASK_SETTLED

EVENTS_SHOWN = 8
ACTIONS = tuple(each.value for each in Way)


@click.command(cls=Command)
@click.argument("what", metavar="[TASK_OR_SESSION]", required=False, shell_complete=completer("task"))
@click.option(
    "--workspace",
    "-w",
    metavar="DIR",
    help="Without a task: its newest one that can go on, of this directory if not given. With one: where its "
    "directory is now; its files stay as they are.",
)
@click.option(
    "--from",
    "name",
    metavar="CHECKPOINT",
    shell_complete=completer("checkpoint"),
    help="The newest if not given.",
)
@click.option("--keep-workspace", is_flag=True, help="Leave the files as they are now; the talk goes on.")
@click.option("--message", "-m", default="", help="What to tell its agent, where it can be told.")
@backend_option
@otherwise_options
@yes_option
@output_options
def resume(
    what: str | None,
    workspace: str | None,
    name: str | None,
    keep_workspace: bool,
    message: str,
    backend: str | None,
    profile: str | None,
    yes: bool,
    **given: Any,
) -> None:
    """Go on with an ended task in a new container: its files as at the checkpoint, its agent's talk goes on."""
    out = Out()
    fields = {"backend": backend, **otherwise_fields(given)}
    with as_typed(fields):
        asked = out.client.checkpoints.otherwise(fields, profile)
    task = out.client.task_of(what) if what else _newest_of(out, workspace or ".")
    chosen = out.client.checkpoints.get(name) if name else None
    if chosen is not None and chosen.task_id != task.id:
        raise ParheliaError(
            "E101",
            f"checkpoint {chosen.id} is of task {chosen.task_id}, not of {task.id}",
            recovery=(f"parhelia checkpoint restore {chosen.id} --container",),
        )
    if what and workspace:
        # What cannot be different is refused before anything is written down.
        out.client.checkpoints.differences(task, asked)
        task = out.client.move_workspace(task.id, workspace)
        keep_workspace = True
    _resume(out, task, chosen, keep_workspace, yes, message, asked)


def resumable(out: Out, workspace: str) -> Task | None:
    """The newest task of a directory that has ended and left a checkpoint."""
    for task in out.client.tasks(sorted(TASK_SETTLED), workspace=workspace):
        if out.client.checkpoints.newest(task) is not None:
            return task
    return None


def _newest_of(out: Out, workspace: str) -> Task:
    found = resumable(out, workspace)
    if found is not None:
        return found
    raise ParheliaError(
        "E201",
        f"no ended task of {workspace!r} has a checkpoint to go on from",
        recovery=("parhelia task list --all", "parhelia checkpoint list"),
    )


def _resume(
    out: Out,
    task: Task,
    chosen: Checkpoint | None,
    keep_workspace: bool,
    yes: bool,
    message: str = "",
    asked: Otherwise = AS_BEFORE,
) -> None:
    # First: what cannot be different is refused here, before anybody is asked about files.
    different = out.client.checkpoints.differences(task, asked)
    target = chosen or out.client.checkpoints.newest(task)
    # What goes on elsewhere does so on a copy; the directory itself stays as it is.
    copied = asked.backend not in (None, "local") and task.workspace_mode == "shared"
    if (
        target is not None
        and not copied
        and not keep_workspace
        and task.state in TASK_SETTLED
        and on_terminal()
        and not yes
    ):
        lost = out.client.checkpoints.diff(target, None, lambda stage, done, total: None)
        count = len(lost.added) + len(lost.changed) + len(lost.deleted)
        if count:
            confirmed(
                f"{several(count, 'file')} of {target.workspace} changed since {target.id}. Bring them back to it? "
                "(As they are is kept in a checkpoint; --keep-workspace leaves them.)",
                yes,
            )
    done = out.client.checkpoints.resume(
        task, chosen, workspace="keep" if keep_workspace else "restore", message=message, otherwise=asked
    )
    # Only now: of what was refused for another reason nothing is different.
    for each in different:
        click.echo(f"otherwise than before: {each}", err=True)
    old = f", {age(target.created_at)} old" if target else ""
    out.answer(
        done,
        f"{done.id} goes on from {done.resume_from}{old}, in a new container",
        next_actions=[f"parhelia attach {done.id}", f"parhelia task watch {done.id}"],
    )


@click.command(cls=Command)
@session_argument
@click.option("--action", type=click.Choice(ACTIONS), help="Do this without a question.")
@yes_option
@output_options
def recover(name: str, action: str | None, yes: bool) -> None:
    """After a failure: what happened, the last good state, and a choice of how to go on."""
    out = Out()
    task = out.client.task_of(name)
    last = out.client.checkpoints.newest(task)
    story = out.client.events(task_id=task.id, least_level="warning", limit=EVENTS_SHOWN)
    if action is None and on_terminal():
        click.echo(_page(task, last, story))
        action = _asked(task, last)
    possible = [str(each) for each in ways(task, last)]
    if action is None:
        out.answer(
            {"task": task, "checkpoint": last, "events": story, "actions": possible},
            lambda: _page(task, last, story),
            next_actions=[f"parhelia session recover {task.id} --action {each}" for each in possible],
        )
    elif action not in possible:
        raise ParheliaError(
            "E103",
            f"task {task.id} is {task.state}, so there is no way to {action}",
            recovery=tuple(f"parhelia session recover {task.id} --action {each}" for each in possible),
        )
    elif action == "resume":
        _resume(out, task, None, False, yes)
    elif action == "retry":
        done = out.client.retry_task(task.id)
        out.answer(done, f"{done.id} is tried again", next_actions=[f"parhelia task watch {done.id}"])
    elif action == "rollback":
        assert last is not None
        confirmed(f"Bring {last.workspace} back to {last.id}?", yes)
        rolled = out.client.checkpoints.roll_back(last)
        out.answer(rolled, f"the workspace is as it was at {last.id}; before: {rolled['safety_id']}")
    else:
        lines = out.client.log_tail(task.id, 50)
        out.answer({"task": task, "events": story, "lines": lines}, "\n".join(lines))


def _asked(task: Task, last: Checkpoint | None) -> str:
    possible = [str(each) for each in ways(task, last)]
    return str(click.prompt("What now", type=click.Choice(possible), default=possible[0], err=True))


def _page(task: Task, last: Checkpoint | None, story: list[Event]) -> str:
    good = (
        f"{last.id}, {age(last.created_at)} old, {several(last.files, 'file')}"
        if last
        else "there is no checkpoint"
    )
    about = details(
        [
            ("task", f"{task.id}  {task.title}"),
            ("state", state(task.state)),
            ("reason", task.reason),
            ("last words", task.last_line),
            ("last good", good),
        ]
    )
    return "\n".join([about, *(event_line(each) for each in story)])
