"""`parhelia checkpoint protect`, `unprotect`, `tag` and `note`: what a person says of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Unpack

import click

from parhelia_tui.cli.checkpoint_argument import argument
from parhelia_tui.cli.lazy import Command
from parhelia_tui.cli.options import output_options
from parhelia_tui.cli.output import Out


class _Words(TypedDict, total=False):
    note: str
    tags: Sequence[str]
    protected: bool


def _say_of(name: str, how: str, **words: Unpack[_Words]) -> None:
    out = Out()
    found = out.client.checkpoints.get(name)
    done = out.client.checkpoints.describe(found.id, **words)
    out.answer(done, f"{done.id} {how}")


@click.command(cls=Command)
@argument("name", "CHECKPOINT")
@output_options
def protect(name: str) -> None:
    """Keep a checkpoint whatever its age; it cannot be deleted."""
    _say_of(name, "is protected", protected=True)


@click.command(cls=Command)
@argument("name", "CHECKPOINT")
@output_options
def unprotect(name: str) -> None:
    """Let a checkpoint be deleted again."""
    _say_of(name, "is not protected any more", protected=False)


@click.command(cls=Command)
@argument("name", "CHECKPOINT")
@click.argument("tags", metavar="[TAG]...", nargs=-1)
@output_options
def tag(name: str, tags: tuple[str, ...]) -> None:
    """Give a checkpoint these tags and no others; tagged ones are kept, and answer to their tags."""
    _say_of(name, f"is tagged {', '.join(tags)}" if tags else "has no tags", tags=tags)


@click.command(cls=Command)
@argument("name", "CHECKPOINT")
@click.argument("text", metavar="[TEXT]...", nargs=-1)
@output_options
def note(name: str, text: tuple[str, ...]) -> None:
    """Write a note on a checkpoint."""
    _say_of(name, "has this note" if text else "has no note", note=" ".join(text))
