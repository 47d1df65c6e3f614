"""Workspaces: copied with all that lies in them, shared, new; strange names; never emptied by us."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.support.fleet import (
    RELEASE,
    configure,
    container_of,
    controller_pid,
    create,
    end_of,
    reach,
    types_of,
)
from tests.support.git import git
from tests.support.product import PARHELIA, Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real


@pytest.fixture
def repository(place: Path) -> Path:
    """A repository with a commit, a staged, an uncommitted, an untracked and an ignored file."""
    git(place, "init", "-q", "-b", "main")
    (place / "code.py").write_text("one\n")
    (place / ".gitignore").write_text("secret\n")
    git(place, "add", ".")
    git(place, "commit", "-q", "-m", "first")
    (place / "staged.py").write_text("staged\n")
    git(place, "add", "staged.py")
    (place / "code.py").write_text("two\n")
    (place / "untracked file").write_text("untracked\n")
    (place / "secret").write_text("ignored\n")
    (place / "link").symlink_to("code.py")
    return place


def tree(place: Path) -> dict[str, str]:
    """What lies in a directory, links as where they point."""
    found = {}
    for path in sorted(place.rglob("*")):
        name = str(path.relative_to(place))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = path.read_bytes().hex()
    return found


def test_a_clone_has_uncommitted_untracked_and_ignored_work_and_the_original_stays(
    product: Product, client: Client, repository: Path
) -> None:
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch '{repository.parent}/hook-ran'\n")
    hook.chmod(0o755)
    status = git(repository, "status", "--porcelain=v1", "--ignored")
    before = tree(repository)
    words = ("--workspace", str(repository), "--mode", "clone")
    made = product.json("task", "create", *words, "echo mine > code.py; rm secret; git status --porcelain=v1")
    task = end_of(client, made["id"])
    assert task.exit_code == 0
    assert not (repository.parent / "hook-ran").exists()
    copy = product.paths.workspaces / task.id
    assert container_of(client, task.id).workspace == str(copy)
    assert tree(repository) == before
    after = tree(copy)
    assert after.pop("code.py") == b"mine\n".hex()
    assert {name: text for name, text in before.items() if name not in ("code.py", "secret")} == after | {
        name: before[name] for name in (".git/index",)
    }
    assert git(copy, "rev-parse", "HEAD") == git(repository, "rev-parse", "HEAD")
    assert sorted(git(copy, "status", "--porcelain=v1", "--ignored").splitlines()) == sorted(
        line for line in status.splitlines() if line != "!! secret"
    )


def test_two_clones_see_nothing_of_each_other(product: Product, client: Client, place: Path) -> None:
    (place / "base").write_text("base")
    prompt = "ls > seen; echo $PARHELIA_TASK_ID > mine"
    one, two = (create(client, prompt, place, workspace_mode="clone") for _ in range(2))
    for task in (one, two):
        assert end_of(client, task.id).exit_code == 0
        copy = product.paths.workspaces / task.id
        assert (copy / "seen").read_text().split() == ["base", "seen"]
        assert (copy / "mine").read_text().strip() == task.id
        assert container_of(client, task.id).slot == 1
    assert sorted(entry.name for entry in place.iterdir()) == ["base"]
    assert types_of(client, types=("workspace.shared",)) == []


def test_a_retry_goes_on_in_the_clone_that_it_had(product: Product, client: Client, place: Path) -> None:
    (place / "base").write_text("base")
    task = create(client, "cat base; echo tried >> tries; exit 3", place, workspace_mode="clone")
    assert end_of(client, task.id).exit_code == 3
    (place / "base").write_text("changed since")
    client.retry_task(task.id)
    wait_until(lambda: client.task(task.id).attempt == 2, 20)
    assert end_of(client, task.id).exit_code == 3
    copy = product.paths.workspaces / task.id
    assert (copy / "tries").read_text() == "tried\ntried\n"
    assert (copy / "base").read_text() == "base"


def test_an_empty_workspace_is_new_and_private_and_kept(product: Product, client: Client) -> None:
    task = create(
        client, "ls -A > /tmp/seen; wc -c < /tmp/seen; pwd; echo work > work", None, workspace_mode="empty"
    )
    assert end_of(client, task.id).exit_code == 0
    assert client.log_tail(task.id) == ["0", "/workspace"]
    made = product.paths.workspaces / task.id
    assert (made / "work").read_text() == "work\n"
    assert made.stat().st_mode & 0o077 == 0


def test_a_shared_workspace_is_the_directory_itself(client: Client, place: Path) -> None:
    (place / "mine").write_text("mine")
    task = create(client, "cat mine; echo theirs > theirs; rm mine", place)
    assert end_of(client, task.id).exit_code == 0
    assert client.log_tail(task.id) == ["mine"]
    assert [entry.name for entry in place.iterdir()] == ["theirs"]
    assert container_of(client, task.id).workspace == str(place)


NAMES = [
    "with spaces",
    "with\nnewlines\nin it",
    "quotes ' \" $(touch x) `y`",
    "-rf",
    "ünïcödé 漢字 🙂",
    "a" * 200,
]


@pytest.mark.parametrize("mode", ["shared", "clone"])
def test_the_name_of_a_workspace_may_be_strange(
    product: Product, client: Client, tmp_path: Path, mode: str
) -> None:
    tasks = []
    for number, name in enumerate(NAMES):
        strange = tmp_path / "odd" / name
        strange.mkdir(parents=True)
        (strange / "mine").write_text(f"mine {number}")
        made = create(client, "cat mine; echo done > done", strange, workspace_mode=mode)
        tasks.append((strange, made.id))
    for number, (strange, task_id) in enumerate(tasks):
        ended = end_of(client, task_id, 60)
        assert (ended.exit_code, client.log_tail(task_id)) == (0, [f"mine {number}"])
        worked = strange if mode == "shared" else product.paths.workspaces / task_id
        assert (worked / "done").read_text() == "done\n"
    shown = product.json("task", "list")
    assert {each["workspace"] for each in shown} == {str(strange) for strange, _ in tasks}
    assert len(list((tmp_path / "odd").iterdir())) == len(NAMES)


@pytest.mark.parametrize("wrong", ["missing", "a file", "a broken link", "the state", "the home"])
def test_what_can_be_no_workspace_is_refused_in_words_and_nothing_is_stored(
    product: Product, client: Client, tmp_path: Path, wrong: str
) -> None:
    bad = tmp_path / "bad"
    if wrong == "a file":
        bad.write_text("text")
    elif wrong == "a broken link":
        bad.symlink_to(tmp_path / "nowhere")
    elif wrong == "the state":
        client.store_version()
        bad = product.home
    elif wrong == "the home":
        bad = Path.home()
    mode = "clone" if wrong == "missing" else "shared"
    code, error = product.error("task", "create", "--workspace", str(bad), "--mode", mode, "true")
    assert (code, error["code"]) == (1, "E204")
    assert str(bad) in error["message"]
    assert client.tasks() == []


def test_a_workspace_that_vanished_while_its_task_waited_fails_it_with_that_reason(
    client: Client, place: Path, tmp_path: Path
) -> None:
    configure(tmp_path, "[controller]\nmax_containers = 1\n")
    first = create(client, RELEASE, place)
    reach(client, first.id, TaskState.RUNNING)
    tasks = []
    for mode in ("shared", "clone"):
        doomed = tmp_path / mode
        doomed.mkdir()
        tasks.append(create(client, "true", doomed, workspace_mode=mode))
        doomed.rmdir()
    (place / "go").touch()
    for task in tasks:
        ended = end_of(client, task.id)
        assert ended.state is TaskState.FAILED
        assert ended.reason.startswith("E204: ")
        assert types_of(client, task_id=task.id)[-1] == "task.failed"


def test_an_unreadable_workspace_is_refused_in_words(product: Product, client: Client, place: Path) -> None:
    client.store_version()
    place.chmod(0)
    try:
        # Root may read everything; in a user namespace that maps nobody it has no more rights than others.
        done = subprocess.run(
            ["unshare", "-U", PARHELIA, "task", "create", "--workspace", str(place), "true"],
            env=product.environment(),
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        place.chmod(0o700)
    assert done.returncode == 1
    assert "E204" in done.stderr
    assert "cannot be read and written by this user" in " ".join(done.stderr.split())
    assert client.tasks() == []


def test_a_clone_that_may_not_read_all_fails_in_words_and_leaves_no_half(
    product: Product, client: Client, place: Path
) -> None:
    (place / "open").write_text("open")
    (place / "closed").mkdir(mode=0)
    client.store_version()
    controller = subprocess.Popen(
        ["unshare", "-U", sys.executable, "-P", "-m", "parhelia_tui.core.control"], env=product.environment()
    )
    try:
        assert controller_pid(product) == controller.pid
        task = end_of(client, create(client, "true", place, workspace_mode="clone").id)
    finally:
        controller.terminate()
        controller.wait(20)
        (place / "closed").chmod(0o700)
    assert task.state is TaskState.FAILED
    assert task.reason.startswith("E204: the workspace could not be copied: ")
    assert "Permission denied" in task.reason
    assert list(product.paths.workspaces.iterdir()) == []
    assert (place / "open").read_text() == "open"


def test_a_reconcile_while_a_workspace_is_copied_makes_no_second_copy(
    product: Product, client: Client, place: Path
) -> None:
    for number in range(2000):
        (place / f"file-{number}").write_text("x")
    tasks = [create(client, "ls | wc -l", place, workspace_mode="clone") for _ in range(2)]
    for task in tasks:
        reach(client, task.id, TaskState.DISPATCHING, TaskState.RUNNING, TaskState.COMPLETED)
    assert client.reconcile()["complete"] is True
    for task in tasks:
        ended = end_of(client, task.id)
        assert (ended.exit_code, ended.reason) == (0, "exit code 0")
        assert client.log_tail(task.id) == ["2000"]
    assert sorted(entry.name for entry in product.paths.workspaces.iterdir()) == sorted(
        task.id for task in tasks
    )


def test_a_cancelled_copy_leaves_no_half_and_the_original_whole(
    product: Product, client: Client, place: Path
) -> None:
    for number in range(3000):
        (place / f"file-{number}").write_text("x")
    task = create(client, "true", place, workspace_mode="clone")
    wait_until(
        lambda: any(product.paths.workspaces.glob("*.part")) or client.task(task.id).exit_code == 0, 20
    )
    client.cancel_task(task.id)
    end_of(client, task.id)
    wait_until(lambda: not any(product.paths.workspaces.glob("*.part")), 20)
    assert len(list(place.iterdir())) == 3000


@pytest.mark.parametrize("mode", ["shared", "clone", "empty"])
def test_cancel_and_cleanup_leave_what_is_in_a_workspace(
    product: Product, client: Client, place: Path, mode: str
) -> None:
    (place / "mine").write_text("mine")
    prompt = "mkdir -p deep/er; echo work > deep/er/work; touch ready; sleep 1000"
    task = create(client, prompt, None if mode == "empty" else place, workspace_mode=mode)
    worked = place if mode == "shared" else product.paths.workspaces / task.id
    wait_until((worked / "ready").exists, 20)
    product.json("task", "cancel", task.id)
    assert end_of(client, task.id).state is TaskState.CANCELLED
    assert product.json("cleanup", "--yes")["removed"] == [container_of(client, task.id).id]
    assert not product.paths.container(container_of(client, task.id).id).exists()
    assert (worked / "deep" / "er" / "work").read_text() == "work\n"
    assert (place / "mine").read_text() == "mine"
