"""Telling of links among what a container is to show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from parhelia_tui.core.model.mounting import source_of
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.text import one_line

if TYPE_CHECKING:
    from parhelia_tui.core.model.request import TaskRequest


def tell_of_links(request: TaskRequest, made: Task) -> None:
    """Say on standard error which path is really shown where a link was named."""
    for each in made.mounts:
        named = source_of(request.mounts[each.target])[0]
        if Path(named).expanduser() != each.source:
            click.echo(
                f"{one_line(named, 300)} leads to {one_line(str(each.source), 300)}; that is shown at {each.target}",
                err=True,
            )
