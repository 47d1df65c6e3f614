"""`parhelia checkpoint diff` and `env-diff`: what differs between two moments of a task's work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from parhelia_tui.cli.checkpoint_argument import argument
from parhelia_tui.cli.feedback import waiting
from parhelia_tui.cli.lazy import Command
from parhelia_tui.cli.options import output_options
from parhelia_tui.cli.output import Out
from parhelia_tui.cli.tables import styled, table
from parhelia_tui.core.model.records import Checkpoint
from parhelia_tui.core.model.text import one_line, plain

if TYPE_CHECKING:
    from parhelia_tui.core.checkpoints.diff import Diff, Difference

NOW = "now"


@click.command(cls=Command)
@argument("before", "BEFORE")
@argument("after", "[AFTER]", required=False)
@click.option("--file", "path", metavar="PATH", help="Show what changed in this file, line by line.")
@output_options
def diff(before: str, after: str | None, path: str | None) -> None:
    """Compare a checkpoint with another one, or with the workspace as it is now."""
    out = Out()
    first = out.client.checkpoints.get(before)
    second = None if after in (None, NOW) else out.client.checkpoints.get(after or "")
    if path is not None:
        _file_diff(out, first, second, path)
        return
    with waiting("comparing") as progress:
        found = out.client.checkpoints.diff(first, second, progress.stage)
    out.answer(_plain_diff(found), lambda: _diff_text(found))


def _file_diff(out: Out, first: Checkpoint, second: Checkpoint | None, path: str) -> None:
    found = out.client.checkpoints.text_diff(first, second, path)
    said = found.text or ""
    if found.binary:
        said = "it is not text"
    elif found.too_big:
        said = "it is too big to be compared line by line"
    out.answer(
        found, lambda: "\n".join(_coloured(line) for line in plain(said).splitlines()) or "no difference"
    )


def _coloured(line: str) -> str:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    return click.style(line, fg=colours.get(line[:1]))


def _plain_diff(found: Diff) -> dict[str, list[dict[str, object]]]:
    def plain_one(each: Difference) -> dict[str, object]:
        sides = [side for side in (each.after, each.before) if side is not None]
        return {
            "path": one_line(each.path, 4000),
            "kind": sides[0].kind,
            "before_bytes": each.before.size if each.before else None,
            "after_bytes": each.after.size if each.after else None,
        }

    return {
        name: [plain_one(each) for each in getattr(found, name)] for name in ("added", "changed", "deleted")
    }


def _diff_text(found: Diff) -> str:
    lines = []
    for sign, colour, differences in (
        ("A", "green", found.added),
        ("M", "yellow", found.changed),
        ("D", "red", found.deleted),
    ):
        for each in differences:
            before, after = (side.size if side else 0 for side in (each.before, each.after))
            grown = f"{after - before:+,} bytes" if after != before else ""
            lines.append(f"{styled(sign, fg=colour)} {one_line(each.path, 4000)}  {grown}".rstrip())
    return "\n".join(lines) or "no difference"


@click.command("env-diff", cls=Command)
@argument("before", "BEFORE")
@argument("after", "AFTER")
@output_options
def env_diff(before: str, after: str) -> None:
    """Compare the versions and the agent of two checkpoints."""
    out = Out()
    first, second = (out.client.checkpoints.get(each).environment for each in (before, after))
    found = {
        name: {"before": first.get(name), "after": second.get(name)}
        for name in sorted({*first, *second})
        if first.get(name) != second.get(name)
    }
    rows = [[name, str(each["before"] or "–"), str(each["after"] or "–")] for name, each in found.items()]
    out.answer(found, lambda: table(("NAME", "BEFORE", "AFTER"), rows) if rows else "no difference")
