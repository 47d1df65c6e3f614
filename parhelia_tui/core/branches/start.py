"""The commit that a task began with, kept beside its copy of the workspace."""

from __future__ import annotations

import json
import re
from pathlib import Path

from parhelia_tui.core.branches.git import over_refs
from parhelia_tui.core.branches.repository import repository_of
from parhelia_tui.core.model.errors import ParheliaError

_NAME = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SMALL = 4 << 10


def remember(copy: Path, workspace: Path) -> None:
    """Keep which commit the user's repository stands at; nothing where it is none or has none.

    What the copy's own `.git` says later is the agent's word.

    Args:
        copy: the directory that the task will work on.
        workspace: what it is a copy of.

    Raises:
        OSError: it cannot be written.
    """
    repository = repository_of(workspace)
    if repository is None:
        return
    try:
        head = over_refs(repository).line("rev-parse", "--verify", "--quiet", "HEAD")
    except ParheliaError:
        # Without git here nothing is kept, and the task needs none.
        return
    if head and _NAME.fullmatch(head):
        place = _place(copy)
        new = place.with_name(place.name + ".new")
        new.write_text(json.dumps({"commit": head}))
        new.replace(place)


def remembered(copy: Path) -> str | None:
    """Give the commit that was kept; None where none was."""
    try:
        with _place(copy).open() as file:
            found = json.loads(file.read(_SMALL))["commit"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) and _NAME.fullmatch(found) else None


def _place(copy: Path) -> Path:
    return copy.with_name(copy.name + ".start.json")
