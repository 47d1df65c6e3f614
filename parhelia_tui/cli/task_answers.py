"""`parhelia task accept` and `reject`: what a person says of a task that needs a review."""

from __future__ import annotations

import click

from parhelia_tui.cli.lazy import Command
from parhelia_tui.cli.options import completer, output_options
from parhelia_tui.cli.output import Out

_tasks = click.argument(
    "task_ids", metavar="TASK...", nargs=-1, required=True, shell_complete=completer("task")
)
_why = click.option("--reason", metavar="TEXT", default="", help="Why, for the history.")


@click.command(cls=Command)
@_tasks
@_why
@output_options
def accept(task_ids: tuple[str, ...], reason: str) -> None:
    """Accept tasks that need a review: they count as completed."""
    _review(task_ids, reason, accept=True)


@click.command(cls=Command)
@_tasks
@_why
@output_options
def reject(task_ids: tuple[str, ...], reason: str) -> None:
    """Reject tasks that need a review: they count as failed."""
    _review(task_ids, reason, accept=False)


def _review(task_ids: tuple[str, ...], reason: str, *, accept: bool) -> None:
    out = Out()
    # All are found before the first is settled, so that a typo settles nothing.
    found = [out.client.task(each) for each in task_ids]
    done = [out.client.settle_review(each.id, accept=accept, reason=reason) for each in found]
    out.answer(
        done,
        "\n".join(f"{each.id} is {each.state}: {each.reason}" for each in done),
        next_actions=[] if accept else [f"parhelia task retry {each.id}" for each in done],
    )
