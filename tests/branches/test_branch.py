"""What a task made becomes a branch of the user's own repository, and nothing else there changes."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from parhelia_tui.core.branches import branch
from parhelia_tui.core.branches.git import over_refs
from parhelia_tui.core.branches.repository import repository_of
from parhelia_tui.core.branches.walk import LeftOut
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.states import TaskState, Trigger
from parhelia_tui.core.store import checkpoints, containers, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.branches.conftest import BRANCH, TASK, Pair
from tests.support.fleet import RELEASE, create, end_of, event, reach
from tests.support.git import git
from tests.support.product import Product
from tests.support.store import make_task
from tests.support.waiting import wait_until


@pytest.mark.real
def test_the_branch_of_a_running_task_follows_its_work_and_leaves_the_checkout_alone(
    pair: Pair, product: Product, client: Client
) -> None:
    place = pair.repository
    (place / "src" / "code.py").write_text("not committed\n")
    git(place, "add", "src/code.py")
    (place / "draft").write_text("a secret\n")
    (place / "run").write_text("a draft\n")
    (place / ".gitignore").unlink()
    own = "git -c user.name=a -c user.email=a@b commit -qam x"
    work = f"echo two >> src/code.py; echo two > src/new.py; rm gone.py; chmod +x run; {own}; touch ready; {RELEASE}"
    task = create(client, work, place, workspace_mode="clone", title="Mend\nthe parser")
    reach(client, task.id, TaskState.RUNNING)
    copy = product.paths.workspaces / task.id
    wait_until((copy / "ready").exists, 20)
    before = pair.seen()
    first = git(place, "rev-parse", "HEAD").strip()
    made = product.json("task", "results", task.id, "--branch")
    name = f"parhelia/{task.id}"
    assert (made["outcome"], made["branch"], made["start"]) == ("created", name, first)
    assert (made["added"], made["changed"]) == (["ready", "src/new.py"], ["run", "src/code.py"])
    assert (made["deleted"], made["untouched"]) == (["gone.py"], [".gitignore", "draft"])
    assert git(place, "rev-parse", name).strip() == made["commit"]
    assert git(place, "log", "--format=%an %s%n%b", f"main..{name}").split("\n")[:2] == [
        "Parhelia Mend the parser",
        f"Parhelia-Task: {task.id}",
    ]
    assert git(place, "diff", "--summary", f"main...{name}", "--", "run").strip() == (
        "mode change 100644 => 100755 run"
    )
    assert git(place, "show", f"{name}:src/code.py") == "not committed\ntwo\n"
    assert pair.seen() == before
    told = event(client, "task.branch_made", task_id=task.id)
    assert told.data["commit"] == made["commit"]
    assert told.data["by"] == "local"
    assert client.branches.make(task).outcome == "unchanged"
    (copy / "go").touch()
    end_of(client, task.id)
    again = product.run("task", "results", task.id, "--branch")
    assert again.returncode == 0
    assert f"{name}, updated" in again.stdout
    assert "  + go\n" in again.stdout
    assert git(place, "rev-list", "--count", f"main..{name}").strip() == "1"
    assert pair.seen() == before


def test_where_nothing_changed_there_is_no_branch(pair: Pair) -> None:
    pair.store()
    (pair.copy / "src" / "code.py").touch()
    (pair.copy / "made.log").write_text("ignored\n")
    made = pair.ask()
    assert (made["outcome"], made["commit"], made["added"]) == ("nothing", "", [])
    assert git(pair.repository, "branch", "--list", "parhelia/*") == ""
    assert "none: it is as" in pair.product.run("task", "results", TASK, "--branch").stdout


def test_what_the_start_commit_ignores_is_left_out_unless_it_is_asked_for(pair: Pair) -> None:
    pair.store()
    (pair.copy / "build").mkdir()
    for name in ("made.log", "build/out", "kept"):
        (pair.copy / name).write_text("made\n")
    # Rules that the task made hide nothing, and its taking rules away shows nothing.
    (pair.copy / ".gitignore").write_text("kept\n")
    assert pair.bring().added == ("kept",)
    made = pair.ask("all", "--ignored")
    assert (made["branch"], made["added"]) == ("all", ["build/out", "kept", "made.log"])


def test_names_of_all_kinds_come_through(pair: Pair) -> None:
    names = {'a "b"\n\\c', ":(top)x", "-x", "*", os.fsdecode(b"\xff"), "\u6f22", "trailing "}
    pair.store()
    for name in names:
        (pair.copy / name).write_text(name.encode("utf-8", "surrogateescape").hex())
    assert set(pair.bring().added) == names
    assert names < pair.files()
    shown = pair.product.run("task", "results", TASK, "--branch").stdout
    assert '  + a "b" \\c' in shown


def test_what_only_looks_different_on_disk_is_no_change(pair: Pair) -> None:
    place = pair.repository
    (place / ".gitattributes").write_text("*.txt text\n*.md eol=crlf\n* text=auto\n*.bin filter=lfs\n")
    for name in ("same.txt", "same.md", "auto", "other.txt", "large.bin"):
        (place / name).write_text("line\n")
    git(place, "add", ".")
    git(place, "commit", "-q", "-m", "second")
    pair.store()
    for name in ("same.txt", "same.md", "auto"):
        (pair.copy / name).write_bytes(b"line\r\n")
    (pair.copy / "other.txt").write_bytes(b"line\r\nmore\r\n")
    (pair.copy / "large.bin").write_bytes(b"what the filter made\n")
    made = pair.bring()
    assert (made.added, made.changed) == ((), ("other.txt",))
    assert made.left_out == (LeftOut("large.bin", "it passes a filter (filter=lfs)"),)
    assert git(place, "show", f"{BRANCH}:other.txt") == "line\nmore\n"
    assert git(place, "show", f"{BRANCH}:large.bin") == "line\n"


def test_work_of_others_is_never_moved(pair: Pair) -> None:
    place = pair.repository
    pair.store()
    (pair.copy / "new").write_text("new\n")
    exit_code, error = pair.product.error("task", "results", TASK, "--branch", "main")
    assert (exit_code, error["code"]) == (6, "E103")
    for name in ("a..b", "-x", "HEAD", "a b", "refs/"):
        assert pair.refused(name)[0] == "E101", name
    pair.bring()
    git(place, "switch", "-q", BRANCH)
    (pair.copy / "more").write_text("more\n")
    code, message = pair.refused()
    assert code == "E103"
    assert f"checked out in {place}" in message
    (place / "mine").write_text("mine\n")
    git(place, "add", "mine")
    git(place, "commit", "-q", "-m", "mine")
    git(place, "switch", "-q", "main")
    tip = git(place, "rev-parse", BRANCH)
    assert "holds other work" in pair.refused()[1]
    assert git(place, "rev-parse", BRANCH) == tip
    repository = repository_of(place)
    assert repository is not None
    with pytest.raises(ParheliaError, match="could not be moved") as caught:
        branch.move(over_refs(repository), f"refs/heads/{BRANCH}", tip.strip(), "1" * 40, "too late")
    assert caught.value.code == "E104"


def test_a_directory_of_a_linked_work_tree_is_found(pair: Pair, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(pair.repository, "worktree", "add", "-q", "-b", "side", str(linked))
    (linked / "side").write_text("side\n")
    git(linked, "add", ".")
    git(linked, "commit", "-q", "-m", "side")
    pair.store(linked / "src")
    (pair.copy / "code.py").write_text("two\n")
    (pair.copy / "x.log").write_text("ignored by the rules above\n")
    made = pair.bring()
    assert (made.repository, made.added, made.changed) == (str(linked), (), ("src/code.py",))
    assert git(linked, "log", "--format=%s", f"main..{BRANCH}").splitlines() == ["Mend the parser", "side"]
    assert "side" in pair.files()


def test_a_task_that_goes_on_from_anothers_checkpoint_is_of_its_repository(pair: Pair) -> None:
    pair.store()
    fork = pair.copy.with_name("t-0000000b")
    shutil.copytree(pair.copy, fork)
    (fork / "new").write_text("new\n")
    (fork / ".git" / "HEAD").write_text(f"{'1' * 40}\n")
    db = open_migrated(pair.product.paths.database)
    with writing(db) as tx:
        kept = checkpoints.add(
            tx, "cp-0000000a", tasks.get(tx, TASK), None, Trigger.MANUAL, 1000.0, workspace="/"
        )
        made = tasks.add(tx, make_task(fork.name, workspace=str(fork), workspace_mode="empty"))
        made = tasks.update(tx, made, resume_from=kept.id)
        containers.add(tx, "c-0000000b", made, attempt=1, workspace=str(fork), slot=1, at=1000.0)
    db.close()
    with closing(pair.product.client()) as door:
        done = door.branches.make(made)
    assert (done.branch, done.start, done.added) == (
        f"parhelia/{fork.name}",
        git(pair.repository, "rev-parse", "main").strip(),
        ("new",),
    )


def test_each_part_of_a_group_has_a_branch_of_its_own(pair: Pair) -> None:
    pair.store(parent_id="t-0000000e", target="a", attempt=1)
    (pair.copy / "new").write_text("new\n")
    db = open_migrated(pair.product.paths.database)
    with writing(db) as tx:
        tasks.update(tx, tasks.get(tx, TASK), attempt=1)
        tasks.add(tx, make_task("t-0000000e", parts=2, workspace=str(pair.repository)))
        tasks.add(tx, make_task("t-0000000b", parent_id="t-0000000e", target="not begun"))
    db.close()
    (made,) = pair.product.json("task", "results", "t-0000000e", "--branch")
    assert (made["branch"], made["added"]) == (BRANCH, ["new"])
    assert pair.product.error("task", "merge", "t-0000000e")[0] == 6
    code, error = pair.product.error("task", "results", "t-0000000e", "--branch", "name")
    assert (code, error["code"]) == (2, "E100")


def test_without_a_copy_or_a_repository_there_is_no_branch(pair: Pair, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    pair.store(bare)
    code, message = pair.refused()
    assert code == "E204"
    assert f"{bare} is in none" in message


def test_what_a_task_made_in_the_directory_itself_is_there_already(pair: Pair) -> None:
    pair.store(workspace_mode="shared")
    code, message = pair.refused()
    assert code == "E103"
    assert "is there already" in message
