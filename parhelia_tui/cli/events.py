"""`parhelia events`: the history."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from parhelia_tui.cli.follow import LOOK_EVERY_S, pause
from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import (
    count_option,
    filter_options,
    optional_container_argument,
    output_options,
    yes_option,
)
from parhelia_tui.cli.output import MANNER, Out, plain_data, selected
from parhelia_tui.cli.tables import event_line, event_lines
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.display import several
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Event
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.model.typed import seconds

PIECE = 5000
"""Events that are read at a time; a history may be larger than the memory."""


@click.group(cls=LazyGroup)
def events() -> None:
    """List, follow and export events."""


def _filters(
    out: Out, types: str | None, level: str, task: str | None, container: str | None
) -> dict[str, Any]:
    return {
        "types": tuple(each.strip() for each in types.split(",") if each.strip()) if types else (),
        "least_level": level,
        "task_id": out.client.task(task).id if task else None,
        "container_id": out.client.container(container).id if container else None,
    }


def _from(since: str | None) -> float | None:
    back = seconds(since)
    return None if back is None else time.time() - back


def _pieces(client: Client, filters: dict[str, Any]) -> Iterator[Event]:
    """Every event that passes, the oldest first, a piece at a time."""
    after = 0
    while True:
        found = client.events(**filters, after_seq=after, limit=PIECE, oldest=True)
        yield from found
        if len(found) < PIECE:
            return
        after = found[-1].seq


@events.command("list")
@filter_options
@click.option("--since", metavar="TIME", help="Only of the last so long, as 15m or 2h.")
@count_option("limit", 50, "The newest so many.")
@output_options
def list_(
    types: str | None, level: str, task: str | None, container: str | None, since: str | None, limit: int
) -> None:
    """List the newest events, oldest of them first."""
    out = Out()
    filters = _filters(out, types, level, task, container)
    found = out.client.events(**filters, limit=limit, from_at=_from(since))
    out.answer(found, lambda: event_lines(found))


@events.command()
@filter_options
@click.option("--quiet", "-q", is_flag=True, help="Only what is wrong: warnings and errors.")
@click.option("--from-start", is_flag=True, help="Begin with the first event.")
@output_options
def watch(
    types: str | None, level: str, task: str | None, container: str | None, quiet: bool, from_start: bool
) -> None:
    """Follow the events until Ctrl+C. With --json one object a line."""
    out = Out()
    filters = _filters(
        out, types, "warning" if quiet and level in ("debug", "info") else level, task, container
    )
    newest = out.client.events(limit=1)
    seq = 0 if from_start or not newest else newest[-1].seq
    while True:
        found = out.client.events(**filters, after_seq=seq, limit=PIECE, oldest=True)
        for event in found:
            seq = event.seq
            out.record(event, event_line(event))
        if len(found) < PIECE:
            pause(LOOK_EVERY_S)


@events.command()
@optional_container_argument
@click.option(
    "--at",
    "at",
    metavar="TIME",
    help="The whole fleet at this moment: 2026-03-05T14:02, seconds since 1970, or so long ago, as 15m.",
)
@click.option(
    "--to", "file", type=click.Path(dir_okay=False), help="With --at: into a new file, .md or .json."
)
@output_options
def replay(container_id: str | None, at: str | None, file: str | None) -> None:
    """Print what happened to a container, in order, or how the whole fleet was at a moment."""
    out = Out()
    if (container_id is None) == (at is None) or (file is not None and at is None):
        raise ParheliaError(
            "E102",
            "a container or --at TIME is needed, and not both; --to goes with --at",
            recovery=("parhelia events replay --at 15m", "parhelia container list"),
        )
    if at is not None:
        _replay_moment(out, at, file)
        return
    assert container_id is not None
    found = out.client.container(container_id)
    for event in _pieces(out.client, {"container_id": found.id}):
        out.record(event, f"{event.at - found.created_at:+9.3f}s  {event_line(event)}")


def _replay_moment(out: Out, at: str, file: str | None) -> None:
    from parhelia_tui.core.client import past_report

    found = out.client.past(past_report.read_moment(at, time.time()))
    if file is not None:
        past_report.write(found, Path(file))
        said = f"the fleet at {past_report.moment(found.fleet.at)} is in {one_line(file, 4000)}"
        out.answer({"file": file, "at": found.fleet.at}, said)
    else:
        out.answer(past_report.data(found), past_report.markdown(found).rstrip("\n"))


@events.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@filter_options
@click.option("--since", metavar="TIME", help="Only of the last so long, as 15m or 2h.")
@click.option(
    "--format", "form", type=click.Choice(["jsonl", "json"]), default="jsonl", show_default=True,
    help="One object a line, or one list.",
)  # fmt: skip
@yes_option
@output_options
def export(
    file: str, types: str | None, level: str, task: str | None, container: str | None, since: str | None,
    form: str, yes: bool,
) -> None:  # fmt: skip
    """Write events to FILE, - for standard output. With --fields only these fields of each."""
    out = Out()
    filters = {**_filters(out, types, level, task, container), "from_at": _from(since)}
    first, between, last = ("[\n", ",\n", "\n]\n") if form == "json" else ("", "\n", "\n")
    # They say what stands in the file, not what is said of it.
    fields, MANNER.fields = MANNER.fields, ()
    count = 0
    with _target(file, yes) as target:
        target.write(first)
        for count, event in enumerate(_pieces(out.client, filters), 1):
            target.write((between if count > 1 else "") + json.dumps(selected(plain_data(event), fields)))
        target.write(last if count or form == "json" else "")
    if file != "-":
        out.answer({"file": file, "events": count}, f"{several(count, 'event')} in {one_line(file, 4000)}")


@contextmanager
def _target(file: str, yes: bool) -> Iterator[IO[str]]:
    """The file that is written: whole or not at all, and never over another one without a word."""
    if file == "-":
        yield sys.stdout
        return
    target = Path(file)
    if os.path.lexists(file) and not yes:
        raise ParheliaError(
            "E101",
            f"{file!r} exists already; nothing was written",
            recovery=("parhelia events export NEW_FILE", "parhelia events export --yes FILE"),
        )
    draft = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with draft.open("x", encoding="utf-8") as open_draft:
            yield open_draft
        draft.replace(target)
    except OSError as error:
        raise ParheliaError(
            "E101", f"{file!r} cannot be written: {error.strerror}", recovery=("df -h", f"ls -ld {file!r}")
        ) from error
    finally:
        draft.unlink(missing_ok=True)
