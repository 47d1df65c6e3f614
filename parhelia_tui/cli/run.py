"""`parhelia run` and `parhelia shell`: one fresh container for one command."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from parhelia_tui.cli.options import request_fields, request_options
from parhelia_tui.cli.output import Out
from parhelia_tui.cli.task import LOOK_EVERY_S, ended_exit, stream
from parhelia_tui.core.model.errors import Exit, ParheliaError
from parhelia_tui.core.model.states import TASK_ENDED, TaskState


@click.command()
@click.argument("command", nargs=-1, required=True)
@request_options
def run(command: tuple[str, ...], profile: str | None, **given: Any) -> None:
    """Run COMMAND in a fresh container: its output, its exit code. Ctrl+C cancels it."""
    out = Out()
    fields = request_fields(given | {"prompt": " ".join(command), "agent": "shell"})
    made = out.client.create_task(out.client.request(fields, flags={"profile": profile}))
    try:
        ended = stream(out, made.id, from_end=False)
    except KeyboardInterrupt:
        out.client.cancel_task(made.id)
        click.echo(f"\n{made.id} is being cancelled", err=True)
        sys.exit(int(Exit.INTERRUPTED))
    if ended.state is TaskState.FAILED and ended.reason and not ended.reason.startswith("exit code"):
        click.secho(ended.reason, fg="red", err=True)
    sys.exit(ended_exit(ended))


@click.command()
@request_options
def shell(profile: str | None, **given: Any) -> None:
    """Open a shell in a fresh container; Ctrl+Q leaves it running, exit ends it."""
    out = Out()
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        raise ParheliaError(
            "E601", "there is no terminal here", recovery=('parhelia run "COMMAND"', "parhelia --help")
        )
    fields = request_fields(given | {"prompt": "exec bash -i", "agent": "shell", "title": "shell"})
    made = out.client.create_task(out.client.request(fields, flags={"profile": profile}))
    while (found := out.client.task(made.id)).state in (TaskState.PENDING, TaskState.DISPATCHING):
        time.sleep(LOOK_EVERY_S)
    if found.state in TASK_ENDED:
        raise ParheliaError("E602", found.reason or "the shell ended at once")
    click.echo(str(out.client.attach(out.client.endpoint(made.id))))
