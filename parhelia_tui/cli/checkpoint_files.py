"""`parhelia checkpoint files`: what a checkpoint holds, name by name."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import click

from parhelia_tui.cli.checkpoint_argument import argument
from parhelia_tui.cli.lazy import Command
from parhelia_tui.cli.options import output_options
from parhelia_tui.cli.output import Out
from parhelia_tui.cli.tables import age, size, table
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line

if TYPE_CHECKING:
    from parhelia_tui.core.checkpoints.contents import Held

LONGEST_PATH = 4096
"""Characters of a path (PATH_MAX, limits.h)."""

_LETTERS = {"file": stat.S_IFREG, "directory": stat.S_IFDIR, "link": stat.S_IFLNK}


@click.command(cls=Command)
@argument("name", "CHECKPOINT")
@click.argument("path", metavar="[PATH]", required=False, default="")
@click.option("--talk", is_flag=True, help="What its agent kept of the conversation, not the workspace.")
@output_options
def files(name: str, path: str, talk: bool) -> None:
    """List what a checkpoint holds: its workspace, or only what lies below PATH."""
    out = Out()
    chosen = out.client.checkpoints.get(name)
    if talk and not chosen.conversation:
        raise ParheliaError(
            "E202",
            f"checkpoint {chosen.id} holds no talk",
            recovery=(f"parhelia checkpoint show {chosen.id}", f"parhelia checkpoint files {chosen.id}"),
        )
    found = out.client.checkpoints.files(chosen, path, talk=talk)
    out.answer(
        found,
        lambda: _listing(found),
        next_actions=[f"parhelia checkpoint restore {chosen.id} DIRECTORY"],
    )


def _listing(found: list[Held]) -> str:
    return table(("MODE", "SIZE", "AGE", "NAME"), [_row(each) for each in found], 3)


def _row(each: Held) -> list[str]:
    shown = one_line(each.path, LONGEST_PATH) + ("/" if each.kind == "directory" else "")
    if each.target is not None:
        shown += f" -> {one_line(each.target, LONGEST_PATH)}"
    return [
        stat.filemode(_LETTERS[each.kind] | each.mode),
        size(each.size) if each.kind == "file" else "",
        age(each.modified_at),
        shown,
    ]
