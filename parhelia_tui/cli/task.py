"""`parhelia task`: create and follow tasks."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import click

from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import json_option, pairs, request_fields, request_options
from parhelia_tui.cli.output import Out, age, money, state, table
from parhelia_tui.core.model.errors import Exit, ParheliaError
from parhelia_tui.core.model.records import Event, Task
from parhelia_tui.core.model.states import TASK_ENDED, TaskState
from parhelia_tui.core.model.text import one_line, plain

LOOK_EVERY_S = 0.05


@click.group(cls=LazyGroup)
def task() -> None:
    """Create tasks, look at them, end them."""


@task.command()
@click.argument("prompt", nargs=-1)
@click.option(
    "--file", "-f", type=click.Path(exists=True, dir_okay=False), help="Read the prompt from a file."
)
@click.option("--agent", help="Which agent works on it: shell, demo.")
@click.option("--title", help="What to call it.")
@click.option("--backend", help="Where it runs: local.")
@click.option("--priority", type=int, help="Larger goes first.")
@click.option("--option", multiple=True, metavar="K=V", help="An option of the agent; the value may be JSON.")
@click.option("--watch", "follow", is_flag=True, help="Follow it to its end.")
@click.option("--dry-run", is_flag=True, help="Check everything and start nothing.")
@request_options
@json_option
def create(
    prompt: tuple[str, ...], file: str | None, follow: bool, dry_run: bool, option: tuple[str, ...],
    json_wanted: bool, fields: str | None, profile: str | None, **given: Any,
) -> None:  # fmt: skip
    """Create a task. PROMPT is the agent's prompt, or the command line of the agent shell; - reads stdin."""
    out = Out(json_wanted, fields)
    text = " ".join(prompt)
    if file is not None:
        text = Path(file).read_text("utf-8", "replace")
    elif text == "-":
        text = sys.stdin.read()
    wanted = request_fields(given | {"prompt": text, "agent_options": _agent_options(option)})
    request = out.client.request(wanted, flags={"profile": profile})
    if dry_run:
        out.client.check(request)
        out.answer(request.model_dump(), f"fine: {request.shown_title} ({request.agent})")
        return
    made = out.client.create_task(request)
    if follow:
        sys.exit(_follow(out, made, set(), "info", quiet=False))
    out.answer(
        made,
        f"{made.id}  {made.title}",
        next_actions=[f"parhelia task watch {made.id}", f"parhelia attach {made.id}"],
    )


def _agent_options(given: tuple[str, ...]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name, value in pairs(given, "option").items():
        try:
            options[name] = json.loads(value)
        except ValueError:
            options[name] = value
    return options


@task.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice([each.value for each in TaskState]))
@click.option("--all", "everything", is_flag=True, help="All, not only the newest 50.")
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
@click.option("--batch", help="Only those of a batch.")
@json_option
def list_(
    states: tuple[str, ...], everything: bool, limit: int | None, batch: str | None, json_wanted: bool, fields: str | None
) -> None:  # fmt: skip
    """List tasks, newest first."""
    out = Out(json_wanted, fields)
    most = None if everything else limit or 50
    found = out.client.tasks([TaskState(each) for each in states], batch=batch, limit=most)
    if json_wanted:
        out.answer(found, "")
        return
    rows = [
        [each.id, each.title, state(each.state), each.agent, money(each.cost_usd), age(each.created_at)]
        for each in found
    ]
    out.answer(found, table(("ID", "TASK", "STATE", "AGENT", "COST", "AGE"), rows))


@task.command()
@click.argument("task_id")
@json_option
def show(task_id: str, json_wanted: bool, fields: str | None) -> None:
    """Show a task with its attempts and newest events."""
    out = Out(json_wanted, fields)
    found = out.client.task(task_id)
    attempts = out.client.attempts(found.id)
    events = out.client.events(task_id=found.id, limit=20)
    data = {**_data(found), "attempts": attempts, "events": events}
    lines = [
        f"{found.id}  {found.title}",
        f"  state      {state(found.state)}{f'  {found.reason}' if found.reason else ''}",
        f"  agent      {found.agent}",
        f"  workspace  {one_line(found.workspace, 400)} ({found.workspace_mode})",
        f"  container  {found.container_id or '-'}  network {found.network}"
        + ("  NOT ISOLATED" if found.unsandboxed else ""),
        f"  cost       {money(found.cost_usd)}  {found.input_tokens} tokens in, {found.output_tokens} out",
        f"  created    {age(found.created_at)} ago",
    ]
    if found.question:
        lines.append(f"  asks       {found.question}")
    if found.exit_code is not None:
        lines.append(f"  exit code  {found.exit_code}")
    lines += [
        f"  attempt {each.number}  {each.container_id}  {state(each.state)}  {each.reason}"
        for each in attempts
    ]
    lines += ["", *(_event_line(each) for each in events)]
    out.answer(
        data, "\n".join(lines), next_actions=[f"parhelia task logs {found.id}"], cost_usd=found.cost_usd
    )


