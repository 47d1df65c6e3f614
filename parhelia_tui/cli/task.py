"""`parhelia task`: create tasks, look at them, end them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import (
    agent_option,
    choices_option,
    output_options,
    pairs,
    request_fields,
    request_options,
    standard_input,
    task_argument,
)
from parhelia_tui.cli.output import Out, plain_data
from parhelia_tui.cli.tables import Styled, age, details, event_line, money, state, styled, table
from parhelia_tui.core.model.display import doing
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Attempt, Event, Task
from parhelia_tui.core.model.states import TASK_ALIVE, TaskState

NEWEST = 50
EVENTS_SHOWN = 20
_WATCH = "parhelia_tui.cli.task_watch"
_ANSWERS = "parhelia_tui.cli.task_answers"


@click.group(
    cls=LazyGroup,
    lazy={
        "watch": (f"{_WATCH}:watch", "Follow a task to its end; exit code 0 only if it completed."),
        "logs": (f"{_WATCH}:logs", "Print what a task printed, without control sequences."),
        "reply": ("parhelia_tui.cli.reply:reply", "Tell an agent something without going to its terminal."),
        "accept": (f"{_ANSWERS}:accept", "Accept tasks that need a review: they count as completed."),
        "reject": (f"{_ANSWERS}:reject", "Reject tasks that need a review: they count as failed."),
    },
    order=("create", "list", "show", "watch", "cancel", "retry", "reply", "accept", "reject", "logs"),
)
def task() -> None:
    """Create tasks, look at them, end them."""


@task.command()
@click.argument("prompt", nargs=-1)
@click.option("--file", "-f", metavar="FILE", help="Read the prompt from a file.")
@agent_option
@click.option("--title", help="What to call it.")
@click.option("--option", multiple=True, metavar="K=V", help="An option of the agent; the value may be JSON.")
@click.option(
    "--headless", is_flag=True, help="Without a terminal of its own; it ends when its work is done."
)
@click.option("--watch", "follow", is_flag=True, help="Follow it to its end.")
@click.option("--dry-run", is_flag=True, help="Check everything and start nothing.")
@request_options
@output_options
def create(
    prompt: tuple[str, ...], file: str | None, follow: bool, dry_run: bool, option: tuple[str, ...],
    headless: bool, **given: Any,
) -> int | None:  # fmt: skip
    """Create a task. PROMPT is the agent's prompt, or the command line of the agent shell; - reads stdin."""
    out = Out()
    options = _agent_options(option) | ({"headless": True} if headless else {})
    fields, flags = request_fields({**given, "prompt": _prompt(prompt, file), "agent_options": options})
    request = out.client.request(fields, flags=flags)
    if dry_run:
        out.client.check(request)
        out.answer(
            request.model_dump(), f"fine: {request.shown_title} ({request.agent}); nothing was started"
        )
        return None
    made = out.client.create_task(request)
    if made.network != "none":
        _warn_of_budgets(out)
    if follow:
        from parhelia_tui.cli.task_watch import Following

        out.record(made, f"{made.id}  {made.title}")
        return Following(out, made.id).until_end()
    out.answer(
        made,
        f"{made.id}  {made.title}",
        next_actions=[f"parhelia task watch {made.id}", f"parhelia attach {made.id}"],
    )
    return None


def _warn_of_budgets(out: Out) -> None:
    from parhelia_tui.core.client.budgets import in_words

    for each in out.client.budgets.nearly_spent():
        click.echo(f"E301: the budget is nearly spent: {in_words(each)}", err=True)


def _prompt(words: tuple[str, ...], file: str | None) -> str:
    if file is not None and words:
        raise ParheliaError("E101", "a prompt and a file are given; one of them is enough")
    if file is not None:
        try:
            return Path(file).read_bytes().decode()
        except OSError as error:
            raise ParheliaError("E101", f"{file!r} cannot be read: {error.strerror}") from error
        except (UnicodeDecodeError, ValueError) as error:
            raise ParheliaError("E100", f"{file!r} is not UTF-8 text: {error}") from error
    if not words:
        raise ParheliaError(
            "E102",
            "a prompt is missing",
            recovery=('parhelia task create "PROMPT"', "parhelia task create --file FILE", "parhelia examples task"),
        )  # fmt: skip
    return standard_input() if words == ("-",) else " ".join(words)


