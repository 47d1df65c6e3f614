"""A branch of the user's own repository that holds what a task made: one commit on top of the one it began with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from parhelia_tui.core.branches.commit import deliver, mark_of, message_of, write_commit
from parhelia_tui.core.branches.compare import Differing, differing
from parhelia_tui.core.branches.git import AUTHOR, EMAIL, Git, over_refs, private
from parhelia_tui.core.branches.repository import UserRepository
from parhelia_tui.core.branches.start import Start
from parhelia_tui.core.branches.walk import LeftOut
from parhelia_tui.core.checkpoints.workspace import open_workspace
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line

HEADS = "refs/heads/"
OTHER_WORK = "other_work"
"""Stands in the details of the error that tells that a branch is not ours to move."""
_NAME = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class Outcome(StrEnum):
    """What became of a branch."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Made:
    """What was done.

    Attributes:
        outcome: `nothing` when the workspace is as the start commit: then there is no branch.
        repository: the directory of the user's repository.
        branch: without `refs/heads/`.
        commit: its tip; empty for nothing.
        start: the commit that it stands on.
        added, changed, deleted: paths.
        left_out: what is not in it, and why.
        untouched: not in it either: what was not committed when the task began, and is as it was.
        links_out: links in it that lead out of the repository.
    """

    outcome: Outcome
    repository: str
    branch: str
    commit: str
    start: str
    added: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    untouched: tuple[str, ...]
    links_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for.

    Args:
        repository: the user's.
        workspace: the directory that the task worked on.
        branch: without `refs/heads/`.
        starts: what the task may have begun with, the likeliest first; one whose commit the repository does not
            have is passed over.
        task_id, title: of the task.
        with_ignored: also what the start commit ignores.
    """

    repository: UserRepository
    workspace: Path
    branch: str
    starts: Sequence[Start]
    task_id: str
    title: str
    with_ignored: bool


def make(wanted: Wanted, at: float) -> Made:
    """Make a branch, or bring it up to date. The user's files, index and HEAD stay as they are.

    Args:
        at: epoch seconds, the time of the commit.

    Raises:
        ParheliaError: E101 for a name that is none, E103 for a branch that is somebody's work or checked out, E104
            when it moved meanwhile, E204 without a usable workspace or start, E500, E501 from git, E507 for too
            much.
    """
    refs = over_refs(wanted.repository)
    ref = checked_ref(refs, wanted.branch)
    tip = refs.line("rev-parse", "--verify", "--quiet", ref) or ""
    with private(wanted.repository) as git, open_workspace(wanted.workspace) as opened:
        began = _start(git.git, wanted)
        start = began.commit
        if tip:
            _refuse_others(git.git, tip, start, wanted)
        prefix = wanted.repository.prefix
        found = differing(git.git, start, opened, prefix, began.uncommitted, with_ignored=wanted.with_ignored)
        commit = ""
        if found:
            message = message_of(wanted.title, wanted.task_id)
            commit = write_commit(git.git, start, opened, prefix, found, message, at)
        outcome = _outcome(git.git, start, tip, commit)
        if outcome is Outcome.UNCHANGED:
            commit = tip
        elif outcome is not Outcome.NOTHING:
            refuse_checked_out(refs, ref, wanted.branch)
            deliver(git.git, git.theirs, commit, [start], git.tree)
            move(refs, ref, commit, tip, f"parhelia: {outcome} for {wanted.task_id}")
    return _made(wanted, outcome, "" if outcome is Outcome.NOTHING else commit, start, found)


def checked_ref(refs: Git, branch: str) -> str:
    """Give the ref of a branch. Raises E101 for a name that is none."""
    ref = HEADS + branch
    if branch.startswith("-") or branch == "HEAD" or refs.line("check-ref-format", ref) is None:
        raise ParheliaError(
            "E101",
            f"{one_line(branch, 80)!r} is no name for a branch",
            recovery=("git help check-ref-format", "parhelia task results TASK --branch"),
        )
    return ref


def refuse_checked_out(refs: Git, ref: str, branch: str) -> None:
    """Refuse to move a branch under the feet of somebody. Raises E103."""
    where = checked_out_at(refs, ref)
    if where:
        raise ParheliaError(
            "E103",
            f"the branch {branch} is checked out in {where}; what is checked out is never moved",
            recovery=(f"git -C {where} switch --detach", "parhelia task results TASK --branch NAME"),
        )


def checked_out_at(refs: Git, ref: str) -> str:
    """Say in which directory a branch is checked out; empty where in none."""
    return refs.line("for-each-ref", "--format=%(worktreepath)", ref) or ""


def move(refs: Git, ref: str, new: str, old: str, why: str) -> None:
    """Let a ref name another commit, if it still names the one that was seen.

    Args:
        old: empty where there was none.

    Raises:
        ParheliaError: E104 when it does not.
    """
    try:
        refs.run("update-ref", "-m", why, ref, new, old or "0" * len(new))
    except ParheliaError as error:
        raise ParheliaError(
            "E104",
            f"{ref.removeprefix(HEADS)} could not be moved, so nothing was changed: {error.message}",
            details=error.details,
            recovery=("git branch --list", "git log --all --oneline"),
        ) from error


def _start(git: Git, wanted: Wanted) -> Start:
    for each in wanted.starts:
        if _NAME.fullmatch(each.commit) and git.line("cat-file", "-t", each.commit) == "commit":
            return each
    raise ParheliaError(
        "E204",
        f"the repository {wanted.repository.top} has no commit that the task could have begun with",
        recovery=("git log", f"parhelia task show {wanted.task_id}"),
    )


def _refuse_others(git: Git, tip: str, start: str, wanted: Wanted) -> None:
    """Refuse to replace what is not a commit of ours for this very task. Raises E103."""
    if parents_of_ours(git, tip, wanted.task_id) == [start]:
        return
    raise ParheliaError(
        "E103",
        f"the branch {wanted.branch} holds other work than what was made of {wanted.task_id}; it stays as it is",
        recovery=(
            f"parhelia task results {wanted.task_id} --branch OTHER-NAME",
            f"git log {wanted.branch}",
        ),
    )


def parents_of_ours(git: Git, commit: str, task_id: str) -> list[str] | None:
    """Name the parents of a commit that we made for a task; None for every other commit."""
    head, _, message = git.run("cat-file", "commit", commit).decode("utf-8", "replace").partition("\n\n")
    lines = head.splitlines()
    ours = any(line.startswith(f"committer {AUTHOR} <{EMAIL}> ") for line in lines)
    if not ours or mark_of(task_id) not in message.splitlines():
        return None
    return [line.removeprefix("parent ") for line in lines if line.startswith("parent ")]


def _outcome(git: Git, start: str, tip: str, commit: str) -> Outcome:
    if not commit or _tree(git, commit) == _tree(git, start):
        return Outcome.NOTHING
    if not tip:
        return Outcome.CREATED
    return Outcome.UNCHANGED if _tree(git, commit) == _tree(git, tip) else Outcome.UPDATED


def _tree(git: Git, commit: str) -> str:
    return git.run("rev-parse", "--verify", f"{commit}^{{tree}}").decode().strip()


def _made(wanted: Wanted, outcome: Outcome, commit: str, start: str, found: Differing) -> Made:
    unread = {each.path for each in found.left_out}
    return Made(
        outcome,
        str(wanted.repository.top),
        wanted.branch,
        commit,
        start,
        tuple(sorted(path for path in found.added if path not in unread)),
        tuple(sorted(path for path in found.changed if path not in unread)),
        tuple(found.deleted),
        tuple(found.left_out),
        tuple(found.untouched),
        tuple(found.links_out),
    )
