"""The journal of a rollback: what is going on in a workspace, so that a crash can be finished or undone."""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from parhelia_tui.core.checkpoints.files import directory, read_whole, write_durably
from parhelia_tui.core.checkpoints.manifest import Entry
from parhelia_tui.core.checkpoints.workspace import STAGING
from parhelia_tui.core.model.errors import ParheliaError

_VERSION = 1
_LIMIT = 256 << 20


class Phase(StrEnum):
    """How far a rollback is."""

    STAGING = "staging"
    """The workspace is the old one; beside that, new files are being made in the staging directory."""

    APPLYING = "applying"
    """All new files are made; renames turn the old workspace into the new one."""

    DONE = "done"
    """The workspace is the new one; the staging directory has what was replaced, and goes."""


@dataclass(frozen=True, slots=True)
class Step:
    """One path that changes.

    Attributes:
        number: name of the new thing in `new/`, and of the old one in `old/`, of the staging directory.
        path: from the top of the workspace.
        new: something takes the place; otherwise the path goes.
    """

    number: int
    path: str
    new: bool


@dataclass(frozen=True, slots=True)
class Dress:
    """What a directory of the workspace looks like in the end; `path` is empty for the top."""

    path: str
    mode: int
    mtime: int
    uid: int
    gid: int
    xattrs: dict[str, str]

    @classmethod
    def of(cls, path: str, entry: Entry) -> Dress:
        """Take it from an entry."""
        xattrs = {key: b64encode(value).decode() for key, value in entry.xattrs.items()}
        return cls(path, entry.mode, entry.mtime, entry.uid, entry.gid, xattrs)

    def entry(self) -> Entry:
        """Give it as an entry without content."""
        xattrs = {key: b64decode(value) for key, value in self.xattrs.items()}
        return Entry(".", self.mode, self.mtime, 0, self.uid, self.gid, b"", xattrs=xattrs)


@dataclass(frozen=True, slots=True)
class Journal:
    """All of it.

    Attributes:
        phase: how far it is.
        staging: name of the staging directory at the top of the workspace.
        top: the workspace as it was, for undoing.
        steps: from `APPLYING` on.
        dresses: directories that get times and permissions after the steps; the top among them.
    """

    phase: Phase
    staging: str
    top: Dress
    steps: tuple[Step, ...] = ()
    dresses: tuple[Dress, ...] = ()

    def ready(self, steps: Sequence[Step], dresses: Sequence[Dress]) -> Journal:
        """Give the same with all prepared."""
        return replace(self, phase=Phase.APPLYING, steps=tuple(steps), dresses=tuple(dresses))

    def done(self) -> Journal:
        """Give the same with all done."""
        return replace(self, phase=Phase.DONE)


def write_journal(file: Path, journal: Journal) -> None:
    """Write it, to the disk.

    Raises:
        OSError: when it cannot be written.
    """
    data = json.dumps({"version": _VERSION, **asdict(journal)}).encode()
    with directory(str(file.parent)) as above:
        write_durably(above, file.name, data)


def read_journal(file: Path) -> Journal | None:
    """Read it; None when there is none.

    Raises:
        ParheliaError: E600 when it cannot be read.
    """
    try:
        with directory(str(file.parent)) as above:
            data = read_whole(above, file.name, _LIMIT)
    except FileNotFoundError:
        return None
    try:
        fields: dict[str, Any] = json.loads(data)
        if fields["version"] != _VERSION:
            raise ValueError("version")
        found = Journal(
            Phase(fields["phase"]),
            fields["staging"],
            Dress(**fields["top"]),
            tuple(Step(**each) for each in fields["steps"]),
            tuple(Dress(**each) for each in fields["dresses"]),
        )
        _check(found)
        return found
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise ParheliaError(
            "E600",
            "The journal of a rollback cannot be read, so it can be neither finished nor undone.",
            details={"journal": os.fsencode(file).decode("utf-8", "backslashreplace")},
        ) from error


def _check(journal: Journal) -> None:
    """Refuse paths that lead out of the workspace, whoever wrote them."""
    name = journal.staging
    paths = [each.path for each in journal.steps] + [each.path for each in journal.dresses if each.path]
    bad = any({"", ".", ".."} & set(path.split("/")) for path in paths)
    if bad or not name.startswith(STAGING) or "/" in name:
        raise ValueError("a path that leads out")


def remove_journal(file: Path) -> None:
    """Remove it: what it tells of is over."""
    with directory(str(file.parent)) as above:
        try:
            os.unlink(file.name, dir_fd=above)
        except FileNotFoundError:
            return
        os.fsync(above)
