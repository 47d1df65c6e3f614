"""`parhelia run` and `parhelia shell`: one fresh container for one command."""

from __future__ import annotations

import os
import shlex
import time
from pathlib import Path
from typing import Any

import click

from parhelia_tui.cli.feedback import waiting
from parhelia_tui.cli.follow import begun, output_until_end, term_interrupts
from parhelia_tui.cli.lazy import Command
from parhelia_tui.cli.lifetimes import tell_of_early_end
from parhelia_tui.cli.mounts import tell_of_links
from parhelia_tui.cli.options import as_typed, output_options, request_fields, request_options
from parhelia_tui.cli.output import MANNER, Out, metadata, on_terminal, plain_data
from parhelia_tui.cli.resume import resumable
from parhelia_tui.cli.tables import age
from parhelia_tui.core.client.fleet import CANCELS_KEPT
from parhelia_tui.core.client.waiting import looks
from parhelia_tui.core.model.errors import Exit, ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TASK_SETTLED, ContainerState, TaskState
from parhelia_tui.core.model.text import one_line

SHELLS = ("bash", "zsh", "fish", "dash", "sh")
LATELY_S = 86_400
"""How long ago work ended that a shell in its directory offers to go on with."""
KEPT_CHARACTERS = 1 << 20
"""How much of the output stands in the answer for programs; the end of it."""


@click.command(cls=Command)
@click.argument("command", nargs=-1, required=True)
@request_options
@output_options
def run(command: tuple[str, ...], **given: Any) -> int:
    """Run COMMAND in a fresh container: its output, its exit code. Ctrl+C cancels it; a closed terminal does not.

    One word is a command line for the shell, several are a program and its arguments. A -- stands before
    a program that has options of its own: parhelia run -- ls -l
    """
    out = Out()
    line = command[0] if len(command) == 1 else shlex.join(command)
    fields, flags = request_fields({**given, "prompt": line, "agent": "shell"})
    with as_typed(fields):
        request = out.client.request(fields, flags=flags)
    with term_interrupts():
        made = out.client.create_task(request)
        tell_of_links(request, made)
        tell_of_early_end(out, made)
        kept = printed(out, made)
    ended = out.client.task(made.id)
    code = _exit_code(out, ended)
    place = out.client.results_in(ended)
    if MANNER.json:
        _answer(ended, kept, code, place)
        return code
    if place is not None and _ran_elsewhere(out, ended):
        # Its user looks for it in the directory that was given, which is as it was.
        click.echo(f"what it made is in {one_line(place, 1000)}", err=True)
    if ended.exit_code != code or ended.state is TaskState.CANCELLED:
        click.secho(f"{ended.id}: {one_line(ended.reason, 1000) or ended.state}", fg="red", err=True)
        if code == Exit.BACKEND:
            ways = ("parhelia doctor", f"parhelia task show {ended.id}", f"parhelia task retry {ended.id}")
            click.echo("\n".join(f"  try: {way}" for way in ways), err=True)
    return code


def printed(out: Out, made: Task) -> str:
    """Print what a task prints until it has ended, and give the end of it; cancelled where nobody is there any more."""
    kept = ""
    try:
        for text in output_until_end(out.client, made.id):
            kept = (kept + text)[-KEPT_CHARACTERS:]
            if not MANNER.json:
                click.echo(text, nl=False)
    except (KeyboardInterrupt, OSError):
        # Nobody is there any more who could use what it does: its reader has left, or the disk is full.
        _cancel(out, made)
        raise
    return kept


def _ran_elsewhere(out: Out, ended: Task) -> bool:
    containers = out.client.containers_of(ended.id)
    return bool(containers) and containers[-1].backend != "local" and containers[-1].started_at is not None


def _answer(ended: Task, output: str, code: int, place: str | None) -> None:
    """The envelope of a command that ran, whatever it ended with."""
    import json

    said = {
        "success": code == 0,
        "data": {**plain_data(ended), "results_in": place, "output": output, "exit_code": code},
        "metadata": metadata(ended.cost_usd),
        "next_actions": [f"parhelia task show {ended.id}", f"parhelia task logs {ended.id}"],
    }
    click.echo(json.dumps(said))


def _cancel(out: Out, made: Task) -> None:
    try:
        out.client.cancel_task(made.id, "the command that waited for it was interrupted")
    except ParheliaError as error:
        # With E103 it ended in this moment.
        if error.code != "E103":
            click.echo(f"\n{one_line(error.message, 1000)}", err=True)
        return
    click.echo(f"\n{made.id} is being cancelled", err=True)
    if made.id in out.client.kept_cancels():
        click.echo(CANCELS_KEPT, err=True)


