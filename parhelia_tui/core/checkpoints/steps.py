"""The renames of a rollback. Each can be done again: a second run does what the first did not come to."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from parhelia_tui.core.checkpoints.content import attributes
from parhelia_tui.core.checkpoints.files import DIRECTORY, descriptor, open_below, open_ours, remove_tree
from parhelia_tui.core.checkpoints.journal import Journal, Step, remove_journal, write_journal
from parhelia_tui.core.checkpoints.making import dress
from parhelia_tui.core.model.ids import random_hex


def apply(opened: int, journal: Journal) -> None:
    """Do all steps and dress the directories.

    Args:
        opened: descriptor of the workspace.

    Raises:
        OSError: when one cannot be done; those before it are.
    """
    if not _there(opened, journal.staging):
        # All was done before: it is the last to go.
        return
    with descriptor(os.open(journal.staging, DIRECTORY, dir_fd=opened)) as staging:
        for name in ("new", "old"):
            # Clearing may have been cut off between the two.
            if not _there(staging, name):
                os.mkdir(name, 0o700, dir_fd=staging)
    with (
        descriptor(os.open(journal.staging, DIRECTORY, dir_fd=opened)) as staging,
        descriptor(os.open("new", DIRECTORY, dir_fd=staging)) as new,
        descriptor(os.open("old", DIRECTORY, dir_fd=staging)) as old,
    ):
        for step in journal.steps:
            _apply(opened, new, old, step)
    for each in journal.dresses:
        with descriptor(open_below(opened, each.path)) as inside:
            wanted = each.entry()
            for key in attributes(inside).keys() - wanted.xattrs.keys():
                os.removexattr(inside, key)
            dress(inside, wanted)


def _apply(opened: int, new: int, old: int, step: Step) -> None:
    number = str(step.number)
    if step.new and not _there(new, number):
        # It took its place already.
        return
    above, _, name = step.path.rpartition("/")
    try:
        parent = open_below(opened, above)
    except FileNotFoundError:
        if not step.new:
            return
        raise
    with descriptor(parent) as inside:
        if (step.new or not _there(old, number)) and _there(inside, name):
            # Its number is taken when somebody made something at this path after a first run.
            _move(inside, name, old, f"{number}.{random_hex(16)}" if _there(old, number) else number)
        if step.new:
            _move(new, number, inside, name)


def _there(within: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=within, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _move(within: int, name: str, to: int, new_name: str) -> None:
    try:
        os.rename(name, new_name, src_dir_fd=within, dst_dir_fd=to)
    except PermissionError:
        # Directories of ours that one may not write to; they are dressed afterwards.
        for each in (within, to):
            os.fchmod(each, 0o700)
        if stat.S_ISDIR(os.stat(name, dir_fd=within, follow_symlinks=False).st_mode):
            with descriptor(open_ours(name, within)) as moved:
                os.fchmod(moved, 0o700)
        os.rename(name, new_name, src_dir_fd=within, dst_dir_fd=to)


def finish(opened: int, file: Path, journal: Journal) -> None:
    """Clear up after all steps.

    Args:
        opened: descriptor of the workspace.
        file: of the journal.
    """
    try:
        write_journal(file, journal.done())
    except OSError:
        # A full disk: all steps can be done again, and clearing makes room.
        pass
    clear(opened, journal)
    remove_journal(file)


def clear(opened: int, journal: Journal) -> None:
    """Remove the staging directory and give the top its time back.

    Raises:
        OSError: when something of it cannot be removed.
    """
    remove_tree(journal.staging, opened)
    top = next((each for each in journal.dresses if not each.path), journal.top)
    dress(opened, top.entry())
