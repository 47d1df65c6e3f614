"""`parhelia memory`: what sessions of a project leave for the next one."""

from __future__ import annotations

import click

from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import output_options, standard_input, yes_option
from parhelia_tui.cli.output import Out, confirmed, on_terminal
from parhelia_tui.cli.tables import age, table
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line, plain

_where = click.option("--workspace", "-w", metavar="DIR", default=".", help="The project's directory.")


@click.group(cls=LazyGroup, order=("show", "list", "edit", "forget"))
def memory() -> None:
    """See and change what is given to the next session in a project."""


@memory.command()
@_where
@output_options
def show(workspace: str) -> None:
    """Show the memory of a project."""
    out = Out()
    found = out.client.memory(workspace)
    said = plain(found.text).rstrip("\n") if found else "nothing is remembered of this project"
    out.answer(found, said, next_actions=["parhelia memory edit"])


@memory.command("list")
@output_options
def list_() -> None:
    """List the projects of which something is remembered."""
    out = Out()
    found = out.client.memories()
    rows = [[each.project, one_line(each.text, 60), age(each.updated_at)] for each in found]
    out.answer(found, lambda: table(("PROJECT", "BEGINS", "AGE"), rows))


@memory.command()
@_where
@click.option("--text", metavar="TEXT", help="The new text; - reads standard input.")
@output_options
def edit(workspace: str, text: str | None) -> None:
    """Change the memory of a project, in your editor or by --text."""
    out = Out()
    before = out.client.memory(workspace)
    if text is None:
        if not on_terminal():
            raise ParheliaError("E102", "a text is missing", recovery=("parhelia memory edit --text TEXT",))
        text = click.edit(before.text if before else "", extension=".md")
        if text is None:
            out.answer(before, "nothing was changed")
            return
    changed = out.client.remember(workspace, standard_input() if text == "-" else text)
    out.answer(changed, f"the next session in {one_line(changed.project)} is told so")


@memory.command()
@_where
@yes_option
@output_options
def forget(workspace: str, yes: bool) -> None:
    """Forget what is remembered of a project."""
    out = Out()
    found = out.client.memory(workspace)
    if found is not None:
        confirmed(f"Forget what is remembered of {one_line(found.project)}?", yes)
    gone = out.client.forget_memory(workspace)
    out.answer({"forgotten": gone}, "it is forgotten" if gone else "nothing was remembered")
