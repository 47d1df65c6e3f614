"""The user's own repository: where it keeps its refs and its objects."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_SMALL = 4 << 10
_LEADS = "gitdir: "


@dataclass(frozen=True, slots=True)
class UserRepository:
    """A repository.

    Attributes:
        top: the directory that its files lie in.
        git: its git directory; of a linked work tree, the one of that tree.
        common: where its refs and objects are.
        prefix: the way from `top` to the workspace, without a slash at its ends; empty where they are the same.
    """

    top: Path
    git: Path
    common: Path
    prefix: str

    @property
    def objects(self) -> Path:
        """Its objects."""
        return self.common / "objects"


def repository_of(workspace: Path) -> UserRepository | None:
    """Find the repository that a directory of the user's lies in; None where it lies in none."""
    inside = Path(os.path.realpath(workspace))
    for top in (inside, *inside.parents):
        git = _leads_to(top / ".git")
        if git is not None:
            common = _common(git)
            prefix = "" if top == inside else str(inside.relative_to(top))
            return UserRepository(top, git, common, prefix) if (common / "objects").is_dir() else None
    return None


def _leads_to(place: Path) -> Path | None:
    """Give the git directory that a `.git` is or names (gitrepository-layout(5))."""
    if place.is_file():
        said = _line(place)
        if not said.startswith(_LEADS):
            return None
        place = Path(os.path.normpath(place.parent / said.removeprefix(_LEADS)))
    return place if (place / "HEAD").is_file() else None


def _common(git: Path) -> Path:
    said = _line(git / "commondir")
    return Path(os.path.normpath(git / said)) if said else git


def _line(place: Path) -> str:
    try:
        if not place.is_file() or place.stat().st_size > _SMALL:
            return ""
        return os.fsdecode(place.read_bytes()).rstrip("\n")
    except OSError:
        return ""
