"""No sandbox is unknown, doubled or forgotten: whatever is killed, lost or told wrong."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from parhelia_tui.core.settings.process_lock import holder
from tests.support.modal_provider import Provider
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.real, pytest.mark.long]

WAIT_S = 90.0


def created(product: Product, command: str) -> str:
    """Create a task at the provider and give its id."""
    where = ("--backend", "modal", "--mode", "empty", "--agent", "shell")
    return str(product.json("task", "create", *where, command)["id"])


def state(product: Product, task_id: str) -> str:
    """The state of a task."""
    return str(product.json("task", "show", task_id)["state"])


def begun(product: Product, command: str = "sleep 600") -> str:
    """Create a task, wait until it runs, and give its id."""
    task_id = created(product, command)
    wait_until(lambda: state(product, task_id) == "running", WAIT_S)
    return task_id


def configured(tmp_path: Path, text: str) -> None:
    """Write the user's configuration."""
    place = tmp_path / "config" / "parhelia"
    place.mkdir(parents=True)
    (place / "config.toml").write_text(text)


def kill_controller(product: Product) -> None:
    """Kill the controller as nothing can be caught."""
    pid = holder(product.paths.controller_lock)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: holder(product.paths.controller_lock) is None, WAIT_S)


def forget(product: Product) -> None:
    """Lose what the store knows of every container, as a restored backup does."""
    kill_controller(product)
    with sqlite3.connect(product.paths.database) as db:
        for table in ("sessions", "attempts", "containers", "tasks"):
            db.execute(f"DELETE FROM {table}")
    db.close()
    for each in product.paths.containers.glob("c-*/sandbox.json"):
        each.unlink()


def test_an_orphan_is_found_shown_and_ended_on_demand(cloud: Product, provider: Provider) -> None:
    begun(cloud)
    (sandbox,) = provider.sandboxes()
    forget(cloud)
    assert cloud.json("reconciler", "run")["orphans"] == [sandbox["name"]]
    (shown,) = cloud.json("container", "list")
    assert (shown["id"], shown["state"], shown["backend"]) == (sandbox["name"], "orphaned", "modal")
    # Flagged at once, and left alone.
    assert cloud.json("cleanup", "--terminate", "--dry-run")["orphans"] == [sandbox["name"]]
    assert len(provider.sandboxes()) == 1
    assert cloud.json("cleanup", "--terminate", "--yes")["orphans"] == [sandbox["name"]]
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)


def test_an_orphan_ends_after_its_grace_where_that_is_configured(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    configured(tmp_path, "[health]\nterminate_orphans = true\norphan_grace_s = 0\n")
    begun(cloud)
    forget(cloud)
    cloud.json("reconciler", "run")
    cloud.json("reconciler", "run")
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)


def test_a_sandbox_of_somebody_else_is_left_alone(cloud: Product, provider: Provider, tmp_path: Path) -> None:
    configured(tmp_path, "[health]\nterminate_orphans = true\norphan_grace_s = 0\n")
    begun(cloud)
    (sandbox,) = provider.sandboxes()
    forget(cloud)
    # Another installation of the same account: without our mark nothing is ours.
    (cloud.home / "modal.json").unlink()
    assert cloud.json("reconciler", "run")["orphans"] == []
    assert [each["id"] for each in provider.sandboxes()] == [sandbox["id"]]
    provider.order("vanish", id=sandbox["id"])


def test_a_provider_that_forgets_tags_makes_nothing_lost_and_gets_them_again(
    cloud: Product, provider: Provider
) -> None:
    task_id = begun(cloud)
    (before,) = provider.sandboxes()
    provider.order("forget_tags", id=before["id"])
    done = cloud.json("reconciler", "run")
    assert (done["orphans"], done["settled"]) == ([], [])
    why = f"the tags of {before['id']} were gone, and are set anew"
    assert done["drifted"] == {before["name"]: why}
    assert state(cloud, task_id) == "running"
    assert provider.sandboxes() == [before]
    # Told once, and over.
    assert cloud.json("reconciler", "run")["drifted"] == {}
    told = cloud.json("events", "list", "--type", "container.drifted")
    assert [(each["container_id"], each["message"]) for each in told] == [(before["name"], why)]


def doubled(cloud: Product, provider: Provider) -> tuple[str, dict[str, str]]:
    """Begin a task whose sandbox is there twice; give the other's id, and its own sandbox."""
    begun(cloud)
    (sandbox,) = provider.sandboxes()
    (other,) = provider.order("pretend", app="parhelia", tags=[sandbox["tags"]])
    return other, sandbox


@pytest.mark.parametrize("lost", ["", "SandboxTerminateV2", "SandboxTagsGetV2", "SandboxWaitV2"])
def test_a_second_sandbox_with_the_tags_of_a_container_is_ended_once(
    cloud: Product, provider: Provider, lost: str
) -> None:
    other, sandbox = doubled(cloud, provider)
    if lost:
        provider.order("fault", rpc=lost, times=1, status="INTERNAL", after=True)
    assert cloud.json("reconciler", "run", timeout=WAIT_S)["doubles"] == [other]
    assert [each["id"] for each in provider.sandboxes()] == [sandbox["id"]]
    assert cloud.json("reconciler", "run")["doubles"] == []
    (told,) = cloud.json("events", "list", "--type", "container.double_ended")
    assert told["container_id"] == sandbox["name"]
    assert f"{other} carried the marks" in told["message"]
    assert state(cloud, told["task_id"]) == "running"


