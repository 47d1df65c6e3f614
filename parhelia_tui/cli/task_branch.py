"""`parhelia task results --branch`: what a task made, as a branch of the user's own repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parhelia_tui.cli.output import Out
from parhelia_tui.cli.tables import details, styled
from parhelia_tui.core.model.display import several
from parhelia_tui.core.model.errors import Exit, ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.text import one_line

if TYPE_CHECKING:
    from parhelia_tui.core.branches.branch import Made

NAMES_SHOWN = 20
_SHORT = 10


def bring(out: Out, task: Task, name: str, *, ignored: bool) -> int:
    """Make the branch of a task, or one for each part of a group, and say what was done.

    Raises:
        ParheliaError: E100 for one name for several, and as `Branches.make`.
    """
    if not task.is_group:
        made = out.client.branches.make(task, name, with_ignored=ignored)
        out.answer(made, lambda: _page(task, made), next_actions=_next(made))
        return int(Exit.OK)
    if name:
        raise ParheliaError(
            "E100",
            f"task {task.id} has {task.parts} parts; one branch is made for each, so they cannot have one name",
            recovery=(f"parhelia task results {task.id} --branch",),
        )
    begun = [part for part in out.client.parts(task.id) if part.attempt]
    done = [(part, out.client.branches.make(part, with_ignored=ignored)) for part in begun]
    out.answer(
        [made for _, made in done],
        lambda: "\n\n".join(_page(part, made) for part, made in done),
        next_actions=[action for _, made in done for action in _next(made)[:1]],
    )
    return int(Exit.OK)


def _page(task: Task, made: Made) -> str:
    rows = [(task.id, styled(one_line(task.target or task.title, 120), bold=True)), ("in", made.repository)]
    if made.commit:
        rows += [
            ("branch", f"{one_line(made.branch, 200)}, {made.outcome}"),
            ("commit", f"{made.commit[:_SHORT]}, on top of {made.start[:_SHORT]}"),
        ]
    else:
        rows += [("branch", f"none: it is as {made.start[:_SHORT]}, with which it began")]
    counted = f"{len(made.added)} added, {len(made.changed)} changed, {len(made.deleted)} deleted"
    rows += [("files", counted)]
    if made.untouched:
        rows += [
            (
                "not in it",
                f"not committed when it began, and as before: {several(len(made.untouched), 'file')}",
            )
        ]
    named = [
        f"  {sign} {one_line(path, 500)}"
        for sign, paths in (("+", made.added), ("~", made.changed), ("-", made.deleted))
        for path in paths
    ]
    left_out = [f"  {one_line(each.path, 500)}: {each.why}" for each in made.left_out]
    links = [f"  {one_line(path, 500)}" for path in made.links_out]
    return "\n".join(
        [
            details(rows),
            *_some(named),
            *(["Left out:", *_some(left_out)] if left_out else []),
            *(["Links that lead out of the repository:", *_some(links)] if links else []),
        ]
    )


def _some(lines: list[str]) -> list[str]:
    left = len(lines) - NAMES_SHOWN
    return [*lines[:NAMES_SHOWN], *([f"  and {left} more"] if left > 0 else [])]


def _next(made: Made) -> list[str]:
    if not made.commit:
        return []
    return [
        f"git -C {made.repository} diff {made.start[:_SHORT]} {made.branch}",
        f"git -C {made.repository} merge {made.branch}",
    ]
