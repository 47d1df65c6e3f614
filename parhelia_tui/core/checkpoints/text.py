"""The text of one file before and after."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from parhelia_tui.core.checkpoints.files import READ, descriptor, open_below
from parhelia_tui.core.checkpoints.manifest import Entry
from parhelia_tui.core.checkpoints.repository import Repository, reporting
from parhelia_tui.core.checkpoints.workspace import open_workspace
from parhelia_tui.core.model.errors import ParheliaError

LIMIT = 1 << 20
"""Bytes of each side that are compared."""

_LINES = 20_000
"""Lines of each side; what of them may be compared, `comparing.py` says."""

_LOOKED_AT = 8 << 10
"""A zero byte among the first so many makes a file binary, as for git."""


@dataclass(frozen=True, slots=True)
class TextDiff:
    """How the text of a file differs.

    Attributes:
        text: a unified diff; empty when it does not differ, or cannot be shown.
        binary: one side is no text.
        too_big: one side is longer than was asked for, or to compare them would take too long.
    """

    text: str
    binary: bool = False
    too_big: bool = False


def text_diff(
    repository: Repository, before: str, after: str | Path, path: str, *, limit: int = LIMIT
) -> TextDiff:
    """Compare the text of one file in a checkpoint and in another one, or in the workspace now.

    Args:
        repository: where the checkpoints are.
        before: name of a tree.
        after: name of a tree, or a workspace.
        path: from the top of the workspace; where it is missing on one side, that side is empty.
        limit: bytes of each side.

    Raises:
        ParheliaError: E101 when neither side has such a file; E204 or E600 as for `diff`.
    """
    with repository.locked():
        old = stored_bytes(repository, repository.tree(before).top, path, limit + 1)
        new = (
            stored_bytes(repository, repository.tree(after).top, path, limit + 1)
            if isinstance(after, str)
            else live_bytes(after, path, limit + 1)
        )
    if old is None and new is None:
        raise ParheliaError("E101", "Neither side has such a file.", details={"path": _shown(path)})
    return compared(old, new, path, limit)


def compared(old: bytes | None, new: bytes | None, path: str, limit: int = LIMIT) -> TextDiff:
    """Compare what two sides of a file hold; None is a side without it."""
    # 5 ms that a listing need not pay.
    import difflib

    from parhelia_tui.core.model.comparing import too_long

    one, other = old or b"", new or b""
    if len(one) > limit or len(other) > limit:
        return TextDiff("", too_big=True)
    if b"\0" in one[:_LOOKED_AT] or b"\0" in other[:_LOOKED_AT]:
        return TextDiff("", binary=True)
    lines, others = (side.decode("utf-8", "replace").splitlines(keepends=True) for side in (one, other))
    if len(lines) > _LINES or len(others) > _LINES or too_long(lines, others):
        return TextDiff("", too_big=True)
    names = (
        f"a/{_shown(path)}" if old is not None else "/dev/null",
        f"b/{_shown(path)}" if new is not None else "/dev/null",
    )
    made = (
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in difflib.unified_diff(lines, others, *names)
    )
    return TextDiff("".join(made))


def find(repository: Repository, top: Entry, path: str) -> Entry | None:
    """Find what a tree has at a path.

    Args:
        repository: locked.
        top: of the tree.
    """
    entry: Entry | None = top
    for name in path.split("/"):
        if entry is None or not entry.is_directory:
            return None
        entry = next((each for each in repository.objects.listing(entry.content) if each.name == name), None)
    return entry


def stored_bytes(repository: Repository, top: Entry, path: str, limit: int) -> bytes | None:
    """Read the beginning of a file of a tree; None when it has no such file.

    Args:
        repository: locked.
        top: of the tree.
    """
    entry = find(repository, top, path)
    if entry is None or entry.is_directory:
        return None
    if entry.target is not None:
        return os.fsencode(entry.target)[:limit]
    found = bytearray()
    for piece in repository.objects.pieces(entry.content, entry.size, entry.chunked):
        if len(found) >= limit:
            break
        hole = not any(piece[1])
        found += bytes(min(piece[0], limit - len(found))) if hole else repository.objects.piece(piece)
    return bytes(found[:limit])


def live_bytes(workspace: Path, path: str, limit: int) -> bytes | None:
    """Read the beginning of a file of a workspace as it is now; None when it has no such file.

    Raises:
        ParheliaError: E204 when the workspace cannot be opened, E600 when the file cannot be read.
    """
    above, _, name = path.rpartition("/")
    with reporting("look at the workspace"), open_workspace(workspace) as opened:
        try:
            with descriptor(open_below(opened, above)) as inside:
                if stat.S_ISLNK(os.lstat(name, dir_fd=inside).st_mode):
                    return os.fsencode(os.readlink(name, dir_fd=inside))[:limit]
                with descriptor(os.open(name, READ, dir_fd=inside)) as file:
                    if not stat.S_ISREG(os.fstat(file).st_mode):
                        return None
                    return _read(file, limit)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            # A symbolic link on the way, or no regular file.
            if error.errno in (40, 6):
                return None
            raise


def _read(file: int, limit: int) -> bytes:
    found = b""
    while len(found) < limit and (part := os.read(file, limit - len(found))):
        found += part
    return found


def _shown(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")
