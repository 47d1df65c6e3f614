"""`parhelia db`: the store's file."""

from __future__ import annotations

import click

from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import json_option
from parhelia_tui.cli.output import Out


@click.group(cls=LazyGroup)
def db() -> None:
    """Look after the store."""


@db.command()
@json_option
def migrate(json_wanted: bool, fields: str | None) -> None:
    """Bring the store to the present form; every command does so by itself when needed."""
    out = Out(json_wanted, fields)
    step = out.client.store_version()
    out.answer({"version": step}, f"the store is at step {step}")


@db.command()
@json_option
def check(json_wanted: bool, fields: str | None) -> None:
    """Check the store's file; exit code 1 when something is wrong with it."""
    out = Out(json_wanted, fields)
    faults = out.client.check_store()
    out.answer({"faults": faults}, "\n".join(faults) or "the store is sound")
    if faults:
        raise click.exceptions.Exit(1)


@db.command()
@click.argument("file", type=click.Path(dir_okay=False))
def backup(file: str) -> None:
    """Copy the store to FILE while it is in use."""
    Out().client.backup_store(file)
    click.echo(file)
