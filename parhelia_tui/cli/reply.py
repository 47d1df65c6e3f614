"""`parhelia task reply`: telling an agent something without going to its terminal."""

from __future__ import annotations

import click

from parhelia_tui.cli.lazy import Command
from parhelia_tui.cli.options import output_options, standard_input, task_argument
from parhelia_tui.cli.output import Out
from parhelia_tui.core.model.display import proof
from parhelia_tui.core.model.errors import ParheliaError


@click.command(cls=Command)
@task_argument
@click.argument("text", nargs=-1)
@click.option(
    "--wait", "wait_s", type=click.FloatRange(0, 3600), metavar="S", default=15.0, show_default=True,
    help="Seconds to wait for the proof that it arrived.",
)  # fmt: skip
@output_options
def reply(task_id: str, text: tuple[str, ...], wait_s: float) -> None:
    """Type TEXT into the terminal of a task's agent, and say whether it arrived; - reads standard input."""
    out = Out()
    words = standard_input() if text == ("-",) else " ".join(text)
    if not words.strip():
        raise ParheliaError(
            "E102", "there is nothing to say", recovery=(f'parhelia task reply {task_id} "TEXT"',)
        )
    task = out.client.task_of(task_id)
    sent = out.client.replies.send(task.id, words)
    done = out.client.replies.wait(sent.id, wait_s)
    out.answer(
        done,
        f"{done.task_id} was told: {proof(done.evidence)}",
        next_actions=[f"parhelia session capture {done.task_id}"],
    )
