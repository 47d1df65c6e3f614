"""Which panes stand where: the two sides of the home screen, and what is hidden, as a view remembers them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from parhelia_tui.core.settings.view_file import View

LEFT, RIGHT, BELOW = ("tasks", "containers"), ("heartbeats", "budget", "events"), "terminal"
PANES: Mapping[str, str] = {
    "tasks": "what was asked for",
    "containers": "what runs it, with its health",
    "heartbeats": "processor use in strips, missed beats as gaps",
    "budget": "what was spent, and when it is spent",
    "events": "the history, the newest below",
    BELOW: "the live terminal of the chosen task",
}


def sides(view: View) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the panes at the left and at the right, in their order, hidden ones too; each stands in one place."""
    known = LEFT + RIGHT
    left = [name for name in dict.fromkeys(view.left) if name in known]
    right = [name for name in dict.fromkeys(view.right) if name in known and name not in left]
    left += [name for name in LEFT if name not in left + right]
    right += [name for name in RIGHT if name not in left + right]
    return tuple(left), tuple(right)


def order(view: View) -> list[str]:
    """Give every pane in the order in which Tab goes through them, hidden ones too."""
    left, right = sides(view)
    return [*left, *right, BELOW]


def shown(view: View) -> list[str]:
    """Give the panes that are not hidden; where all are, the tasks."""
    return [name for name in order(view) if name not in view.hidden] or ["tasks"]


def turned(view: View, name: str) -> View:
    """Show a hidden pane, or hide it; the last one stays."""
    if name in view.hidden:
        return replace(view, hidden=tuple(each for each in view.hidden if each != name))
    return view if shown(view) == [name] else replace(view, hidden=(*view.hidden, name))


def carried(view: View, name: str, by: int) -> View:
    """Move a pane one place up (-1) or down (1); past the end of its side it goes to the other one."""
    left, right = (list(side) for side in sides(view))
    if name not in left + right:
        return view
    side, other = (left, right) if name in left else (right, left)
    place = side.index(name)
    if 0 <= place + by < len(side):
        side.insert(place + by, side.pop(place))
    elif (by > 0) == (side is left):
        side.remove(name)
        other.insert(0 if by > 0 else len(other), name)
    return replace(view, left=tuple(left), right=tuple(right))


def usual(view: View) -> View:
    """All panes where they are without a wish."""
    return replace(view, left=(), right=(), hidden=())
