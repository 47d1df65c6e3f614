"""Telling of a time that a task was given and will not have."""

from __future__ import annotations

import click

from parhelia_tui.cli.output import Out
from parhelia_tui.cli.tables import length
from parhelia_tui.core.model.records import Task


def tell_of_early_end(out: Out, made: Task) -> None:
    """Say on standard error that a task is ended before its timeout, where that is so."""
    forced_s = out.client.forced_end_s(made)
    if forced_s is not None:
        click.echo(
            f"{made.id} is ended after {length(forced_s)}: a sandbox at Modal lives no longer, and only an agent that"
            " keeps its talk goes on in another one (parhelia help modal)",
            err=True,
        )