def test_a_second_sandbox_is_left_alone_after_a_listing_that_failed(
    cloud: Product, provider: Provider
) -> None:
    other, sandbox = doubled(cloud, provider)
    provider.order("fault", rpc="SandboxList*", times=1000, status="INTERNAL")
    done = cloud.error("reconciler", "run", timeout=180)[1]["details"]
    assert (done["complete"], done["doubles"]) == (False, [])
    assert {each["id"] for each in provider.sandboxes()} == {sandbox["id"], other}
    provider.order("unpretend")


def test_a_sandbox_that_has_more_than_our_tags_is_told_of_where_containers_are_listed(
    cloud: Product, provider: Provider
) -> None:
    begun(cloud)
    (sandbox,) = provider.sandboxes()
    (other,) = provider.order("pretend", app="parhelia", tags=[{**sandbox["tags"], "team": "theirs"}])
    why = f"its tags are also those of {other}, which was not made here"
    for _ in range(2):
        done = cloud.json("reconciler", "run")
        assert (done["drifted"], done["doubles"]) == ({sandbox["name"]: why}, [])
    assert {each["id"] for each in provider.sandboxes()} == {sandbox["id"], other}
    assert len(cloud.json("events", "list", "--type", "container.drifted")) == 1
    assert cloud.json("container", "list")[0]["drift"] == why
    listed = cloud.run("container", "list").stdout
    assert "DRIFTED" in listed
    assert f"{sandbox['name']} is not as it was made: {why}" in listed
    assert why in cloud.run("container", "show", sandbox["name"]).stdout
    # It is over, and so is what is said of it.
    provider.order("unpretend")
    assert cloud.json("reconciler", "run")["drifted"] == {}
    assert "DRIFTED" not in cloud.run("container", "list").stdout


def test_a_sandbox_outside_the_app_that_is_listed_is_told_of_and_not_lost(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    task_id = begun(cloud)
    (sandbox,) = provider.sandboxes()
    kill_controller(cloud)
    configured(tmp_path, '[modal]\napp = "another"\n')
    done = cloud.json("reconciler", "run")
    assert "is not among the sandboxes of the app another" in done["drifted"][sandbox["name"]]
    assert state(cloud, task_id) == "running"


def test_a_listing_that_fails_is_no_evidence(cloud: Product, provider: Provider) -> None:
    task_id = begun(cloud)
    provider.order("fault", rpc="SandboxList*", times=1000, status="INTERNAL")
    code, error = cloud.error("reconciler", "run", timeout=180)
    done = error["details"]
    assert (code, error["code"]) == (8, "E503")
    assert (done["complete"], done["orphans"], done["settled"]) == (False, [], [])
    assert "modal could not be listed, nothing is concluded" in done["errors"][0]
    assert state(cloud, task_id) == "running"


def test_without_a_controller_a_sandbox_ends_itself(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    configured(tmp_path, "[modal]\nlease_s = 3\n")
    task_id = begun(cloud)
    # As long as somebody is there it lives, far beyond one lease.
    end = time.monotonic() + 5
    wait_until(lambda: time.monotonic() > end, 10)
    assert len(provider.sandboxes()) == 1
    kill_controller(cloud)
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)
    cloud.json("controller", "start")
    wait_until(lambda: state(cloud, task_id) == "failed", WAIT_S)


def test_a_sandbox_whose_keeper_hangs_is_ended_by_the_provider(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    configured(tmp_path, "[modal]\nlease_s = 5\n")
    begun(cloud)
    (sandbox,) = provider.sandboxes()
    # Longer than the lease, so that a keeper that is well is first, and not for ever.
    assert 5 < sandbox["idle_s"] <= 5 + 120
    provider.order("hurry", id=sandbox["id"], idle_s=2.0)
    # While somebody follows it, nothing of it is idle, though its command says nothing.
    end = time.monotonic() + 6
    wait_until(lambda: time.monotonic() > end, 20)
    assert len(provider.sandboxes()) == 1
    kill_controller(cloud)
    provider.order("hang", id=sandbox["id"])
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)


@pytest.mark.parametrize(
    "rpc", ["AppGetOrCreate", "ImageGetOrCreate", "SandboxCreateV2", "TaskExecStart", "TaskExecStdinWrite"]
)
def test_a_controller_killed_at_any_step_leaves_one_sandbox_and_one_end(
    cloud: Product, provider: Provider, rpc: str
) -> None:
    provider.order("fault", rpc=rpc, latency_s=3.0)
    task_id = created(cloud, "echo done")
    wait_until(lambda: provider.order("calls").get(rpc, 0) >= 1, WAIT_S)
    kill_controller(cloud)
    cloud.json("controller", "start")
    wait_until(lambda: state(cloud, task_id) == "completed", WAIT_S)
    assert cloud.run("task", "logs", task_id).stdout == "done\n"
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)
    assert len({each["name"] for each in provider.sandboxes(running=False)}) == 1


def test_a_controller_killed_while_it_ends_a_sandbox_ends_it_after_all(
    cloud: Product, provider: Provider
) -> None:
    task_id = begun(cloud)
    before = provider.order("calls").get("SandboxTerminateV2", 0)
    provider.order("fault", rpc="SandboxTerminateV2", latency_s=5.0)
    cloud.json("task", "cancel", task_id)
    wait_until(lambda: provider.order("calls").get("SandboxTerminateV2", 0) > before, WAIT_S)
    kill_controller(cloud)
    cloud.json("controller", "start")
    wait_until(lambda: state(cloud, task_id) == "cancelled", WAIT_S)
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)
