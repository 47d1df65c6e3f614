"""`parhelia config`: what is configured, and where it comes from."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import completer, output_options
from parhelia_tui.cli.output import Out, confirmed, on_terminal
from parhelia_tui.cli.tables import table
from parhelia_tui.core.model.display import several
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line

if TYPE_CHECKING:
    from parhelia_tui.core.agents.claude.take_back import Change


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
    custom = out.client.custom_commands()
    if custom.faults:
        raise custom.faults[0]
    files += map(str, custom.files)
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
@click.option(
    "--from", "source", metavar="TASK", help="The other way: show what its container changed.",
    shell_complete=completer("task"),
)  # fmt: skip
@click.option(
    "--take", metavar="NAME", multiple=True, help="Of that, write this into your own configuration."
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask before it is written.")
@output_options
def sync(dry_run: bool, workspace: str, source: str | None, take: tuple[str, ...], yes: bool) -> None:
    """Bring your own Claude Code configuration into the containers that run; new ones get it by themselves.

    Secrets and what names programs or paths of this machine stay behind. Nothing flows back by itself: --from TASK shows
    what a container changed, as a diff, and --take writes what you name of it, after a question. Hooks, MCP servers,
    permissions and variables are never taken.
    """
    if source is None and (take or yes):
        raise ParheliaError("E101", "--take and --yes belong to --from TASK")
    if source is not None:
        _take_back(source, () if dry_run else take, yes)
        return
    out = Out()
    found = out.client.carried(Path(workspace).resolve())
    brought = {} if dry_run else out.client.carry_configuration()["containers"]
    data = {"carried": found.carried, "left": found.left, "containers": brought}
    goes = [[each.kind, each.name, each.note] for each in found.carried]
    stays = [[each.name, each.why] for each in found.left]
    page = [table(("GOES ALONG", "NAME", "CHANGED"), goes), table(("STAYS BEHIND", "WHY"), stays)]
    if not dry_run:
        page.append(
            "\n".join(f"{name}: {several(files, 'file')}" for name, files in brought.items())
            or "no container runs"
        )
    out.answer(data, "\n\n".join(page))


def _take_back(source: str, names: tuple[str, ...], yes: bool) -> None:
    """Show what a container changed, and write what is named of it."""
    out = Out()
    found = out.client.changed_inside(out.client.container_at(source))
    known = {each.name: each for each in found}
    missing = next((each for each in names if each not in known), None)
    if missing is not None:
        raise ParheliaError(
            "E101",
            f"nothing that is called {one_line(missing, 80)!r} was changed there",
            details={"known": sorted(known)},
            recovery=(f"parhelia config sync --from {source} --dry-run",),
        )
    if names and not yes and not on_terminal():
        raise ParheliaError("E101", "nobody can be asked here whether it may be written; --yes says so")
    # What is written is what is shown here, whatever the container does meanwhile.
    chosen = [known[each] for each in names] or found
    shown = "\n\n".join(_change(each) for each in chosen) or "it changed nothing of it"
    taken = []
    if names:
        click.echo(shown, err=True)
    for each in chosen if names else ():
        confirmed(f"Write {each.name} into your own configuration?", yes)
        out.client.take_back(each)
        taken.append(each.name)
    listed = [
        {"name": each.name, "diff": each.diff, "why_not": each.why_not, "warning": each.warning}
        for each in found
    ]
    out.answer({"changed": listed, "taken": taken}, "\n".join(f"{each} is taken" for each in taken) or shown)


def _change(change: Change) -> str:
    notes = [f"not taken: {change.why_not}"] if change.why_not else []
    notes += [f"careful: {change.warning}"] if change.warning else []
    return "\n".join((change.name, *(f"  {each}" for each in notes), *(f"  {line}" for line in change.diff)))
