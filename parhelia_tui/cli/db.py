"""`parhelia db`: the store's file."""

from __future__ import annotations

import click

from parhelia_tui.cli.feedback import waiting
from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import output_options
from parhelia_tui.cli.output import Out
from parhelia_tui.cli.tables import details, size
from parhelia_tui.core.model.errors import Exit
from parhelia_tui.core.model.text import one_line


@click.group(cls=LazyGroup, order=("status", "check", "backup", "migrate"))
def db() -> None:
    """Look after the store."""


@db.command()
@output_options
def migrate() -> None:
    """Bring the store to the present form; every command does so by itself when needed."""
    out = Out()
    with waiting("bringing the store to the present form"):
        step = out.client.store_version()
    out.answer({"version": step}, f"the store is at step {step}")


@db.command()
@output_options
def status() -> None:
    """Show the store in numbers."""
    out = Out()
    with waiting("counting"):
        found = out.client.store_statistics()
    rows = [(name, str(count)) for name, count in found.rows.items()]
    page = [
        ("file", str(out.client.paths.database)),
        ("step", f"{found.step} of {found.known}"),
        ("size", f"{size(found.bytes)}, {size(found.free_bytes)} of it free, {size(found.log_bytes)} of log"),
        *rows,
    ]
    out.answer(found, lambda: details(page), next_actions=["parhelia db check"])


@db.command()
@output_options
def check() -> int:
    """Check the store's file; exit code 1 when something is wrong with it."""
    out = Out()
    with waiting("reading the whole store"):
        faults = out.client.check_store()
    out.answer(
        {"faults": faults},
        "\n".join(map(one_line, faults)) or "the store is sound",
        next_actions=["parhelia db backup FILE"] if faults else [],
    )
    return int(Exit.FAILURE if faults else Exit.OK)


@db.command()
@click.argument("file", type=click.Path(dir_okay=False))
@output_options
def backup(file: str) -> None:
    """Copy the store to FILE while it is in use."""
    out = Out()
    with waiting("copying the store") as progress:
        out.client.backup_store(file, progress.told)
    out.answer({"file": file}, one_line(file, 4000))
