"""`parhelia task`: create tasks, look at them, end them."""

from __future__ import annotations

import click

from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import choices_option, completer, output_options
from parhelia_tui.cli.output import Out, plain_data
from parhelia_tui.cli.tables import Styled, age, details, event_line, money, size, state, styled, table
from parhelia_tui.core.client.fleet import CANCELS_KEPT
from parhelia_tui.core.model.display import doing, limits_in_words, parts_done, several, worker
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.groups import together
from parhelia_tui.core.model.mounting import in_words
from parhelia_tui.core.model.records import Attempt, Checkpoint, Event, Task
from parhelia_tui.core.model.states import TASK_ALIVE, TASK_SETTLED, TaskState

NEWEST = 50
EVENTS_SHOWN = 20
_WATCH = "parhelia_tui.cli.task_watch"
_ANSWERS = "parhelia_tui.cli.task_answers"
_TRASH = "parhelia_tui.cli.task_trash"


@click.group(
    cls=LazyGroup,
    lazy={
        "create": (
            "parhelia_tui.cli.task_create:create",
            "Create a task, or one for each of several targets.",
        ),
        "results": (
            "parhelia_tui.cli.task_results:results",
            "Show what became of a task and of each of its targets.",
        ),
        "merge": (
            "parhelia_tui.cli.task_merge:merge",
            "Merge what a completed task made into a branch, behind a gate.",
        ),
        "watch": (f"{_WATCH}:watch", "Follow a task to its end; exit code 0 only if it completed."),
        "logs": (f"{_WATCH}:logs", "Print what a task printed, without control sequences."),
        "reply": ("parhelia_tui.cli.reply:reply", "Tell an agent something without going to its terminal."),
        "accept": (f"{_ANSWERS}:accept", "Accept tasks that need a review: they count as completed."),
        "reject": (f"{_ANSWERS}:reject", "Reject tasks that need a review: they count as failed."),
        "trash": (f"{_TRASH}:trash", "Put ended tasks into the trash, where nothing of them is lost."),
        "untrash": (f"{_TRASH}:untrash", "Bring tasks back from the trash."),
    },
    order=(
        "create",
        "list",
        "show",
        "watch",
        "results",
        "merge",
        "cancel",
        "retry",
        "reply",
        "accept",
        "reject",
        "trash",
        "untrash",
        "logs",
    ),
)
def task() -> None:
    """Create tasks, look at them, end them."""


@task.command("list")
@choices_option("state", "states", TaskState)
@click.option(
    "--all", "everything", is_flag=True, help=f"All, not only the newest {NEWEST}, and gates of merges."
)
@click.option("--limit", "-n", type=click.IntRange(1), metavar="N", help="At most so many.")
@click.option("--batch", metavar="ID", help="Only those of a batch.")
@click.option("--workspace", "-w", metavar="DIR", help="Only those of this directory.")
@click.option("--trash", is_flag=True, help="Those that were put into the trash.")
@output_options
def list_(
    states: tuple[str, ...], everything: bool, limit: int | None, batch: str | None, workspace: str | None,
    trash: bool,
) -> None:  # fmt: skip
    """List tasks, newest first."""
    out = Out()
    most = None if everything else limit or NEWEST
    wanted = [TaskState(each) for each in states]
    found = out.client.tasks(
        wanted, batch=batch, workspace=workspace, limit=most, trashed=trash, gates=everything
    )
    out.answer(
        found,
        lambda: _task_table(together(found)),
        next_actions=[] if found else ['parhelia task create "PROMPT"'],
    )


def _task_table(found: list[Task]) -> str:
    # On a machine without an account elsewhere it would say the same on each line.
    elsewhere = any(_where(each) not in ("", "local") for each in found)
    rows = [
        [
            each.id,
            _title(each),
            _state(each),
            *([_where(each)] if elsewhere else []),
            _agent(each),
            money(each.cost_usd),
            age(each.created_at),
        ]
        for each in found
    ]
    columns = ("ID", "TASK", "STATE", *(["WHERE"] if elsewhere else []), "AGENT", "COST", "AGE")
    return table(columns, rows)


def _where(found: Task) -> str:
    """The backend that a task is at or goes to; empty while one is to be chosen, and for a group of several."""
    # Only who reads a page needs it, and it takes a moment.
    from parhelia_tui.core.model.placement import AUTO

    return (
        ""
        if found.is_group or (found.backend == AUTO and not found.placed_on)
        else found.placed_on or found.backend
    )


def _state(found: Task) -> Styled:
    """The state, and that it will soon be another by somebody's wish."""
    if found.wanted != "cancel" or found.finished_at is not None:
        return state(found.state)
    return Styled(f"{state(found.state)}, {styled('is being cancelled', fg='yellow')}")


def _agent(found: Task) -> str:
    """The agent, and what it does where it tells."""
    return " ".join(filter(None, (worker(found), found.agent_state if found.state in TASK_ALIVE else "")))


def _talk(found: Task) -> str:
    if not found.turns:
        return ""
    return (
        f"{several(found.turns, 'turn')}, {found.seen_input_tokens} tokens in, {found.seen_output_tokens} out,"
        " as the agent shows them"
    )


