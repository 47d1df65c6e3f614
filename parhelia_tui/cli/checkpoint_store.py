"""`parhelia checkpoint verify` and `gc`: the store that all checkpoints lie in."""

from __future__ import annotations

import click

from parhelia_tui.cli.feedback import waiting
from parhelia_tui.cli.lazy import Command
from parhelia_tui.cli.options import completer, output_options
from parhelia_tui.cli.output import Out
from parhelia_tui.cli.tables import size
from parhelia_tui.core.model.display import several
from parhelia_tui.core.model.errors import Exit
from parhelia_tui.core.model.states import CheckpointState
from parhelia_tui.core.model.text import one_line


@click.command(cls=Command)
@click.argument("names", metavar="[CHECKPOINT]...", nargs=-1, shell_complete=completer("checkpoint"))
@output_options
def verify(names: tuple[str, ...]) -> int:
    """Read all that checkpoints hold and prove that it is whole; exit code 1 when something is damaged."""
    out = Out()
    door = out.client.checkpoints
    chosen = [door.get(each) for each in names] or [
        each for each in door.of() if each.state is CheckpointState.READY
    ]
    with waiting("reading checkpoints") as progress:
        found = door.verify(chosen, progress.stage)
    lines = [
        f"{name or 'the store'}: {one_line(problem.what)} {one_line(problem.path or '', 500)}".rstrip()
        for name, problems in found.items()
        for problem in problems
    ]
    out.answer(
        {"checked": [each.id for each in chosen], "problems": lines},
        "\n".join(lines) or f"{several(len(chosen), 'checkpoint is', 'checkpoints are')} whole",
    )
    return int(Exit.FAILURE if lines else Exit.OK)


@click.command(cls=Command)
@output_options
def gc() -> None:
    """Free the space that no checkpoint needs; this also happens by itself, once an hour."""
    out = Out()
    with waiting("freeing space"):
        done = out.client.checkpoints.collect()
        left = out.client.checkpoints.statistics()
    text = f"{size(int(done['freed_bytes']))} freed; {left.trees} states take {size(left.packed_bytes)}"
    out.answer({**done, "packed_bytes": left.packed_bytes, "unpacked_bytes": left.unpacked_bytes}, text)
