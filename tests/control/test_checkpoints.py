"""Checkpoints of real tasks: taken, compared, restored, rolled back, gone on from, by the installed command."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Checkpoint
from parhelia_tui.core.model.states import CheckpointState, TaskState, Trigger
from tests.support.fleet import (
    RELEASE,
    configure,
    container_of,
    create,
    end_of,
    event,
    kill_controller,
    reach,
    shim_pid,
    types_of,
    workspace,
)
from tests.support.ordinary import ordinary_product
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

WAITS = f"echo one > one; {RELEASE}"
DEMO: dict[str, Any] = {"agent": "demo", "agent_options": {"seed": 5, "pace": 0, "ask": "always", "turns": 5}}
"""Asks before it makes anything, and goes on as soon as it is answered."""


def running(client: Client, place: Path, command: str = WAITS, **fields: Any) -> str:
    """Start a task, wait until its first file is there, and give its id."""
    task = create(client, command, place, **fields)
    reach(client, task.id, TaskState.RUNNING)
    wait_until((place / "one").exists, 20)
    return task.id


def taken(product: Product, task_id: str, *words: str) -> dict[str, Any]:
    """Take a checkpoint by command."""
    made: dict[str, Any] = product.json("checkpoint", "create", task_id, *words)
    return made


def ready(client: Client, task_id: str, trigger: Trigger, count: int = 1) -> list[Checkpoint]:
    """Wait for so many checkpoints of a kind, and give them, the newest first."""

    def found() -> list[Checkpoint]:
        return [
            each
            for each in client.checkpoints.of(client.task(task_id))
            if each.trigger is trigger and each.state is CheckpointState.READY
        ]

    wait_until(lambda: len(found()) >= count, 30)
    return found()


def test_a_checkpoint_says_what_it_holds_and_comes_back_whole(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    (place / "deep" / "er").mkdir(parents=True)
    (place / "deep" / "er" / "file").write_bytes(b"\x00\xff")
    (place / "link").symlink_to("deep")
    task_id = running(client, place)
    made = taken(product, task_id, "--note", "the first", "--tag", "mine")
    assert (made["trigger"], made["state"], made["files"]) == ("manual", "ready", 3)
    assert made["environment"]["agent"] == "shell"
    assert made["pause_s"] < made["took_s"]
    (place / "two").write_text("2")
    (place / "deep" / "er" / "file").write_text("other")
    (place / "link").unlink()
    found = product.json("checkpoint", "diff", "mine")
    paths = {name: sorted(each["path"] for each in found[name]) for name in found}
    assert paths["added"] == ["two"]
    assert paths["deleted"] == ["link"]
    assert "deep/er/file" in paths["changed"]
    target = tmp_path / "then"
    product.json("checkpoint", "restore", "mine", str(target))
    assert (target / "deep" / "er" / "file").read_bytes() == b"\x00\xff"
    assert os.readlink(target / "link") == "deep"  # noqa: PTH115 - to the letter, which a Path is not
    assert sorted(each.name for each in target.iterdir()) == ["deep", "link", "one"]
    shown = product.run("checkpoint", "show", "mine").stdout
    assert "the first" in shown
    assert made["id"] in product.run("checkpoint", "list", task_id).stdout
    assert product.run("checkpoint", "verify").returncode == 0


def test_what_the_configuration_leaves_out_is_no_difference(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    configure(tmp_path, '[checkpoints]\nignore = ["*.log"]\n')
    (place / "noise.log").write_text("noise")
    task_id = running(client, place)
    made = taken(product, task_id)
    assert made["files"] == 1
    assert product.run("checkpoint", "diff", made["id"]).stdout == "no difference\n"


def test_what_is_written_at_full_speed_is_kept_at_one_moment(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    writes = "i=0; while :; do i=$((i+1)); echo $i > a; echo $i > b; : > one; done"
    task_id = running(client, place, writes)
    for number in range(3):
        made = taken(product, task_id)
        target = tmp_path / f"then-{number}"
        product.json("checkpoint", "restore", made["id"], str(target))
        # A file is emptied before it is written, so either may be empty; else one is at most a step ahead.
        first, second = ((target / name).read_text().strip() for name in ("a", "b"))
        if first and second:
            assert int(first) - int(second) in (0, 1)
        assert not made["skipped"]


def test_a_rollback_can_be_rolled_back(product: Product, client: Client, place: Path) -> None:
    task_id = running(client, place)
    made = taken(product, task_id)
    (place / "one").write_text("changed")
    (place / "two").write_text("2")
    done = product.json("checkpoint", "rollback", made["id"], "--yes")
    assert (place / "one").read_text() == "one\n"
    assert not (place / "two").exists()
    assert client.task(task_id).state is TaskState.RUNNING
    product.json("checkpoint", "rollback", done["safety_id"], "--yes")
    assert (place / "one").read_text() == "changed"
    assert (place / "two").read_text() == "2"
    assert event(client, "workspace.rolled_back", task_id=task_id).data["safety_id"] == done["safety_id"]
    (place / "go").touch()
    assert end_of(client, task_id).state is TaskState.COMPLETED


def test_no_work_of_others_vanishes_by_a_rollback(product: Product, client: Client, place: Path) -> None:
    task_id = running(client, place)
    made = taken(product, task_id)
    other = create(client, RELEASE, place)
    reach(client, other.id, TaskState.RUNNING)
    (place / "two").write_text("2")
    _, error = product.error("checkpoint", "rollback", made["id"], "--yes")
    assert error["code"] == "E103"
    assert container_of(client, other.id).id in error["message"]
    assert (place / "two").exists()


@pytest.mark.long
def test_a_rollback_that_is_killed_is_finished_by_the_next_controller(
    product: Product, client: Client, place: Path
) -> None:
    for number in range(400):
        (place / f"file-{number}").write_text("before")
    task_id = running(client, place)
    made = taken(product, task_id)
    for number in range(400):
        (place / f"file-{number}").write_text("after")
    command = product.start("checkpoint", "rollback", made["id"], "--yes", "--json")
    wait_until(lambda: len(client.checkpoints.of(client.task(task_id))) == 2, 20)
    kill_controller(product)
    client.ensure_controller()
    command.communicate(timeout=60)
    assert command.returncode == 0
    assert {(place / f"file-{number}").read_text() for number in range(400)} == {"before"}
    safety = ready(client, task_id, Trigger.ROLLBACK)[0]
    product.json("checkpoint", "rollback", safety.id, "--yes")
    assert {(place / f"file-{number}").read_text() for number in range(400)} == {"after"}


@pytest.mark.long
def test_an_agent_goes_on_where_its_talk_was(product: Product, client: Client, place: Path) -> None:
    task = create(client, "merge intervals", place, **DEMO)
    reach(client, task.id, TaskState.WAITING)
    made = taken(product, task.id)
    assert made["conversation"]
    client.cancel_task(task.id)
    end_of(client, task.id)
    (place / "stray").write_text("not of the agent")
    product.json("resume", task.id, "--from", made["id"])
    reach(client, task.id, TaskState.WAITING)
    assert not (place / "stray").exists()
    assert client.task(task.id).attempt == 2
    # What it prints and what it reports come on two ways.
    wait_until(lambda: any("go on where I was" in line for line in client.log_tail(task.id)), 20)
    assert event(client, "task.resumed", task_id=task.id).data["checkpoint_id"] == made["id"]
    product.run("session", "send", task.id, "y")
    assert end_of(client, task.id).state is TaskState.COMPLETED
    assert (place / "intervals" / "intervals.py").exists()


def test_the_files_may_stay_as_they_are_while_the_talk_goes_on(
    product: Product, client: Client, place: Path
) -> None:
    task = create(client, "merge intervals", place, **DEMO)
    reach(client, task.id, TaskState.WAITING)
    taken(product, task.id)
    client.cancel_task(task.id)
    end_of(client, task.id)
    (place / "mine").write_text("kept")
    product.json("resume", task.id, "--keep-workspace")
    reach(client, task.id, TaskState.WAITING)
    assert (place / "mine").read_text() == "kept"


def test_what_is_at_work_or_has_no_checkpoint_is_not_resumed(
    product: Product, client: Client, place: Path
) -> None:
    task_id = running(client, place)
    assert product.error("resume", task_id)[1]["code"] == "E103"
    (place / "go").touch()
    end_of(client, task_id)
    assert product.error("resume", task_id)[1]["code"] == "E202"
    assert product.error("checkpoint", "show", "cp-00000000")[1]["code"] == "E202"


@pytest.mark.long
def test_a_container_that_dies_is_followed_by_another_once_and_then_a_person_is_asked(
    product: Product, client: Client, place: Path
) -> None:
    task = create(client, "merge intervals", place, **DEMO)
    reach(client, task.id, TaskState.WAITING)
    made = taken(product, task.id)
    os.kill(shim_pid(product, container_of(client, task.id).id), signal.SIGKILL)
    wait_until(lambda: client.task(task.id).attempt == 2, 30)
    reach(client, task.id, TaskState.WAITING)
    assert event(client, "task.recovering", task_id=task.id).data["checkpoint_id"] == made["id"]
    os.kill(shim_pid(product, container_of(client, task.id).id), signal.SIGKILL)
    reviewed = reach(client, task.id, TaskState.NEEDS_REVIEW)
    assert "supervisor was killed" in reviewed.reason
    said = product.json("session", "recover", task.id)
    assert said["actions"] == ["resume", "rollback", "retry", "inspect"]
    assert said["checkpoint"]["task_id"] == task.id
    product.json("session", "recover", task.id, "--action", "resume")
    reach(client, task.id, TaskState.WAITING)
    client.cancel_task(task.id)
    end_of(client, task.id)


@pytest.mark.long
def test_what_an_attempt_said_is_not_told_of_the_next_one(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    configure(tmp_path, "[controller]\nmax_containers = 1\n")
    task = create(client, "merge intervals", place, **DEMO)
    reach(client, task.id, TaskState.WAITING)
    wait_until(lambda: client.task(task.id).last_line, 20)
    taken(product, task.id)
    # It takes the place of the one that dies, so that the next attempt has to wait.
    other = create(client, RELEASE, workspace(tmp_path, "other"), priority=9)
    os.kill(shim_pid(product, container_of(client, task.id).id), signal.SIGKILL)
    reach(client, other.id, TaskState.RUNNING, deadline_s=30)
    waits = client.task(task.id)
    assert (waits.state, waits.attempt, waits.last_line) == (TaskState.PENDING, 1, "")
    (tmp_path / "other" / "go").touch()
    reach(client, task.id, TaskState.WAITING, deadline_s=30)


@pytest.mark.long
def test_a_container_without_a_sign_of_life_is_followed_by_another(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    configure(
        tmp_path,
        "[health]\nheartbeat_s = 0.2\nstale_s = 60\n[controller]\nhealth_s = 0.1\n[local]\ngrace_s = 0\n",
    )
    task = create(client, "merge intervals", place, **DEMO)
    reach(client, task.id, TaskState.WAITING)
    taken(product, task.id)
    supervisor = shim_pid(product, container_of(client, task.id).id)
    # Its terminal server would let it go on at once (tmux, server_child_stopped).
    os.kill(int(Path(f"/proc/{supervisor}/stat").read_text().rpartition(")")[2].split()[1]), signal.SIGSTOP)
    os.kill(supervisor, signal.SIGSTOP)
    wait_until(lambda: client.task(task.id).attempt == 2, 60)
    reach(client, task.id, TaskState.WAITING)
    assert "no heartbeat" in event(client, "task.recovering", task_id=task.id).message


@pytest.mark.long
def test_checkpoints_come_by_themselves_while_there_is_something_new(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    configure(tmp_path, "[checkpoints]\nautomatic = 'all'\nperiodic_s = 0.3\n[controller]\nhealth_s = 0.1\n")
    # Before it begins: the first one may come before the command has done anything.
    (place / "one").write_text("one\n")
    task_id = running(client, place, RELEASE)
    first = ready(client, task_id, Trigger.PERIODIC)[-1]
    assert first.changed_files == 1
    seen: set[str] = set()

    def others_came_and_went() -> bool:
        seen.update(each.id for each in client.checkpoints.of())
        return len(seen) >= 4

    # Some more are begun, find nothing new, and are not kept.
    wait_until(others_came_and_went, 30)
    assert len(ready(client, task_id, Trigger.PERIODIC)) == 1
    assert types_of(client, task_id=task_id).count("checkpoint.created") == 1
    (place / "two").write_text("2")
    second = ready(client, task_id, Trigger.PERIODIC, 2)[0]
    assert (second.parent, second.changed_files) == (first.id, 1)


@pytest.mark.parametrize(("command", "trigger"), [("true", Trigger.END), ("exit 3", Trigger.ERROR)])
def test_the_end_is_kept(
    product: Product, client: Client, place: Path, tmp_path: Path, command: str, trigger: Trigger
) -> None:
    configure(tmp_path, "[checkpoints]\nautomatic = 'all'\n")
    task = create(client, f"echo one > one; {command}", place)
    end_of(client, task.id)
    assert ready(client, task.id, trigger)[0].files == 1


def test_a_command_is_kept_when_asked_for_alone(product: Product, client: Client, place: Path) -> None:
    task = create(client, "echo one > one", place)
    end_of(client, task.id)
    after = create(client, "true", place)
    end_of(client, after.id)
    client.reconcile()
    assert client.checkpoints.of() == []
    assert taken(product, task.id)["files"] == 1


def test_a_checkpoint_is_taken_though_the_controller_is_killed(
    product: Product, client: Client, place: Path
) -> None:
    for number in range(2000):
        (place / f"file-{number}").write_text(str(number))
    task_id = running(client, place)
    wanted = client.checkpoints.create(client.task(task_id))
    wait_until(lambda: client.checkpoints.get(wanted.id).state is not CheckpointState.PENDING, 20)
    kill_controller(product)
    client.ensure_controller()
    done = client.checkpoints.wait(wanted.id, lambda said: None)
    assert done is not None
    assert done.files == 2001
    assert product.run("checkpoint", "verify").returncode == 0


def test_two_at_once_an_empty_workspace_and_none_at_all(
    product: Product, client: Client, tmp_path: Path
) -> None:
    place = workspace(tmp_path, "empty")
    task = create(client, "until [ -e /workspace/go ]; do sleep 0.02; done", place)
    reach(client, task.id, TaskState.RUNNING)
    both = [client.checkpoints.create(client.task(task.id)) for _ in range(2)]
    done = [client.checkpoints.wait(each.id, lambda said: None) for each in both]
    assert [each.files for each in done if each is not None] == [0, 0]
    (place / "go").touch()
    end_of(client, task.id)
    (place / "go").unlink()
    place.rmdir()
    _, error = product.error("checkpoint", "create", task.id)
    assert error["code"] == "E204"


def test_a_task_of_its_own_goes_on_from_a_checkpoint(product: Product, client: Client, place: Path) -> None:
    task_id = running(client, place)
    made = taken(product, task_id)
    (place / "two").write_text("2")
    forked = product.json("checkpoint", "restore", made["id"], "--container")
    reach(client, forked["id"], TaskState.RUNNING)
    there = Path(client.task(forked["id"]).workspace)
    assert there != place
    # Its command begins anew, and empties the file first.
    wait_until(lambda: (there / "one").read_text() == "one\n", 20)
    assert not (there / "two").exists()


@pytest.mark.long
def test_protected_and_tagged_ones_stay_and_the_rest_goes_by_count(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    task_id = running(client, place)
    ids = []
    for number in range(5):
        (place / "count").write_text(str(number) * 10_000)
        ids.append(taken(product, task_id)["id"])
    product.json("checkpoint", "protect", ids[0])
    product.json("checkpoint", "tag", ids[1], "kept")
    assert product.error("checkpoint", "delete", ids[0])[1]["code"] == "E103"
    product.json("checkpoint", "delete", ids[2], "--yes")
    configure(tmp_path, "[checkpoints]\nkeep = 1\n")
    kill_controller(product)
    client.ensure_controller()
    wait_until(lambda: [each.id for each in client.checkpoints.of()] == [ids[4], ids[1], ids[0]], 20)
    product.json("checkpoint", "gc")
    assert product.run("checkpoint", "verify").returncode == 0
    target = tmp_path / "then"
    product.json("checkpoint", "restore", "kept", str(target))
    assert (target / "count").read_text() == "1" * 10_000


def test_a_talk_that_became_a_link_to_elsewhere_is_not_followed(
    product: Product, client: Client, place: Path
) -> None:
    task = create(client, "merge intervals", place, **DEMO)
    reach(client, task.id, TaskState.WAITING)
    container = container_of(client, task.id)
    assert taken(product, task.id)["conversation"]
    talk = product.paths.container(container.id) / "home" / ".parhelia-demo"
    talk.rename(talk.with_name("gone"))
    talk.symlink_to("/etc")
    assert taken(product, task.id)["conversation"] == ""


def test_a_risky_step_waits_for_a_checkpoint(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    options = {"seed": 5, "pace": 0, "ask": "never", "turns": 5, "tidy": True}
    task = create(client, "merge intervals", place, agent="demo", agent_options=options)
    assert end_of(client, task.id).state is TaskState.COMPLETED
    test = Path("intervals") / "test_intervals.py"
    assert not (place / test).exists()
    before = ready(client, task.id, Trigger.RISKY)[0]
    assert before.note == f"rm {test}"
    product.json("checkpoint", "restore", before.id, str(tmp_path / "then"))
    assert (tmp_path / "then" / test).exists()


def test_a_risky_step_does_not_wait_where_none_is_wanted(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    configure(tmp_path, "[checkpoints]\nautomatic = 'none'\n")
    options = {"seed": 5, "pace": 0, "ask": "never", "turns": 5, "tidy": True}
    task = create(client, "merge intervals", place, agent="demo", agent_options=options)
    assert end_of(client, task.id).state is TaskState.COMPLETED
    assert client.checkpoints.of() == []


def test_a_directory_that_the_user_may_not_enter_is_named_and_all_else_is_kept() -> None:
    with ordinary_product() as product:
        place = product.home.parent / "work"
        shuts = "echo one > one; mkdir shut; echo x > shut/f; chmod 400 shut"
        done = product.run("run", "--workspace", str(place), shuts)
        assert done.returncode == 0, done.stderr
        task_id = product.json("task", "list", "--all")[0]["id"]
        for _ in range(2):
            made = product.json("checkpoint", "create", task_id)
            assert (made["files"], made["skipped"]) == (1, ["shut: permission denied"])
        (place / "shut").chmod(0o700)
        assert product.json("checkpoint", "create", task_id)["files"] == 2


def test_a_rollback_names_what_could_not_be_read_and_leaves_it() -> None:
    with ordinary_product() as product:
        place = product.home.parent / "work"
        done = product.run("run", "--workspace", str(place), "mkdir was is; echo x > was/f; echo y > is/f")
        assert done.returncode == 0, done.stderr
        task_id = product.json("task", "list", "--all")[0]["id"]
        before = product.json("checkpoint", "create", task_id)["id"]
        # One that is in the checkpoint, one that came after it, one within another that came after it.
        changes = (
            "mkdir -p new top/in; echo z | tee new/f top/in/f was/more; chmod 0 was new top/in; rm -r is"
        )
        done = product.run("run", "--workspace", str(place), changes)
        assert done.returncode == 0, done.stderr
        said = product.run("checkpoint", "rollback", "--yes", before)
        assert said.returncode == 0, said.stderr
        assert "left as it is, because no checkpoint has it: new, top/in, was" in said.stdout
        again = product.json("checkpoint", "rollback", "--yes", before)
        assert (again["kept"], again["replaced"]) == (["new", "top/in", "was"], 0)
        for shut in ("was", "new", "top/in"):
            (place / shut).chmod(0o700)
        assert (place / "is" / "f").read_text() == "y\n"
        assert [(place / each).read_text() for each in ("new/f", "top/in/f", "was/more")] == ["z\n"] * 3
