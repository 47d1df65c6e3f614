"""`parhelia task trash` and `untrash`: put ended tasks away, and bring them back."""

from __future__ import annotations

import click

from parhelia_tui.cli.lazy import Command
from parhelia_tui.cli.options import completer, output_options
from parhelia_tui.cli.output import Out

_tasks = click.argument(
    "task_ids", metavar="TASK...", nargs=-1, required=True, shell_complete=completer("task")
)


@click.command(cls=Command)
@_tasks
@output_options
def trash(task_ids: tuple[str, ...]) -> None:
    """Put ended tasks into the trash; nothing of them is lost until they have lain there for long."""
    out = Out()
    done = out.client.trash_tasks([out.client.task(each).id for each in task_ids])
    out.answer(
        done,
        "\n".join(f"{each.id} is in the trash" for each in done),
        next_actions=[f"parhelia task untrash {each.id}" for each in done],
    )


@click.command(cls=Command)
@_tasks
@output_options
def untrash(task_ids: tuple[str, ...]) -> None:
    """Bring tasks back from the trash."""
    out = Out()
    done = out.client.untrash_tasks([out.client.task(each).id for each in task_ids])
    out.answer(done, "\n".join(f"{each.id} is back: {each.state}" for each in done))
