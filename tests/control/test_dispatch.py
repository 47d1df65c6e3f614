"""From the queue into containers, and out of them again: limits, order, cancel, retry, failing starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from parhelia_tui.core.backends.local import run_directory
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import CONTAINER_LIVE, ContainerState, TaskState
from tests.support.fleet import (
    RELEASE,
    configure,
    container_of,
    create,
    end_of,
    event,
    kill_controller,
    reach,
    types_of,
)
from tests.support.product import Product
from tests.support.waiting import processes_with, wait_until

pytestmark = pytest.mark.real


def test_no_more_run_at_once_than_are_allowed(client: Client, place: Path, tmp_path: Path) -> None:
    configure(tmp_path, "[controller]\nmax_containers = 2\n")
    # Each waits a while until it is not alone, as a busy machine needs longer for a start than a command lasts, and
    # writes how many there are beside it then and a moment later.
    prompt = (
        "touch live-$PARHELIA_TASK_ID;"
        " for each in $(seq 50); do [ $(ls live-* | wc -l) -gt 1 ] && break; sleep 0.1; done;"
        " ls live-* | wc -l >> seen; sleep 0.1; ls live-* | wc -l >> seen; rm live-$PARHELIA_TASK_ID"
    )
    tasks = [create(client, prompt, place) for _ in range(6)]
    assert [end_of(client, task.id, 60).exit_code for task in tasks] == [0] * 6
    seen = [int(line) for line in (place / "seen").read_text().split()]
    assert max(seen) == 2


@pytest.mark.long
def test_higher_priority_goes_first_and_equals_in_their_order(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    configure(tmp_path, "[controller]\nmax_containers = 1\n")
    first = create(client, RELEASE, place)
    reach(client, first.id, TaskState.RUNNING)
    names = (("low", -5), ("middle-1", 0), ("high", 7), ("middle-2", 0), ("highest", 100))
    for name, priority in names:
        words = ("--workspace", str(place), "--priority", str(priority), f"echo {name} >> order")
        product.json("task", "create", *words)
    (place / "go").touch()
    wait_until(lambda: all(task.state is TaskState.COMPLETED for task in client.tasks()), 60)
    assert (place / "order").read_text().split() == ["highest", "high", "middle-1", "middle-2", "low"]


def test_two_tasks_share_a_workspace_each_with_a_slot_and_a_warning(client: Client, place: Path) -> None:
    prompt = f"echo $PARHELIA_SLOT >> slots; {RELEASE}; cat slots"
    one, two = create(client, prompt, place), create(client, prompt, place)
    for task in (one, two):
        reach(client, task.id, TaskState.RUNNING)
    wait_until(lambda: (place / "slots").exists() and len((place / "slots").read_text().split()) == 2, 10)
    assert sorted((place / "slots").read_text().split()) == ["1", "2"]
    assert sorted(container_of(client, task.id).slot for task in (one, two)) == [1, 2]
    warning = event(client, "workspace.shared")
    assert warning.level == "warning"
    assert str(place) in warning.message
    (place / "go").touch()
    assert {end_of(client, task.id).exit_code for task in (one, two)} == {0}


def test_a_slot_that_is_taken_fails_the_task_in_words(client: Client, place: Path) -> None:
    holds = create(client, RELEASE, place, slot=3)
    reach(client, holds.id, TaskState.RUNNING)
    assert container_of(client, holds.id).slot == 3
    second = end_of(client, create(client, "true", place, slot=3).id)
    assert second.state is TaskState.FAILED
    assert "slot 3" in second.reason
    assert container_of(client, holds.id).id in second.reason
    (place / "go").touch()
    end_of(client, holds.id)
    assert end_of(client, create(client, "true", place, slot=3).id).state is TaskState.COMPLETED


def test_cancel_while_pending(product: Product, client: Client, place: Path, tmp_path: Path) -> None:
    configure(tmp_path, "[controller]\nmax_containers = 1\n")
    first = create(client, RELEASE, place)
    reach(client, first.id, TaskState.RUNNING)
    waits = create(client, "echo ran > ran", place)
    product.json("task", "cancel", waits.id)
    ended = end_of(client, waits.id)
    assert (ended.state, ended.attempt) == (TaskState.CANCELLED, 0)
    assert client.containers_of(waits.id) == []
    (place / "go").touch()
    assert end_of(client, first.id).state is TaskState.COMPLETED
    assert not (place / "ran").exists()


def test_cancel_while_dispatching(product: Product, client: Client, place: Path) -> None:
    for number in range(3000):
        (place / f"file-{number}").write_text("x")
    task = create(client, "echo ran; sleep 1000", place, workspace_mode="clone")
    # Its event, as the state itself may be over before anybody has looked.
    event(client, "task.dispatching", task_id=task.id)
    product.json("task", "cancel", task.id)
    ended = end_of(client, task.id)
    assert ended.state is TaskState.CANCELLED
    assert ended.reason == "cancelled by the user"
    assert client.containers(tuple(CONTAINER_LIVE)) == []


def test_cancel_while_running(product: Product, client: Client, place: Path) -> None:
    marker = "86402"
    task = create(client, f"touch kept; sleep {marker}", place)
    wait_until(lambda: processes_with(marker) != [], 20)
    wait_until((place / "kept").exists, 10)
    product.json("task", "cancel", task.id)
    ended = end_of(client, task.id)
    assert (ended.state, ended.reason) == (TaskState.CANCELLED, "cancelled by the user")
    assert container_of(client, task.id).state is ContainerState.TERMINATED
    assert processes_with(marker) == []
    assert (place / "kept").exists()
    told = types_of(client, task_id=task.id)
    assert (
        told.index("task.cancel_requested") < told.index("container.stopping") < told.index("task.cancelled")
    )
    assert client.attempts(task.id)[0].state is TaskState.CANCELLED


def test_cancel_while_waiting(product: Product, client: Client, place: Path) -> None:
    task = create(client, "a demo", place, agent="demo", agent_options={"ask": "always", "pace": 0})
    asked = reach(client, task.id, TaskState.WAITING)
    assert asked.question
    product.json("task", "cancel", task.id)
    ended = end_of(client, task.id)
    assert (ended.state, ended.question) == (TaskState.CANCELLED, "")


def test_what_ignores_being_asked_to_end_is_ended(client: Client, place: Path, tmp_path: Path) -> None:
    configure(tmp_path, "[local]\ngrace_s = 0.2\n")
    prompt = "trap '' TERM HUP INT; echo trapped > trapped; while :; do sleep 0.05; done"
    task = create(client, prompt, place)
    wait_until((place / "trapped").exists, 20)
    client.cancel_task(task.id)
    assert end_of(client, task.id).state is TaskState.CANCELLED


def test_work_that_was_done_before_the_cancel_arrived_counts_as_done(
    product: Product, client: Client, place: Path
) -> None:
    task = create(client, RELEASE, place)
    reach(client, task.id, TaskState.RUNNING)
    run = product.paths.container(container_of(client, task.id).id)
    kill_controller(product)
    (place / "go").touch()
    wait_until(lambda: run_directory.exit_of(run) is not None, 10)
    assert client.cancel_task(task.id).state is TaskState.RUNNING
    assert end_of(client, task.id).state is TaskState.COMPLETED


def test_cancel_of_an_ended_task_is_refused(product: Product, client: Client, place: Path) -> None:
    task = create(client, "exit 3", place)
    end_of(client, task.id)
    code, error = product.error("task", "cancel", task.id)
    assert (code, error["code"]) == (6, "E103")
    assert "failed already" in error["message"]
    assert client.task(task.id).exit_code == 3


def test_retry_of_an_ended_task_is_a_new_attempt_in_a_new_container(
    product: Product, client: Client, place: Path
) -> None:
    task = create(client, "echo $PARHELIA_ATTEMPT >> attempts; [ -e done ] || { touch done; exit 9; }", place)
    assert end_of(client, task.id).exit_code == 9
    product.json("task", "retry", task.id)
    again = reach(client, task.id, TaskState.COMPLETED)
    assert (again.attempt, again.exit_code, again.reason) == (2, 0, "exit code 0")
    assert (place / "attempts").read_text().split() == ["1", "2"]
    attempts = client.attempts(task.id)
    assert [(each.number, each.exit_code) for each in attempts] == [(1, 9), (2, 0)]
    assert len({each.container_id for each in attempts}) == 2


def test_retry_of_a_cancelled_task_runs_it(client: Client, place: Path, product: Product) -> None:
    task = create(client, f"{RELEASE}; exit 2", place)
    reach(client, task.id, TaskState.RUNNING)
    client.cancel_task(task.id)
    assert end_of(client, task.id).state is TaskState.CANCELLED
    (place / "go").touch()
    product.json("task", "retry", task.id)
    wait_until(lambda: client.task(task.id).exit_code == 2, 20)
    assert client.task(task.id).state is TaskState.FAILED


def test_retry_of_what_still_runs_is_refused(product: Product, client: Client, place: Path) -> None:
    task = create(client, RELEASE, place)
    reach(client, task.id, TaskState.RUNNING)
    code, error = product.error("task", "retry", task.id)
    assert (code, error["code"]) == (6, "E103")
    (place / "go").touch()
    assert end_of(client, task.id).attempt == 1


def test_a_start_that_fails_fails_the_task_with_the_reason(client: Client, place: Path) -> None:
    doomed = create(client, "true", place)
    end_of(client, doomed.id)
    # It was there when it was checked at the door.
    place.rmdir()
    client.retry_task(doomed.id)
    wait_until(lambda: client.task(doomed.id).state is TaskState.FAILED, 20)
    failed = client.task(doomed.id)
    assert failed.reason.startswith("E204: ")
    assert "does not exist" in failed.reason
    assert container_of(client, doomed.id).state is ContainerState.FAILED
    assert types_of(client, container_id=container_of(client, doomed.id).id) == [
        "task.dispatching",
        "container.failed",
        "task.failed",
    ]
    assert client.attempts(doomed.id)[-1].reason == failed.reason


def test_a_program_that_is_not_there_fails_with_the_shells_code(client: Client, place: Path) -> None:
    ended = end_of(client, create(client, "exec no-such-program", place).id)
    assert (ended.state, ended.exit_code) == (TaskState.FAILED, 127)


def test_every_step_of_a_task_has_its_event(client: Client, place: Path) -> None:
    task = create(client, "exit 6", place)
    end_of(client, task.id)
    assert types_of(client, task_id=task.id) == [
        "task.created",
        "task.dispatching",
        "container.started",
        "task.running",
        "container.stopped",
        "task.failed",
    ]
