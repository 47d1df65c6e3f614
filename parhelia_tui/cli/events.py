"""`parhelia events`: the history."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import json_option, seconds
from parhelia_tui.cli.output import Out, plain_data
from parhelia_tui.cli.task import LOOK_EVERY_S, _event_line


@click.group(cls=LazyGroup)
def events() -> None:
    """List, follow and export events."""


def _filters(types: str | None, level: str, task: str | None, container: str | None) -> dict[str, object]:
    return {
        "types": tuple(types.split(",")) if types else (),
        "least_level": level,
        "task_id": task,
        "container_id": container,
    }


_TYPE = click.option("--type", "types", help="Only these, as task.*,container.started.")
_LEVEL = click.option("--level", type=click.Choice(["debug", "info", "warning", "error"]), default="debug")
_TASK = click.option("--task", help="Only of this task.")
_CONTAINER = click.option("--container", help="Only of this container.")


@events.command("list")
@_TYPE
@_LEVEL
@_TASK
@_CONTAINER
@click.option("--since", metavar="TIME", help="Only of the last so long, as 15m or 2h.")
@click.option("--limit", type=click.IntRange(1), default=50)
@json_option
def list_(
    types: str | None, level: str, task: str | None, container: str | None, since: str | None, limit: int,
    json_wanted: bool, fields: str | None,
) -> None:  # fmt: skip
    """List the newest events, oldest of them first."""
    out = Out(json_wanted, fields)
    task = out.client.task(task).id if task else None
    container = out.client.container(container).id if container else None
    back = seconds(since)
    found = out.client.events(
        **_filters(types, level, task, container),
        limit=limit,
        from_at=None if back is None else time.time() - back,
    )
    out.answer(found, "\n".join(map(_event_line, found)))


@events.command()
@_TYPE
@_LEVEL
@_TASK
@_CONTAINER
@click.option("--from-start", is_flag=True, help="Begin with the first event.")
@click.option("--json", "json_wanted", is_flag=True, help="One JSON object a line.")
def watch(
    types: str | None,
    level: str,
    task: str | None,
    container: str | None,
    from_start: bool,
    json_wanted: bool,
) -> None:
    """Follow the events until Ctrl+C."""
    out = Out(json_wanted)
    filters = _filters(types, level, task, container)
    newest = out.client.events(limit=1)
    seq = 0 if from_start or not newest else newest[-1].seq
    while True:
        for event in out.client.events(**filters, after_seq=seq, limit=10_000):
            seq = event.seq
            click.echo(json.dumps(plain_data(event)) if json_wanted else _event_line(event))
        time.sleep(LOOK_EVERY_S)


@events.command()
@click.argument("file", type=click.Path(dir_okay=False, writable=True, allow_dash=True))
@_TYPE
@_LEVEL
@_TASK
@_CONTAINER
def export(file: str, types: str | None, level: str, task: str | None, container: str | None) -> None:
    """Write events to FILE (- for stdout), one JSON object a line."""
    out = Out()
    found = out.client.events(**_filters(types, level, task, container), limit=1_000_000_000)
    text = "".join(json.dumps(plain_data(event)) + "\n" for event in found)
    if file == "-":
        click.echo(text, nl=False)
    else:
        Path(file).write_text(text)
        click.echo(f"{len(found)} events", err=True)