def _exit_code(out: Out, ended: Task) -> int:
    """The command's own exit code, or ours where Parhelia ended it or it never began."""
    if ended.state is TaskState.CANCELLED:
        return int(Exit.INTERRUPTED)
    containers = out.client.containers_of(ended.id)
    if not containers or containers[-1].state in (ContainerState.FAILED, ContainerState.LOST):
        return int(Exit.BACKEND)
    if containers[-1].state is ContainerState.TERMINATED:
        asked = containers[-1].wanted == "terminate"
        return int(Exit.INTERRUPTED if asked else Exit.TIMEOUT)
    return int(Exit.FAILURE) if ended.exit_code is None else ended.exit_code


@click.command(cls=Command)
@request_options
@click.option("--new", is_flag=True, help="Do not offer to go on with what ended here last.")
@output_options
def shell(new: bool, **given: Any) -> int:
    """Open a shell in a fresh container; Ctrl+Q leaves it running, exit ends it.

    Where an agent's work in this directory ended within a day, it is offered to go on with that first. Options
    for the container mean a new one.
    """
    out = Out()
    if not on_terminal():
        raise ParheliaError(
            "E601", "a shell needs a terminal", recovery=('parhelia run "COMMAND"', "parhelia shell --help")
        )
    if not new and not _describes(given):
        last = _wanted_again(out, given["workspace"] or ".")
        if last is not None:
            return _gone_on(out, last)
    fields, flags = request_fields({**given, "prompt": _own_shell(), "agent": "shell", "title": "shell"})
    with as_typed(fields):
        request = out.client.request(fields, flags=flags)
    made = out.client.create_task(request)
    tell_of_links(request, made)
    tell_of_early_end(out, made)
    try:
        with waiting("starting a container") as progress:
            begun(out.client, made.id, progress.called)
    except KeyboardInterrupt:
        _cancel(out, made)
        raise
    return go_to(out, made.id)


def _describes(given: dict[str, Any]) -> bool:
    """Whether more is said of the container than its directory."""
    return any(value not in (None, ()) for name, value in given.items() if name != "workspace")


def _wanted_again(out: Out, workspace: str) -> Task | None:
    """The work that ended last in a directory, where it did so lately and the user wants to go on with it."""
    last = resumable(out, workspace)
    if last is None or time.time() - (last.finished_at or 0) > LATELY_S:
        return None
    ago = age(last.finished_at)
    question = f"“{one_line(last.title, 60)}” ({last.agent}) ended here {ago} ago. Go on with it?"
    return last if click.confirm(question, default=False, err=True) else None


def _gone_on(out: Out, task: Task) -> int:
    """Resume work with its files as they are now, and hand this terminal to it."""
    out.client.checkpoints.resume(task, None, workspace="keep")
    with waiting("starting a container") as progress:
        begun(out.client, task.id, progress.called)
    try:
        return go_to(out, task.id)
    except ParheliaError as error:
        ended = _ended(out, task.id)
        if ended.state not in TASK_SETTLED:
            raise
        # It had so little left to do that nobody could look at it.
        raise ParheliaError(
            error.code,
            f"{task.id} has ended already: {ended.state}, {one_line(ended.reason)}",
            recovery=(f"parhelia task logs {task.id}", f"parhelia resume {task.id}"),
        ) from error


def _own_shell() -> str:
    """The user's own kind of shell where the container has it, else bash."""
    name = Path(os.environ.get("SHELL", "")).name
    wanted = f"command -v {name} >/dev/null && exec {name} -i; " if name in SHELLS else ""
    return f"{wanted}exec bash -i"


def go_to(out: Out, what: str) -> int:
    """Hand this terminal to a session until it is left, and say what became of it; gives an exit code."""
    session = out.client.session(what)
    result = out.client.attach(out.client.endpoint(what))
    about = {"session": session.name, "task_id": session.task_id, "end": str(result.end)}
    if result.end == "detached":
        out.client.checkpoints.on_detach(out.client.task(session.task_id))
        again = f"parhelia attach {session.name}"
        out.answer(about, f"left {session.name}; it goes on. Back to it: {again}", next_actions=[again])
        return int(Exit.OK)
    if result.end == "session ended":
        if session.kind != "main":
            out.answer(about, f"{session.name} has ended")
            return int(Exit.OK)
        ended = _ended(out, session.task_id)
        why = one_line(ended.reason) or "no reason known"
        out.answer(
            {**about, "task": ended},
            f"{session.name} has ended: {ended.state}, {why}",
            next_actions=[f"parhelia task logs {ended.id}"],
        )
        return int(Exit.OK)
    raise ParheliaError(
        "E601",
        f"the terminal of {session.name} was lost: {result.end}",
        details={"said": result.message},
        recovery=(f"parhelia attach {session.name}", f"parhelia task show {session.task_id}"),
    )


def _ended(out: Out, task_id: str, deadline_s: float = 2.0) -> Task:
    """The task as it is recorded a moment after its session ended."""
    found = out.client.task(task_id)
    for _ in looks(deadline_s):
        if found.state in TASK_SETTLED:
            break
        found = out.client.task(task_id)
    return found
