"""A repository of the user's, a copy of it in which a task has worked, and the installed command over both."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.branches import start
from parhelia_tui.core.branches.branch import Made
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.paths import private_directory
from parhelia_tui.core.store import containers, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.support.git import git
from tests.support.product import Product
from tests.support.store import make_task

TASK, BRANCH = "t-0000000a", "parhelia/t-0000000a"


class Pair:
    """The two directories.

    Args:
        product: over the state directory in which the task is stored.
        place: for the repository.
    """

    def __init__(self, product: Product, place: Path) -> None:
        self.product = product
        self.repository = place
        self.copy = product.paths.workspaces / TASK

    def store(self, workspace: Path | None = None, **columns: Any) -> None:
        """Store the task, with a container that worked on the copy; begin the copy."""
        workspace = workspace or self.repository
        private_directory(self.product.home)
        private_directory(self.product.paths.workspaces)
        start.remember(self.copy, workspace)
        shutil.copytree(workspace, self.copy, symlinks=True)
        values = {
            "workspace": str(workspace),
            "workspace_mode": "clone",
            "title": "Mend the parser",
            **columns,
        }
        db = open_migrated(self.product.paths.database)
        with writing(db) as tx:
            task = tasks.add(tx, make_task(TASK, **values))
            containers.add(tx, "c-0000000a", task, attempt=1, workspace=str(self.copy), slot=1, at=1000.0)
        db.close()

    def ask(self, *words: str) -> Any:
        """Make the branch by the installed command, and give what it says."""
        return self.product.json("task", "results", TASK, "--branch", *words)

    def bring(self, name: str = "", *, with_ignored: bool = False) -> Made:
        """Make the branch as the command does, without the second that its start takes."""
        with closing(self.product.client()) as door:
            return door.branches.make(door.task(TASK), name, with_ignored=with_ignored)

    def refused(self, name: str = "") -> tuple[str, str]:
        """Try to make the branch, and give the error's code and its message."""
        with pytest.raises(ParheliaError) as caught:
            self.bring(name)
        return caught.value.code, caught.value.message

    def files(self, branch: str = BRANCH) -> set[str]:
        """The paths of a branch."""
        return set(git(self.repository, "ls-tree", "-r", "-z", "--name-only", branch).split("\0")) - {""}

    def seen(self) -> tuple[str, str, bytes]:
        """What must not change: HEAD, what git says of the files, and the index."""
        place = self.repository
        # First, as it renews the index.
        status = git(place, "status", "--porcelain", "--ignored")
        return git(place, "symbolic-ref", "HEAD"), status, (place / ".git" / "index").read_bytes()


@pytest.fixture
def pair(product: Product, tmp_path: Path) -> Iterator[Pair]:
    """A repository with a commit, and nothing stored yet."""
    place = tmp_path / "project"
    (place / "src").mkdir(parents=True)
    git(place, "init", "-q", "-b", "main")
    (place / "src" / "code.py").write_text("one\n")
    (place / "gone.py").write_text("gone\n")
    (place / "run").write_text("#!/bin/sh\n")
    (place / ".gitignore").write_text("*.log\nbuild/\n")
    git(place, "add", ".")
    git(place, "commit", "-q", "-m", "first")
    yield Pair(product, place)
    assert git(place, "fsck", "--strict", "--no-dangling") == ""