def _title(found: Task) -> str | Styled:
    title = f"{found.title}  {parts_done(found)}" if found.is_group else found.title
    title = f"└ {title}" if found.parent_id else title
    return styled(f"! {title}", fg="red") if found.unsandboxed else title


@task.command()
@click.argument("task_id", metavar="[TASK]", required=False, shell_complete=completer("task"))
@output_options
def show(task_id: str | None) -> None:
    """Show a task with its attempts, its newest checkpoint and newest events.

    Without a name it is the newest of this directory.
    """
    out = Out()
    found = out.client.task(task_id) if task_id else _newest_here(out)
    kept = out.client.checkpoints.newest(found)
    attempts = out.client.attempts(found.id)
    events = out.client.events(task_id=found.id, limit=EVENTS_SHOWN)
    # Without what they printed and changed, which `task results` looks up.
    group = {"group": out.client.results(found)} if found.is_group else {}
    parts = out.client.parts(found.id) if found.is_group else []
    place = out.client.results_in(found)
    out.answer(
        {
            **plain_data(found),
            "results_in": place,
            "attempts": attempts,
            "checkpoint": kept,
            "events": events,
            **group,
        },
        lambda: _task_page(
            found, attempts, events, parts, kept, _place(found, place), out.client.step_of(found)
        ),
        next_actions=[
            f"parhelia task {'results' if found.is_group else 'logs'} {found.id}",
            f"parhelia task watch {found.id}",
            *([f"parhelia resume {found.id}"] if kept and found.state in TASK_SETTLED else []),
        ],
        cost_usd=found.cost_usd,
    )


def _newest_here(out: Out) -> Task:
    found = out.client.tasks(workspace=".", limit=1)
    if not found:
        raise ParheliaError(
            "E201",
            "no task works on this directory",
            recovery=("parhelia task list --all", "parhelia task show TASK"),
        )
    return found[0]


def _kept(found: Task, kept: Checkpoint | None) -> str:
    if kept is None:
        return ""
    way = f"; parhelia resume {found.id} goes on from it" if found.state in TASK_SETTLED else ""
    return f"{kept.id}, {size(kept.bytes)} in {several(kept.files, 'file')}, {age(kept.created_at)} ago{way}"


def _place(found: Task, place: str | None) -> str:
    """Where what a task makes is; from elsewhere it comes there when its container ends or a checkpoint is taken."""
    elsewhere = (found.placed_on or found.backend) != "local" and found.state in TASK_ALIVE
    return f"{place}{', once they come back' if elsewhere else ''}" if place else ""


def _task_page(
    found: Task,
    attempts: list[Attempt],
    events: list[Event],
    parts: list[Task],
    kept: Checkpoint | None,
    place: str,
    step: str,
) -> str:
    page = details(
        [
            (found.id, styled(found.title, bold=True)),
            ("state", _state(found)),
            ("why", found.reason),
            ("being made" if found.state is TaskState.DISPATCHING else "coming home", step),
            ("parts", parts_done(found) if found.is_group else ""),
            ("target", found.target),
            ("group", found.parent_id or ""),
            ("gate of", found.gate_of),
            ("asks", found.question),
            ("does", doing(found)),
            ("ended as", found.agent_outcome),
            ("talk", _talk(found)),
            ("says", found.last_line),
            ("exit code", "" if found.exit_code is None else str(found.exit_code)),
            ("agent", found.agent),
            (
                "runs on",
                f"{found.backend}, {found.placed_on}: {found.placed_why}"
                if found.placed_on
                else found.backend,
            ),
            ("workspace", f"{found.workspace} ({found.workspace_mode})"),
            ("results in", place),
            ("image", found.image),
            *(("shows", in_words(each)) for each in found.mounts),
            ("container", found.container_id or ""),
            ("isolation", styled("NOT ISOLATED", fg="red") if found.unsandboxed else ""),
            ("network", found.network),
            ("limits", limits_in_words(found.limits)),
            ("batch", found.batch or ""),
            ("cost", f"{money(found.cost_usd)}, {found.input_tokens} tokens in, {found.output_tokens} out"),
            ("created", f"{age(found.created_at)} ago"),
            ("kept", _kept(found, kept)),
        ]
    )
    rows = [
        [
            str(each.number),
            each.container_id,
            each.backend,
            state(each.state),
            age(each.started_at),
            each.reason,
        ]
        for each in attempts
    ]
    pieces = [page, table(("ATTEMPT", "CONTAINER", "WHERE", "STATE", "AGE", "WHY"), rows, 5) if rows else ""]
    pieces.append(_task_table(parts) if parts else "")
    pieces.append("\n".join(map(event_line, events)))
    return "\n\n".join(filter(None, pieces))


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
    said = [f"{each.id} is being cancelled" for each in ended]
    if out.client.kept_cancels() & {each.id for each in ended}:
        said.append(CANCELS_KEPT)
    out.answer(ended, "\n".join(said))


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
