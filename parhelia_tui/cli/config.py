"""`parhelia config`: what is configured, and where it comes from."""

from __future__ import annotations

import difflib
import json
from pathlib import Path

import click

from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import output_options
from parhelia_tui.cli.output import Out
from parhelia_tui.cli.tables import table
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line


@click.group(cls=LazyGroup)
def config() -> None:
    """Show the configuration."""


@config.command()
@click.argument("key", required=False)
@output_options
def show(key: str | None) -> None:
    """Show every key, or those under KEY, with its value and where it comes from."""
    out = Out()
    values = out.client.configuration()
    if key is not None:
        # A part of a name will do: "limits" is all of defaults.limits.
        chosen = {name: each for name, each in values.items() if f".{key}." in f".{name}."}
        if not chosen:
            words = {word for name in values for word in (name, *name.split("."))}
            near = difflib.get_close_matches(key, words, 3)
            hint = f". Did you mean {' or '.join(near)}?" if near else ""
            raise ParheliaError("E101", f"there is no key {key!r}{hint}", recovery=("parhelia config show",))
        values = chosen
    rows = [[name, json.dumps(each["value"]), each["source"]] for name, each in values.items()]
    out.answer(values, lambda: table(("KEY", "VALUE", "FROM"), rows, 2))


@config.command()
@output_options
def path() -> None:
    """Name the files that are looked for, the strongest last."""
    out = Out()
    files = out.client.possible_configuration_files()
    data = [{"path": str(each), "exists": each.exists()} for each in files]
    rows = [[str(each), "read" if each.exists() else "not there"] for each in files]
    out.answer(data, lambda: table(("FILE", "STATE"), rows, 0))


@config.command()
@output_options
def check() -> None:
    """Check the files and variables; exit code 2 when one cannot be used."""
    out = Out()
    files = [str(each) for each in out.client.configuration_files()]
    out.answer({"files": files}, "\n".join(map(one_line, files)) or "no file; everything is built in")


@config.command()
@output_options
def example() -> None:
    """Print a configuration file that has every key with its meaning and its default."""
    out = Out()
    text = out.client.example_configuration()
    out.answer({"text": text}, text.rstrip("\n"))


@config.command()
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@output_options
def init(force: bool) -> None:
    """Write a configuration file to begin with: every key explained, none set."""
    out = Out()
    written = out.client.begin_configuration(force=force)
    out.answer({"path": str(written)}, f"{written} explains every key; take away a # to set one")


@config.command()
@click.option("--dry-run", is_flag=True, help="Only list what goes along and what stays behind.")
@click.option("--workspace", "-w", metavar="DIR", default=".", help="For tasks of this directory.")
@output_options
def sync(dry_run: bool, workspace: str) -> None:
    """Bring your own Claude Code configuration into the containers that run; new ones get it by themselves.

    Secrets and what names programs or paths of this machine stay behind. Nothing flows back.
    """
    out = Out()
    found = out.client.carried(Path(workspace).resolve())
    brought = {} if dry_run else out.client.carry_configuration()["containers"]
    data = {"carried": found.carried, "left": found.left, "containers": brought}
    goes = [[each.kind, each.name, each.note] for each in found.carried]
    stays = [[each.name, each.why] for each in found.left]
    page = [table(("GOES ALONG", "NAME", "CHANGED"), goes), table(("STAYS BEHIND", "WHY"), stays)]
    if not dry_run:
        page.append(
            "\n".join(f"{name}: {files} files" for name, files in brought.items()) or "no container runs"
        )
    out.answer(data, "\n\n".join(page))
