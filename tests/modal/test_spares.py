"""Sandboxes that are kept ready for the next task: taken once, paid for, seen, and ended when nobody wants them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.meter.sandboxes import second_of
from parhelia_tui.core.model.records import Limits
from parhelia_tui.core.model.spares import Spare, SpareState
from tests.egress.upstream import KEY
from tests.support.fleet import configure, controller_pid, end_of, event, kill_controller, types_of
from tests.support.modal_provider import Provider
from tests.support.product import Product
from tests.support.waiting import process_is_there, wait_until

pytestmark = pytest.mark.real

WAIT_S = 90.0
MODAL = ("--backend", "modal", "--mode", "empty", "--agent", "shell")
ONE = "[modal]\nspares = 1\n"


def spares(cloud: Product) -> tuple[Spare, ...]:
    """The spares that there are, as every front sees them."""
    return Client(cloud.paths).controller_status().spares


def waiting(cloud: Product, number: int = 1) -> list[str]:
    """Wait until so many are ready, and give their ids."""

    def ready() -> list[str]:
        return [each.id for each in spares(cloud) if each.state is SpareState.WAITING]

    wait_until(lambda: len(ready()) == number, WAIT_S)
    return ready()


def ran(cloud: Product, command: str, *more: str) -> dict[str, Any]:
    """Run a task at the provider to its good end, and give it."""
    task_id = cloud.json("task", "create", *MODAL, *more, command)["id"]
    end_of(Client(cloud.paths), task_id, WAIT_S)
    shown: dict[str, Any] = cloud.json("task", "show", task_id)
    assert shown["state"] == "completed", shown["reason"]
    return shown


def left(cloud: Product, tmp_path: Path) -> str:
    """Have a sandbox kept ready whose controller was killed, and give its id."""
    configure(tmp_path, ONE)
    ran(cloud, "true")
    (spare,) = waiting(cloud)
    kill_controller(cloud)
    return spare


def names(provider: Provider) -> list[str]:
    """The names of the sandboxes that run."""
    return [str(each["name"]) for each in provider.sandboxes()]


def test_the_next_task_gets_the_sandbox_that_was_kept_ready(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, ONE)
    first = ran(cloud, "echo first")
    (spare,) = waiting(cloud)
    assert spare != first["container_id"]
    provider.order("mend")
    # From here on none can be made: what runs has to run in the one that is there.
    provider.order("fault", rpc="SandboxCreate*", times=1000, status="RESOURCE_EXHAUSTED")
    second = ran(cloud, "echo second; cat /proc/sys/kernel/random/uuid > made")
    assert second["container_id"] == spare
    assert (cloud.paths.workspaces / second["id"] / "made").read_text().count("-") == 4
    assert "second" in cloud.run("task", "logs", second["id"]).stdout
    client = Client(cloud.paths)
    assert types_of(client, container_id=spare)[:3] == ["spare.made", "spare.taken", "task.dispatching"]
    assert "reconcile.incomplete" not in types_of(client)


def test_it_is_seen_and_paid_for_and_is_no_orphan(cloud: Product, tmp_path: Path) -> None:
    configure(tmp_path, ONE)
    ran(cloud, "true")
    (spare,) = waiting(cloud)
    assert cloud.json("reconciler", "run")["orphans"] == []
    assert cloud.json("cleanup", "--terminate", "--dry-run")["orphans"] == []
    assert "1 spare at modal" in cloud.run("status").stdout
    assert cloud.json("status")["controller"]["spares"][0]["id"] == spare
    listed = cloud.run("container", "list").stdout
    assert f"{spare} is a spare sandbox at modal (waiting for" in listed
    assert "$0.02 an hour" in listed
    before = {each["name"]: each["usd"] for each in cloud.json("budget", "history", "--by", "task")}
    assert "spares" not in before
    second = ran(cloud, "true")
    after = {each["name"]: each["usd"] for each in cloud.json("budget", "history", "--by", "task")}
    assert set(after) == {*before, "spares", second["id"]}
    client = Client(cloud.paths)
    made, taken = (event(client, f"spare.{what}", container_id=spare) for what in ("made", "taken"))
    # From when it was there until it was taken; its task pays from then on.
    usd_s = second_of("modal", Limits())
    assert usd_s is not None
    assert after["spares"] == pytest.approx((taken.at - made.at) * usd_s)
    assert cloud.json("status")["totals"]["spent_total_usd"] == pytest.approx(sum(after.values()))


def test_it_is_ended_by_hand_and_none_takes_its_place_until_a_task_begins(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, ONE + "[controller]\nidle_exit_s = 6\n")
    first = ran(cloud, "true")
    (spare,) = waiting(cloud)
    listed = json.loads(cloud.run("container", "list", "--all", "--json").stdout)
    assert [each["task_id"] for each in listed["data"]] == [first["id"]]
    assert [each["id"] for each in listed["spares"]] == [spare]
    assert "a spare sandbox at modal" in cloud.run("container", "show", spare).stdout
    (sandbox,) = provider.sandboxes()
    # As with a container, a beginning of its id does.
    shown = cloud.json("container", "show", spare[2:])
    assert (shown["id"], shown["like"]) == (spare, first["container_id"])
    assert shown["provider_id"] == sandbox["id"]
    # A controller is started for it.
    kill_controller(cloud)
    said = cloud.run("container", "terminate", spare, "--yes").stdout
    assert said.startswith(f"{spare} is being ended; none is made in its place until a task begins at modal")
    client = Client(cloud.paths)
    ended = event(client, "spare.ended", container_id=spare)
    assert ended.message.endswith("was ended: terminated by the user")
    assert names(provider) == []
    made = event(client, "spare.made", container_id=spare)
    usd_s = second_of("modal", Limits())
    assert usd_s is not None
    paid = {each["name"]: each["usd"] for each in cloud.json("budget", "history", "--by", "task")}
    assert paid["spares"] == pytest.approx((ended.at - made.at) * usd_s)
    assert cloud.error("container", "terminate", spare, "--yes")[1]["code"] == "E203"
    # The controller has looked several times by then, and has nothing to stay for.
    pid = controller_pid(cloud)
    wait_until(lambda: not process_is_there(pid), WAIT_S)
    assert provider.sandboxes() == []
    assert types_of(client).count("spare.made") == 1
    ran(cloud, "true")
    assert waiting(cloud) != [spare]


@pytest.mark.long
def test_a_spent_ceiling_ends_it_and_lets_none_be_made(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, ONE)
    ran(cloud, "true")
    waiting(cloud)
    cloud.json("budget", "set", "0.000001")
    wait_until(lambda: names(provider) == [], WAIT_S)
    client = Client(cloud.paths)
    assert event(client, "spare.ended").message.endswith("none is wanted any more")
    wait_until(lambda: spares(cloud) == (), WAIT_S)


@pytest.mark.long
def test_one_that_the_provider_lost_keeps_no_task_from_running(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, ONE + "[controller]\nreconcile_s = 3600\n")
    ran(cloud, "true")
    (spare,) = waiting(cloud)
    (sandbox,) = provider.sandboxes()
    provider.order("vanish", id=sandbox["id"])
    # Nobody has looked since.
    assert ran(cloud, "echo here")["container_id"] == spare
    (another,) = waiting(cloud)
    (sandbox,) = provider.sandboxes()
    provider.order("vanish", id=sandbox["id"])
    cloud.json("reconciler", "run")
    ended = event(Client(cloud.paths), "spare.ended", container_id=another)
    assert "its sandbox is gone" in ended.message
    assert waiting(cloud) != [another]


@pytest.mark.long
def test_a_task_of_another_kind_has_a_sandbox_of_its_own(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, ONE)
    ran(cloud, "true")
    (spare,) = waiting(cloud)
    other = ran(cloud, "true", "--cpus", "2")
    assert other["container_id"] != spare
    wait_until(lambda: spare not in names(provider), WAIT_S)
    # The next one is like the last task.
    (another,) = waiting(cloud)
    assert ran(cloud, "true", "--cpus", "2")["container_id"] == another


@pytest.mark.long
def test_none_with_a_gpu_is_kept(cloud: Product, provider: Provider, tmp_path: Path) -> None:
    configure(tmp_path, ONE)
    ran(cloud, "true")
    waiting(cloud)
    ran(cloud, "true", "--gpu", "T4")
    # The sandbox is gone a moment before that is written down.
    wait_until(lambda: names(provider) == [] and spares(cloud) == (), WAIT_S)


@pytest.mark.long
def test_one_of_another_configuration_is_made_anew_and_the_first_is_ended(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    spare = left(cloud, tmp_path)
    (before,) = provider.sandboxes()
    configure(tmp_path, ONE + "lease_s = 1000\n")
    assert ran(cloud, "true")["container_id"] == spare
    assert before["id"] not in {each["id"] for each in provider.sandboxes()}
    # Two of the first task and its like, one for the second, and perhaps its own spare.
    of_it = [each for each in provider.sandboxes(running=False) if each["name"] == spare]
    assert len(of_it) == 2


def test_one_that_another_configuration_made_gives_way_before_a_task_comes(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    before = left(cloud, tmp_path)
    configure(tmp_path, ONE + "lease_s = 1000\n")
    cloud.json("controller", "start")
    client = Client(cloud.paths)
    assert "another configuration made it" in event(client, "spare.ended", container_id=before).message
    (spare,) = waiting(cloud)
    assert names(provider) == [spare]
    # A key that is kept in the account is in no sandbox that was made before, and the controller goes on.
    pid = controller_pid(cloud)
    cloud.json("modal", "setup", env={"ANTHROPIC_API_KEY": KEY})
    assert "another configuration made it" in event(client, "spare.ended", container_id=spare).message
    (another,) = waiting(cloud)
    assert controller_pid(cloud) == pid
    # It is what the next task would have, and none can be made in its place.
    provider.order("fault", rpc="SandboxCreate*", times=1000, status="RESOURCE_EXHAUSTED")
    assert ran(cloud, "true")["container_id"] == another


@pytest.mark.long
def test_a_controller_that_was_killed_leaves_it_to_the_next(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    spare = left(cloud, tmp_path)
    assert names(provider) == [spare]
    assert ran(cloud, "true")["container_id"] == spare


@pytest.mark.parametrize("lost", [0, 1], ids=["before", "after"])
def test_a_controller_that_is_killed_while_it_is_made_leaves_none(
    cloud: Product, provider: Provider, tmp_path: Path, lost: int
) -> None:
    """Before the provider has made it, and after, with an answer that never came."""
    configure(tmp_path, ONE)
    # The first is that of the task.
    provider.order("fault", rpc="SandboxCreateV2")
    provider.order("fault", rpc="SandboxCreateV2", times=lost, status="UNAVAILABLE", after=True)
    provider.order("fault", rpc="SandboxCreateV2", latency_s=WAIT_S)
    ran(cloud, "true")
    wait_until(lambda: provider.order("calls")["SandboxCreateV2"] == 2 + lost, WAIT_S)
    wait_until(lambda: len(names(provider)) == lost, WAIT_S)
    ((spare, asked_at),) = ((each.id, each.asked_at) for each in spares(cloud))
    kill_controller(cloud)
    configure(tmp_path, "[modal]\nspares = 0\n")
    cloud.json("controller", "start")
    client = Client(cloud.paths)
    ended = event(client, "spare.ended", container_id=spare)
    assert "broken off" in ended.message
    # One that the provider had made is paid for, as far as anybody can know.
    usd_s = second_of("modal", Limits())
    assert usd_s is not None
    paid = {each["name"]: each["usd"] for each in cloud.json("budget", "history", "--by", "task")}
    assert paid.get("spares", 0.0) == pytest.approx(lost * (ended.at - asked_at) * usd_s)
    wait_until(lambda: names(provider) == [], WAIT_S)
    assert cloud.json("reconciler", "run")["orphans"] == []
    wait_until(lambda: not cloud.paths.container(spare).exists(), WAIT_S)


@pytest.mark.long
def test_when_the_time_is_over_all_end_and_the_controller_leaves(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, "[modal]\nspares = 2\nspares_for_s = 30\n[controller]\nidle_exit_s = 6\n")
    began = time.time()
    ran(cloud, "true")
    waiting(cloud, 2)
    pid = controller_pid(cloud)
    wait_until(lambda: names(provider) == [], WAIT_S)
    assert time.time() - began > 29
    wait_until(lambda: not process_is_there(pid), WAIT_S)
    assert spares(cloud) == ()


@pytest.mark.long
def test_where_the_account_has_no_room_left_they_make_room(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, "[modal]\nspares = 2\nmax_containers = 2\n")
    provider.order("most_running", number=2)
    ran(cloud, "true")
    waiting(cloud, 2)
    one = cloud.json("task", "create", *MODAL, "--cpus", "2", "sleep 600")["id"]
    wait_until(lambda: cloud.json("task", "show", one)["state"] == "running", WAIT_S)
    wait_until(lambda: len(spares(cloud)) == 1, WAIT_S)
    other = cloud.json("task", "create", *MODAL, "--memory", "2048", "sleep 600")["id"]
    wait_until(lambda: cloud.json("task", "show", other)["state"] == "running", WAIT_S)
    wait_until(lambda: len(names(provider)) == 2 and spares(cloud) == (), WAIT_S)


@pytest.mark.long
def test_one_that_cannot_be_made_is_asked_for_once_a_minute(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, ONE)
    ran(cloud, "true")
    waiting(cloud)
    calls = provider.order("calls")["SandboxCreateV2"]
    provider.order("fault", rpc="SandboxCreate*", times=1000, status="PERMISSION_DENIED")
    ran(cloud, "true")
    wait_until(lambda: provider.order("calls")["SandboxCreateV2"] > calls, WAIT_S)
    client = Client(cloud.paths)
    event(client, "spare.ended")
    wait_until(lambda: spares(cloud) == (), WAIT_S)
    assert provider.order("calls")["SandboxCreateV2"] == calls + 1
