"""Merging the branch of a task, in a place of ours: a ref moves last, at once, and only if it still is what was merged.

Source: git-merge-tree(1), which merges without a work tree from git 2.38 on.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from parhelia_tui.core.branches.branch import (
    HEADS,
    checked_out_at,
    checked_ref,
    move,
    parents_of_ours,
)
from parhelia_tui.core.branches.commit import deliver, mark_of
from parhelia_tui.core.branches.git import Git, PrivateGit, over_checkout, over_refs, private
from parhelia_tui.core.branches.repository import UserRepository, repository_of
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line

FILES_TOLD = 20
READY = "-merge"
"""What stands behind the name of the branch that waits for the user to take it into what is checked out."""


class MergeOutcome(StrEnum):
    """What became of a merge."""

    MERGED = "merged"
    READY = "ready"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Merged:
    """What was done.

    Attributes:
        outcome: `ready` when the target is checked out: then `command` takes it there, and nothing else does.
        repository: the directory of the user's repository.
        branch, into: without `refs/heads/`.
        commit: of the merge; empty for nothing.
        before: where `into` stood.
        command: what the user has to type; empty for nothing.
    """

    outcome: MergeOutcome
    repository: str
    branch: str
    into: str
    commit: str
    before: str
    command: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for.

    Args:
        repository: the user's.
        branch: without `refs/heads/`.
        into: the same; empty for the one that is checked out.
        task_id: whose branch it is.
    """

    repository: UserRepository
    branch: str
    into: str
    task_id: str


def merge(asked: Asked, gate: Callable[[Callable[[Path], None]], None] | None) -> Merged:
    """Merge a branch into another one.

    Args:
        gate: is told how to lay the merged files into a directory, and raises an error where they do not pass.

    Raises:
        ParheliaError: E101 for names that are none, E103 for a checkout with changes, E104 when the target moved
            meanwhile, E500 and E501 from git, E604 for a conflict, and what `gate` raises; then nothing was changed.
    """
    refs = over_refs(asked.repository)
    into = asked.into or refs.line("symbolic-ref", "--short", "--quiet", "HEAD") or ""
    if not into:
        raise ParheliaError(
            "E102",
            "no branch is checked out there, so it has to be named",
            recovery=(f"parhelia task merge {asked.task_id} --into BRANCH",),
        )
    tip, before = _tip(refs, asked.branch), _tip(refs, into)
    where = checked_out_at(refs, HEADS + into)
    with private(asked.repository) as git:
        if where:
            _refuse_unclean(git, Path(where), before)
        if _is_in(git.git, tip, before):
            return Merged(MergeOutcome.NOTHING, str(asked.repository.top), asked.branch, into, "", before, "")
        commit = tip if _is_in(git.git, before, tip) else _merged(git.git, asked, into, before, tip)
        if gate is not None:
            gate(lambda folder: _lay_out(git.git, commit, folder))
        if commit != tip:
            deliver(git.git, git.theirs, commit, [before, tip], git.tree)
        if where:
            command = _make_ready(refs, git.git, asked, where, commit, tip)
            outcome = MergeOutcome.READY
        else:
            move(refs, HEADS + into, commit, before, f"parhelia: merge {asked.branch}")
            outcome, command = MergeOutcome.MERGED, ""
    return Merged(outcome, str(asked.repository.top), asked.branch, into, commit, before, command)


def _tip(refs: Git, branch: str) -> str:
    found = refs.line("rev-parse", "--verify", "--quiet", checked_ref(refs, branch))
    if not found:
        raise ParheliaError(
            "E101", f"there is no branch {one_line(branch, 80)!r}", recovery=("git branch --list",)
        )
    return found


def _is_in(git: Git, commit: str, other: str) -> bool:
    """Say whether a commit is another one or an ancestor of it."""
    return git.end_of("merge-base", "--is-ancestor", commit, other).returncode == 0


def _merged(git: Git, asked: Asked, into: str, before: str, tip: str) -> str:
    """Make the commit of a merge among our objects. Raises E604."""
    words = ("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z")
    done = git.end_of(*words, before, tip)
    tree, *files = os.fsdecode(done.stdout).split("\0")
    if done.returncode == 1:
        named = sorted({one_line(each, 500) for each in files if each})
        more = len(named) - FILES_TOLD
        raise ParheliaError(
            "E604",
            f"{asked.branch} and {into} changed the same places of {len(named)} files: "
            + ", ".join(named[:FILES_TOLD])
            + (f" and {more} more" if more > 0 else ""),
            details={"files": named, "branch": asked.branch, "into": into},
            recovery=(
                f"git -C {asked.repository.top} merge {asked.branch}",
                f"git -C {asked.repository.top} diff {into}...{asked.branch}",
            ),
        )
    if done.returncode != 0:
        # It says why.
        git.run(*words, before, tip)
    message = f"Merge {asked.branch} into {into}\n\n{mark_of(asked.task_id)}\n"
    made = git.run("commit-tree", "-p", before, "-p", tip, "-F", "-", tree, given=message.encode())
    return made.decode().strip()


def _lay_out(git: Git, commit: str, folder: Path) -> None:
    """Write the files of a commit into a directory."""
    git.run("read-tree", commit)
    git.run("checkout-index", "--all", "--quiet", f"--prefix={folder}/")


def _refuse_unclean(git: PrivateGit, where: Path, tip: str) -> None:
    """Refuse where files of a checkout differ from its commit: nobody could take the merge there. Raises E103, E204."""
    checkout = repository_of(where)
    if checkout is None:
        raise ParheliaError("E204", f"{where} is no work tree of a repository any more")
    inside = over_checkout(git, checkout)
    if inside.end_of("diff-index", "--quiet", "--ignore-submodules=all", tip).returncode != 0:
        raise ParheliaError(
            "E103",
            f"{where} has changes that are not committed; nothing is merged into what is checked out there",
            recovery=(f"git -C {where} status", f"git -C {where} stash"),
        )


def _make_ready(refs: Git, git: Git, asked: Asked, where: str, commit: str, tip: str) -> str:
    """Let a branch name the merge, and say what takes it into a checkout. Raises E103, E104."""
    name = asked.branch
    if commit != tip:
        name += READY
        ref = checked_ref(refs, name)
        old = refs.line("rev-parse", "--verify", "--quiet", ref) or ""
        if old and (parents_of_ours(git, old, asked.task_id) is None or checked_out_at(refs, ref)):
            raise ParheliaError(
                "E103",
                f"the branch {name} holds other work than a merge of {asked.task_id}; it stays as it is",
                recovery=(f"git branch --move {name} OTHER-NAME",),
            )
        move(refs, ref, commit, old, f"parhelia: merge {asked.branch}")
    return f"git -C {shlex.quote(where)} merge --ff-only {shlex.quote(name)}"
