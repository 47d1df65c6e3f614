"""What a walk hands from a directory to the one above it, also from one process to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from parhelia_tui.core.checkpoints.folder import UNSURE, Folder, Key


@dataclass(slots=True)
class Below:
    """What a walk over a directory in another one came to.

    Attributes:
        folder: None when there was none that could be walked.
        key: its own, after the walk.
        xattrs: its own.
        skipped: why it is no part of a checkpoint; None where it was gone or something else.
    """

    folder: Folder | None = None
    key: Key = UNSURE
    xattrs: Mapping[str, bytes] = field(default_factory=dict)
    skipped: str | None = None


@dataclass(slots=True)
class Left:
    """A directory that another process walks over.

    Attributes:
        above: path of the directory it is in.
        name: its name there.
        seen: its key when that one was listed.
        into: what was seen of that one.
    """

    above: str
    name: str
    seen: Key
    into: Folder
