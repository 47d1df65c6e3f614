"""`parhelia task merge`: what a task made, merged into a branch of the user's own repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from parhelia_tui.cli.lazy import Command
from parhelia_tui.cli.options import output_options, task_argument
from parhelia_tui.cli.output import Out, plain_data
from parhelia_tui.cli.tables import details, styled
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.text import one_line

if TYPE_CHECKING:
    from parhelia_tui.core.client.merging import TaskMerge

_SHORT = 10


@click.command(cls=Command)
@task_argument
@click.option(
    "--into", default="", metavar="BRANCH", help="The branch; the one that is checked out if not given."
)
@click.option(
    "--gate",
    metavar="CMD",
    help="What the merged files have to pass; merge.gate of the configuration if not given.",
)
@click.option("--no-gate", is_flag=True, help="Ask nothing of the merged files.")
@output_options
def merge(task_id: str, into: str, gate: str | None, no_gate: bool) -> None:
    """Merge what a completed task made into a branch of your git repository, if it passes the gate.

    Your files, index and HEAD stay as they are: into a branch that is checked out it is merged by you, with the
    command that is told at the end.
    """
    out = Out()
    task = out.client.task(task_id)
    done = out.client.merges.merge(
        task, into, "" if no_gate else gate, lambda said: click.echo(one_line(said, 300), err=True)
    )
    out.answer(
        {**plain_data(done.merged), "gate": done.gate, "gate_task": done.gate_task},
        lambda: _page(task, done),
        next_actions=[done.merged.command]
        if done.merged.command
        else [f"git -C {done.merged.repository} log {done.merged.into}"],
    )


def _page(task: Task, done: TaskMerge) -> str:
    merged = done.merged
    what = {
        "merged": f"{merged.branch} is merged into {merged.into}",
        "ready": f"{merged.branch} fits into {merged.into}, which is checked out",
        "nothing": f"{merged.into} holds {merged.branch} already",
    }[merged.outcome]
    return details(
        [
            (task.id, styled(one_line(task.title, 120), bold=True)),
            ("in", merged.repository),
            ("merge", what),
            ("commit", f"{merged.commit[:_SHORT]}, after {merged.before[:_SHORT]}" if merged.commit else ""),
            ("gate", f"{one_line(done.gate, 120)} passed, as {done.gate_task}" if done.gate_task else ""),
            ("now type", merged.command),
        ]
    )
