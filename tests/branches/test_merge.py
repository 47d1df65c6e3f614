"""A merge moves a branch only when it is whole and has passed its gate, and never under anybody's feet."""

from __future__ import annotations

from contextlib import closing

import pytest

from parhelia_tui.core.branches.merge import Merged, MergeOutcome
from parhelia_tui.core.model.errors import Exit, ParheliaError
from parhelia_tui.core.model.states import TaskState
from tests.branches.conftest import BRANCH, TASK, Pair
from tests.support.fleet import end_of, types_of
from tests.support.git import git
from tests.support.waiting import wait_until


@pytest.fixture
def done(pair: Pair) -> Pair:
    """A completed task that has changed a file; meanwhile another one changed on main, and `side` is free."""
    pair.store(state=TaskState.COMPLETED, exit_code=0)
    (pair.copy / "src" / "code.py").write_text("two\n")
    place = pair.repository
    git(place, "branch", "side")
    (place / "gone.py").write_text("other\n")
    git(place, "commit", "-qam", "other")
    git(place, "branch", "free")
    return pair


def merge(pair: Pair, into: str = "", gate: str = "") -> Merged:
    """Merge as the command does, without the second that its start takes."""
    with closing(pair.product.client()) as door:
        return door.merges.merge(door.task(TASK), into, gate, print).merged


def refused(pair: Pair, into: str = "", gate: str = "") -> ParheliaError:
    """Try to merge, and give the error."""
    with pytest.raises(ParheliaError) as caught:
        merge(pair, into, gate)
    return caught.value


@pytest.mark.real
def test_a_branch_moves_only_when_the_merged_files_pass_the_gate(done: Pair) -> None:
    place, before = done.repository, done.seen()
    free = git(place, "rev-parse", "free").strip()
    gate = "grep -q two src/code.py && grep -q other gone.py && [ ! -e .git ] && exit 3"
    error = refused(done, "free", gate)
    assert (error.code, error.exit) == ("E605", Exit.GATE)
    assert "ended with 3" in error.message
    assert git(place, "rev-parse", "free").strip() == free
    green = gate.replace("exit 3", "touch made")
    made = done.product.json("task", "merge", TASK, "--into", "free", "--gate", green)
    assert (made["outcome"], made["before"]) == ("merged", free)
    assert git(place, "rev-parse", "free").strip() == made["commit"]
    assert git(place, "show", "free:src/code.py", "free:gone.py") == "two\nother\n"
    assert git(place, "log", "--merges", "--format=%an %s", "free").strip() == (
        f"Parhelia Merge {BRANCH} into free"
    )
    assert "made" not in done.files("free")
    assert list(done.product.paths.workspaces.glob("merge-*")) == []
    assert merge(done, "free").outcome is MergeOutcome.NOTHING
    assert done.seen() == before
    with closing(done.product.client()) as door:
        assert {"task.merge_refused", "task.merge_merged"} <= set(types_of(door, task_id=TASK))


@pytest.mark.real
def test_the_gate_of_a_merge_is_not_listed_among_the_tasks_that_somebody_asked_for(done: Pair) -> None:
    run = done.product.json
    made = run("task", "merge", TASK, "--into", "free", "--gate", "true")
    assert [each["id"] for each in run("task", "list")] == [TASK]
    assert {each["id"]: each["gate_of"] for each in run("task", "list", "--all")} == {
        TASK: "",
        made["gate_task"]: TASK,
    }
    (line,) = (
        each
        for each in done.product.run("task", "list", "--all").stdout.splitlines()
        if each.startswith(made["gate_task"])
    )
    assert line.split()[-3] == "gate"
    assert ["gate", "of", TASK] in map(
        str.split, done.product.run("task", "show", made["gate_task"]).stdout.splitlines()
    )


@pytest.mark.real
@pytest.mark.long
def test_what_a_killed_merge_leaves_is_removed_when_its_gate_has_ended(done: Pair) -> None:
    workspaces = done.product.paths.workspaces
    git(done.repository, "branch", "another", "free")
    waits = "touch here; until [ -e go ]; do sleep 0.1; done"
    killed = done.product.start("task", "merge", TASK, "--into", "free", "--gate", waits)
    wait_until(lambda: list(workspaces.glob("merge-*/here")), 30)
    killed.kill()
    killed.wait()
    (left,) = workspaces.glob("merge-*")
    merge(done, "free", "true")
    assert list(workspaces.glob("merge-*")) == [left], "something works in it still"
    (left / "go").touch()
    with closing(done.product.client()) as door:
        (gate,) = door.tasks(workspace=str(left))
        end_of(door, gate.id)
    merge(done, "another", "true")
    assert list(workspaces.glob("merge-*")) == []


def test_into_what_is_checked_out_only_its_user_merges(done: Pair) -> None:
    place = done.repository
    (place / "run").write_text("changed\n")
    error = refused(done)
    assert error.code == "E103"
    assert f"{place} has changes" in error.message
    git(place, "checkout", "-q", "run")
    (place / "untracked").write_text("mine\n")
    before, main = done.seen(), git(place, "rev-parse", "main")
    done_by_command = done.product.run("task", "merge", TASK)
    assert done_by_command.returncode == 0
    command = f"git -C {place} merge --ff-only {BRANCH}-merge"
    assert f"now type    {command}\n" in done_by_command.stdout
    assert (done.seen(), git(place, "rev-parse", "main")) == (before, main)
    git(place, *command.split()[3:])
    assert (place / "src" / "code.py").read_text() == "two\n"
    assert (place / "gone.py").read_text() == "other\n"


def test_a_conflict_is_told_by_file_and_changes_nothing(done: Pair) -> None:
    place = done.repository
    git(place, "switch", "-q", "free")
    (place / "src" / "code.py").write_text("three\n")
    git(place, "commit", "-qam", "three")
    git(place, "switch", "-q", "main")
    free = git(place, "rev-parse", "free")
    error = refused(done, "free")
    assert (error.code, error.exit, error.details["files"]) == ("E604", Exit.GATE, ["src/code.py"])
    assert git(place, "rev-parse", "free") == free
    made = merge(done, "side")
    assert (made.outcome, made.commit) == (MergeOutcome.MERGED, git(place, "rev-parse", BRANCH).strip())


def test_what_is_not_completed_is_not_merged(pair: Pair) -> None:
    pair.store(state=TaskState.FAILED)
    (pair.copy / "new").write_text("new\n")
    assert refused(pair).code == "E103"
    assert git(pair.repository, "branch", "--list", "parhelia/*") == ""
