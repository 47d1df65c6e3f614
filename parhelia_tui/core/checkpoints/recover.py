"""A rollback that was cut off: finished where all was prepared, undone where it was not."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from parhelia_tui.core.checkpoints.journal import Phase, read_journal, remove_journal
from parhelia_tui.core.checkpoints.repository import reporting
from parhelia_tui.core.checkpoints.steps import apply, clear, finish
from parhelia_tui.core.checkpoints.workspace import open_workspace


class Recovery(StrEnum):
    """What came of it."""

    NOTHING = "nothing"
    """There was nothing to do: no journal, or no workspace any more."""

    UNDONE = "undone"
    """The workspace is as it was before the rollback."""

    FINISHED = "finished"
    """The workspace is as the checkpoint says."""


def recover(live: Path, journal: Path) -> Recovery:
    """Finish or undo a rollback that was cut off. It may itself be cut off and run again.

    Args:
        live: the workspace; nobody works in it.
        journal: the file that was given to the rollback.

    Raises:
        ParheliaError: E600 when the journal cannot be read, or a step cannot be done.
    """
    for unfinished in journal.parent.glob(f"{journal.name}.*.new"):
        unfinished.unlink(missing_ok=True)
    found = read_journal(journal)
    if found is None:
        return Recovery.NOTHING
    if not live.is_dir():
        remove_journal(journal)
        return Recovery.NOTHING
    with reporting("finish the rollback"), open_workspace(live) as opened:
        if found.phase is Phase.APPLYING:
            apply(opened, found)
            finish(opened, journal, found)
        else:
            clear(opened, found)
            remove_journal(journal)
    return Recovery.UNDONE if found.phase is Phase.STAGING else Recovery.FINISHED
