"""The key that brings what a task changed into the user's repository."""

from __future__ import annotations

import shutil
from pathlib import Path

from parhelia_tui.core.settings.paths import private_directory
from parhelia_tui.core.store import containers, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.dashboard.conftest import Opens
from tests.support.git import git
from tests.support.still_fleet import NOW, StillFleet
from tests.support.store import make_task

TASK, BRANCH = "t-0000000a", "parhelia/t-0000000a"


async def test_b_asks_makes_the_branch_and_says_what_it_did(
    opened: Opens, still: StillFleet, tmp_path: Path
) -> None:
    place, copy = tmp_path / "made", private_directory(still.paths.workspaces) / TASK
    place.mkdir()
    git(place, "init", "-q", "-b", "main")
    (place / "cache.py").write_text("one\n")
    git(place, "add", ".")
    git(place, "commit", "-q", "-m", "first")
    shutil.copytree(place, copy)
    (copy / "fresh.txt").write_text("fresh\n")
    stored = make_task(
        TASK,
        title="Tidy",
        slug="tidy",
        workspace=str(place),
        workspace_mode="clone",
        created_at=NOW,
        container_id="c-0000000a",
        attempt=1,
    )
    still.add(stored)
    db = open_migrated(still.paths.database)
    with writing(db) as tx:
        containers.add(tx, "c-0000000a", tasks.get(tx, TASK), attempt=1, workspace=str(copy), slot=1, at=NOW)
    db.close()
    async with opened((80, 24)) as seen:
        await seen.wait_for("Tidy")
        seen.home.tasks.select(TASK)
        await seen.press("d", "b")
        await seen.wait_for("on the tab changes")
        await seen.press("4")
        await seen.wait_for("A  fresh.txt", "b branch")
        await seen.press("b")
        await seen.wait_for(f"Make the branch {BRANCH} in", "one commit on top of the")
        await seen.press("n", "b")
        await seen.wait_for(f"Make the branch {BRANCH} in")
        assert git(place, "branch", "--list", BRANCH) == ""
        await seen.press("y")
        await seen.wait_for(f"{BRANCH} created at", "1 added, 0 changed, 0 deleted")
        assert git(place, "show", f"{BRANCH}:fresh.txt") == "fresh\n"
        await seen.press("b")
        await seen.wait_for("Make the branch")
        await seen.press("y")
        await seen.wait_for(f"{BRANCH} unchanged at")
