"""A live workspace turned back into what a checkpoint has: only what differs is touched."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from parhelia_tui.core.checkpoints.build import Builder
from parhelia_tui.core.checkpoints.changes import changes, same
from parhelia_tui.core.checkpoints.files import DIRECTORY, descriptor, remove_tree
from parhelia_tui.core.checkpoints.ignore import FILE, FILE_LIMIT, Rules
from parhelia_tui.core.checkpoints.journal import (
    Dress,
    Journal,
    Phase,
    read_journal,
    remove_journal,
    write_journal,
)
from parhelia_tui.core.checkpoints.live import both, look
from parhelia_tui.core.checkpoints.manifest import Entry
from parhelia_tui.core.checkpoints.plan import Planner
from parhelia_tui.core.checkpoints.progress import Progress, Teller, quiet
from parhelia_tui.core.checkpoints.repository import Repository, reporting
from parhelia_tui.core.checkpoints.steps import apply, clear, finish
from parhelia_tui.core.checkpoints.text import stored_bytes
from parhelia_tui.core.checkpoints.workspace import STAGING, open_workspace, workspace_rules
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.ids import random_hex

_FEW = 200
"""So many new files are brought to the disk one by one; more of them together with all that waits."""


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What was done; a directory that came or went whole counts as one.

    Attributes:
        created, replaced, removed: how many paths.
        kept: paths that stayed as they were because no checkpoint may have them.
    """

    created: int
    replaced: int
    removed: int
    kept: tuple[str, ...]


def rollback(
    repository: Repository,
    tree: str,
    live: Path,
    journal: Path,
    *,
    ignore: Sequence[str] = (),
    progress: Progress = quiet,
    processes: int = 1,
) -> RolledBack:
    """Turn a workspace back into what a checkpoint has.

    What the rules for exclusion leave out, now or then, stays as it is. When this is cut off, `recover` makes the
    workspace the old or the new one; when it raises before the first rename, the workspace is the old one.

    Args:
        repository: where the checkpoint is.
        tree: its name.
        live: the workspace. Nobody works in it: its container is stopped or frozen by the caller, who also has made a
            checkpoint of it, since what is replaced is gone.
        journal: a file of ours outside of the workspace; there must be none.
        ignore: as for the capture.
        progress: is told where this is; what it raises ends it before the first rename.
        processes: as for a capture.

    Raises:
        ParheliaError: E204 when the workspace cannot be opened; E600 when the checkpoint is missing or damaged, the
            journal is there, or something cannot be written.
    """
    live = Path(os.path.abspath(live))
    if read_journal(journal) is not None:
        raise ParheliaError(
            "E600",
            "An earlier rollback of this workspace was cut off and has to be finished first.",
            details={"unfinished": True},
        )
    with repository.locked(), reporting("roll back"), open_workspace(live) as opened:
        top = repository.tree(tree).top
        rules = _rules(repository, top, opened, ignore)
        teller = Teller(progress)
        seen = look(repository, live, opened, rules, teller, processes)
        found = changes(partial(both, repository, seen), seen.top, top, whole=True)
        plan = Planner(repository.objects, top, seen.folder, opened, rules).make(found)
        done = RolledBack(plan.created, plan.replaced, plan.removed, tuple(plan.kept))
        if seen.top.content == top.content and same(seen.top, top):
            return done
        staged = Journal(Phase.STAGING, f"{STAGING}{random_hex(16)}", Dress.of("", seen.top))
        ready = staged.ready(plan.steps, list(plan.dresses.values()))
        write_journal(journal, staged)
        try:
            for name in seen.folder.ignored:
                if name.startswith(STAGING):
                    # Of a rollback whose end was cut off after its journal was gone.
                    remove_tree(name, opened)
            _stage(repository, opened, staged, plan.entries, teller)
            write_journal(journal, ready)
        except BaseException:
            # The journal first: while it is there, it may already say that all is prepared.
            remove_journal(journal)
            clear(opened, staged)
            raise
        # From here on there is no way but forward.
        apply(opened, ready)
        finish(opened, journal, ready)
        return done


def _rules(repository: Repository, top: Entry, opened: int, ignore: Sequence[str]) -> Rules:
    """What was left out then has nothing to come back from, and what is left out now is in no safety checkpoint."""
    then = stored_bytes(repository, top, FILE, FILE_LIMIT) or b""
    return workspace_rules(opened, ignore).joined(Rules([*ignore, *os.fsdecode(then).split("\n")]))


def _stage(
    repository: Repository, opened: int, journal: Journal, entries: list[Entry], teller: Teller
) -> None:
    few = len(entries) <= _FEW and not any(each.is_directory for each in entries)
    os.mkdir(journal.staging, 0o700, dir_fd=opened)
    with descriptor(os.open(journal.staging, DIRECTORY, dir_fd=opened)) as staging:
        os.mkdir("old", 0o700, dir_fd=staging)
        os.mkdir("new", 0o700, dir_fd=staging)
        with descriptor(os.open("new", DIRECTORY, dir_fd=staging)) as new:
            Builder(repository.objects, teller, len(entries), durable=few).make_all(new, entries)
            if few:
                os.fsync(new)
                os.fsync(staging)
            elif ctypes.CDLL(None, use_errno=True).syncfs(new) != 0:
                raise OSError(ctypes.get_errno(), "the new files cannot be brought to the disk")
