"""A checkpoint put into a new directory: made beside it and renamed, so that it is there whole or not at all."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from parhelia_tui.core.checkpoints.build import Builder
from parhelia_tui.core.checkpoints.files import DIRECTORY, descriptor, remove_tree
from parhelia_tui.core.checkpoints.progress import Progress, Teller, quiet
from parhelia_tui.core.checkpoints.repository import Repository, reporting
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.ids import random_hex

RESTORING = ".parhelia-restore-"
"""What is not finished has a name that begins so, beside the target."""

_YOUNG_S = 10.0


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back.

    Attributes:
        files: names of files and symbolic links.
        bytes: what they hold.
        skipped: paths that the checkpoint does not have, or of which the file system took not all, with the reason.
    """

    files: int
    bytes: int
    skipped: tuple[tuple[str, str], ...]


def restore(
    repository: Repository, tree: str, target: Path, *, progress: Progress = quiet, processes: int = 1
) -> Restored:
    """Put a checkpoint into a new directory.

    Args:
        repository: where it is.
        tree: its name.
        target: not there, or an empty directory; the directory it is in has to be there.
        progress: is told where this is; what it raises ends it.
        processes: how many may write.

    Raises:
        ParheliaError: E101 when the target is there and not empty or cannot be made; E600 when the checkpoint is
            missing or damaged, or cannot be written; then nothing is left of it.
    """
    target = Path(os.path.abspath(target))
    with repository.locked():
        wanted = repository.tree(tree)
        with reporting("restore the checkpoint"), _parent(target) as above:
            _refuse_taken(target, above)
            _remove_unfinished(above)
            name = f"{RESTORING}{random_hex(16)}"
            builder = Builder(repository.objects, Teller(progress), wanted.files, processes=processes)
            os.mkdir(name, 0o700, dir_fd=above)
            try:
                with descriptor(os.open(name, DIRECTORY, dir_fd=above)) as opened:
                    # Held until we end: what nobody holds was left by one that was killed.
                    fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    builder.fill(opened, wanted.top)
                _refuse_taken(target, above)
                # Takes the place of an empty directory, of nothing else.
                os.rename(name, target.name, src_dir_fd=above, dst_dir_fd=above)
            except BaseException:
                remove_tree(name, above)
                raise
    built = builder.built
    return Restored(built.files, built.bytes, tuple(sorted({**built.skipped, **built.lost}.items())))


def _parent(target: Path) -> AbstractContextManager[int]:
    try:
        return descriptor(os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    except OSError as error:
        raise ParheliaError(
            "E101",
            f"The directory that is to hold the target cannot be opened: {error.strerror}.",
            details={"target": _shown(target)},
        ) from error


def _remove_unfinished(above: int) -> None:
    """Remove what earlier restores into this directory left that were killed."""
    for name in os.listdir(above):
        if name.startswith(RESTORING):
            try:
                with descriptor(os.open(name, DIRECTORY, dir_fd=above)) as left:
                    fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    # One that is just being made is held a moment later.
                    if time.time() - os.fstat(left).st_mtime > _YOUNG_S:
                        remove_tree(name, above)
            except OSError:
                # Somebody works on it, or it is not ours to remove.
                continue


def _refuse_taken(target: Path, above: int) -> None:
    try:
        with descriptor(os.open(target.name, DIRECTORY, dir_fd=above)) as there:
            taken = bool(os.listdir(there))
    except FileNotFoundError:
        return
    except OSError:
        taken = True
    if taken:
        raise ParheliaError(
            "E101",
            "The target is there already and not empty; nothing was written.",
            details={"target": _shown(target)},
        )


def _shown(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")