def _data(found: Task) -> dict[str, Any]:
    from parhelia_tui.cli.output import plain_data

    return dict(plain_data(found))


@task.command()
@click.argument("task_id")
@click.option("--events", "types", help="Only these types, as task.*,container.started.")
@click.option("--level", type=click.Choice(["debug", "info", "warning", "error"]), default="info")
@click.option("--quiet", "-q", is_flag=True, help="Only the end.")
@click.option("--from-start", is_flag=True, help="Begin with the first event.")
@click.option("--json", "json_wanted", is_flag=True, help="One JSON object a line.")
def watch(
    task_id: str, types: str | None, level: str, quiet: bool, from_start: bool, json_wanted: bool
) -> None:
    """Follow a task to its end; the exit code is 0 only if it completed."""
    out = Out(json_wanted)
    found = out.client.task(task_id)
    if not from_start and not quiet:
        _tell(out, found)
    sys.exit(
        _follow(
            out, found, set(types.split(",")) if types else set(), level, quiet=quiet, from_start=from_start
        )
    )


def _follow(
    out: Out, found: Task, types: set[str], level: str, *, quiet: bool, from_start: bool = False
) -> int:
    seq = 0
    if not from_start:
        known = out.client.events(task_id=found.id, limit=1)
        seq = known[-1].seq if known else 0
    while True:
        found = out.client.task(found.id)
        for event in out.client.events(
            task_id=found.id, after_seq=seq, types=tuple(types), least_level=level, limit=1000
        ):
            seq = event.seq
            if not quiet:
                _tell_event(out, event)
        if found.state in TASK_ENDED:
            _tell(out, found)
            return int(Exit.OK if found.state is TaskState.COMPLETED else Exit.FAILURE)
        time.sleep(LOOK_EVERY_S)


def _tell(out: Out, found: Task) -> None:
    if out.json_wanted:
        click.echo(
            json.dumps(
                {"task": found.id, "state": found.state, "reason": found.reason, "exit_code": found.exit_code}
            )
        )
    else:
        click.echo(f"{state(found.state)}  {found.title}{f'  {found.reason}' if found.reason else ''}")


def _tell_event(out: Out, event: Event) -> None:
    from parhelia_tui.cli.output import plain_data

    click.echo(json.dumps(plain_data(event)) if out.json_wanted else _event_line(event))


def _event_line(event: Event) -> str:
    clock = time.strftime("%H:%M:%S", time.localtime(event.at))
    colour = {"warning": "yellow", "error": "red"}.get(event.level)
    return f"{click.style(clock, dim=True)}  {click.style(event.type, fg=colour)}  {event.message}"


@task.command()
@click.argument("task_ids", nargs=-1, required=True)
@json_option
def cancel(task_ids: tuple[str, ...], json_wanted: bool, fields: str | None) -> None:
    """Cancel tasks; their workspaces stay as they are."""
    out = Out(json_wanted, fields)
    ended = [out.client.cancel_task(out.client.task(each).id) for each in task_ids]
    out.answer(ended, "\n".join(f"{each.id} is being cancelled" for each in ended))


@task.command()
@click.argument("task_id")
@json_option
def retry(task_id: str, json_wanted: bool, fields: str | None) -> None:
    """Try an ended task again, in a new container."""
    out = Out(json_wanted, fields)
    again = out.client.retry_task(out.client.task(task_id).id)
    out.answer(again, f"{again.id} is in the queue again", next_actions=[f"parhelia task watch {again.id}"])


@task.command()
@click.argument("task_id")
@click.option("--follow", "-f", is_flag=True, help="Go on until the task has ended.")
@click.option("--lines", "-n", type=click.IntRange(1), default=50, help="How many of the last lines.")
def logs(task_id: str, follow: bool, lines: int) -> None:
    """Print what a task printed, without control sequences."""
    out = Out()
    found = out.client.task(task_id)
    for line in out.client.log_tail(found.id, lines):
        click.echo(line)
    if follow and found.state not in TASK_ENDED:
        stream(out, found.id, from_end=True)


def stream(out: Out, task_id: str, *, from_end: bool) -> Task:
    """Print what a task prints until it has ended, made safe to show; gives the ended task."""
    offset = -1 if from_end else 0
    while True:
        found = out.client.task(task_id)
        path = out.client.log_path(found)
        if path is not None and path.exists():
            with path.open("rb") as log:
                size = log.seek(0, 2)
                # A smaller log is a new one: the old one was full.
                offset = size if offset < 0 else 0 if offset > size else offset
                log.seek(offset)
                data = log.read()
                offset += len(data)
                if data:
                    click.echo(plain(data.decode("utf-8", "replace").replace("\r\n", "\n")), nl=False)
        if found.state in TASK_ENDED:
            return found
        time.sleep(LOOK_EVERY_S)


def ended_exit(found: Task) -> int:
    """The exit code of a command that ran a task: the task's own where it has one."""
    if found.exit_code is not None:
        return found.exit_code
    if found.state is TaskState.CANCELLED:
        return int(Exit.INTERRUPTED)
    raise ParheliaError("E602", found.reason or "it did not run")