def _agent_options(given: tuple[str, ...]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name, value in pairs(given, "option of an agent").items():
        try:
            options[name] = json.loads(value)
        except ValueError:
            # A word without quotes is a text.
            options[name] = value
    return options


@task.command("list")
@choices_option("state", "states", TaskState)
@click.option("--all", "everything", is_flag=True, help=f"All, not only the newest {NEWEST}.")
@click.option("--limit", "-n", type=click.IntRange(1), metavar="N", help="At most so many.")
@click.option("--batch", metavar="ID", help="Only those of a batch.")
@click.option("--workspace", "-w", metavar="DIR", help="Only those of this directory.")
@output_options
def list_(
    states: tuple[str, ...], everything: bool, limit: int | None, batch: str | None, workspace: str | None
) -> None:
    """List tasks, newest first."""
    out = Out()
    most = None if everything else limit or NEWEST
    wanted = [TaskState(each) for each in states]
    found = out.client.tasks(wanted, batch=batch, workspace=workspace, limit=most)
    out.answer(
        found, lambda: _task_table(found), next_actions=[] if found else ['parhelia task create "PROMPT"']
    )


def _task_table(found: list[Task]) -> str:
    rows = [
        [each.id, _title(each), state(each.state), _agent(each), money(each.cost_usd), age(each.created_at)]
        for each in found
    ]
    return table(("ID", "TASK", "STATE", "AGENT", "COST", "AGE"), rows)


def _agent(found: Task) -> str:
    """The agent, and what it does where it tells."""
    return " ".join(filter(None, (found.agent, found.agent_state if found.state in TASK_ALIVE else "")))


def _talk(found: Task) -> str:
    if not found.turns:
        return ""
    return (
        f"{found.turns} turns, {found.seen_input_tokens} tokens in, {found.seen_output_tokens} out,"
        " as the agent shows them"
    )


def _title(found: Task) -> str | Styled:
    return styled(f"! {found.title}", fg="red") if found.unsandboxed else found.title


@task.command()
@task_argument
@output_options
def show(task_id: str) -> None:
    """Show a task with its attempts and newest events."""
    out = Out()
    found = out.client.task(task_id)
    attempts = out.client.attempts(found.id)
    events = out.client.events(task_id=found.id, limit=EVENTS_SHOWN)
    out.answer(
        {**plain_data(found), "attempts": attempts, "events": events},
        lambda: _task_page(found, attempts, events),
        next_actions=[f"parhelia task logs {found.id}", f"parhelia task watch {found.id}"],
        cost_usd=found.cost_usd,
    )


def _task_page(found: Task, attempts: list[Attempt], events: list[Event]) -> str:
    limits = ", ".join(
        f"{name} {value:g}" if isinstance(value, float | int) else f"{name} {value}"
        for name, value in plain_data(found.limits).items()
        if value is not None
    )
    page = details(
        [
            (found.id, styled(found.title, bold=True)),
            ("state", state(found.state)),
            ("why", found.reason),
            ("asks", found.question),
            ("does", doing(found)),
            ("ended as", found.agent_outcome),
            ("talk", _talk(found)),
            ("says", found.last_line),
            ("exit code", "" if found.exit_code is None else str(found.exit_code)),
            ("agent", found.agent),
            ("workspace", f"{found.workspace} ({found.workspace_mode})"),
            ("container", found.container_id or ""),
            ("isolation", styled("NOT ISOLATED", fg="red") if found.unsandboxed else ""),
            ("network", found.network),
            ("limits", limits),
            ("batch", found.batch or ""),
            ("cost", f"{money(found.cost_usd)}, {found.input_tokens} tokens in, {found.output_tokens} out"),
            ("created", f"{age(found.created_at)} ago"),
        ]
    )
    rows = [
        [str(each.number), each.container_id, state(each.state), age(each.started_at), each.reason]
        for each in attempts
    ]
    parts = [page, table(("ATTEMPT", "CONTAINER", "STATE", "AGE", "WHY"), rows, 4) if rows else ""]
    parts.append("\n".join(map(event_line, events)))
    return "\n\n".join(part for part in parts if part)


@task.command()
@click.argument("task_ids", metavar="TASK...", nargs=-1, required=True)
@click.option("--reason", default="cancelled by the user", help="Why, for the history.")
@output_options
def cancel(task_ids: tuple[str, ...], reason: str) -> None:
    """Cancel tasks; their workspaces stay as they are."""
    out = Out()
    # All are found before the first is ended, so that a typo ends nothing.
    found = [out.client.task(each) for each in task_ids]
    ended = [out.client.cancel_task(each.id, reason) for each in found]
    out.answer(ended, "\n".join(f"{each.id} is being cancelled" for each in ended))


@task.command()
@click.argument("task_ids", metavar="TASK...", nargs=-1, required=True)
@output_options
def retry(task_ids: tuple[str, ...]) -> None:
    """Try ended tasks again, each in a new container."""
    out = Out()
    found = [out.client.task(each) for each in task_ids]
    again = [out.client.retry_task(each.id) for each in found]
    out.answer(
        again,
        "\n".join(f"{each.id} is in the queue again" for each in again),
        next_actions=[f"parhelia task watch {each.id}" for each in again],
    )
