"""Several sessions in one container: how many, their names, what they show, how they end."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from parhelia_tui.core.model.states import TaskState
from tests.support.fleet import configure, container_of, create, end_of, reach, workspace
from tests.support.product import Product
from tests.support.waiting import processes_with, wait_until

pytestmark = pytest.mark.real


@pytest.fixture
def container(product: Product, tmp_path: Path) -> str:
    """A container whose first session waits, with something to see and something in its /tmp."""
    configure(tmp_path, "[local]\ngrace_s = 0.2\n")
    client = product.client()
    task = create(
        client, "echo main; echo shared > /tmp/shared; exec sleep 600", workspace(tmp_path), title="Two words"
    )
    reach(client, task.id, TaskState.RUNNING)
    wait_until(lambda: client.log_tail(task.id) == ["main"], 20)
    return container_of(client, task.id).id


def new(product: Product, container: str, script: str) -> str:
    """Start a further session, and give its name."""
    done = product.run("session", "new", container, "--", "sh", "-c", script)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def shown(product: Product, name: str) -> list[str]:
    """What a session shows."""
    return product.run("session", "capture", name).stdout.split("\n")[:-1]


def sees(product: Product, name: str, lines: list[str]) -> None:
    """Wait until a session shows these lines first."""
    wait_until(lambda: shown(product, name)[: len(lines)] == lines, 20)


def states(product: Product, container: str) -> dict[str, str]:
    """The state of each session of a container, by name."""
    found = product.json("session", "list", "--all", "--container", container)
    return {each["name"]: each["state"] for each in found}


@pytest.mark.long
def test_a_container_holds_four_and_a_fifth_is_refused_in_words(product: Product, container: str) -> None:
    names = [
        new(product, container, f"echo session {number}; cat /tmp/shared; read wait") for number in range(3)
    ]
    for number, name in enumerate(names):
        sees(product, name, [f"session {number}", "shared"])
    code, error = product.error("session", "new", container)
    assert (code, error["code"]) == (1, "E205")
    assert "4 sessions" in error["message"]
    listed = states(product, container)
    assert len(listed) == 4
    assert set(names) < set(listed)
    assert set(listed.values()) == {"running"}
    assert all(name.startswith("ph-two-words-") for name in listed)
    # One that has ended makes room.
    assert product.run("session", "kill", names[0]).returncode == 0
    assert states(product, container)[names[0]] == "terminated"
    again = new(product, container, "echo again; read wait")
    assert states(product, container)[again] == "running"


def test_how_many_may_be_configured(product: Product, tmp_path: Path) -> None:
    configure(tmp_path, "[sessions]\nmax_per_container = 1\n")
    client = product.client()
    task = create(client, "exec sleep 600", workspace(tmp_path))
    reach(client, task.id, TaskState.RUNNING)
    code, error = product.error("session", "new", task.id)
    assert (code, error["code"]) == (1, "E205")


def test_a_session_that_ends_leaves_its_code_and_the_container_alone(
    product: Product, container: str
) -> None:
    name = new(product, container, "exit 7")
    wait_until(lambda: states(product, container)[name] == "terminated", 20)
    [found] = [each for each in product.json("session", "list", "--all") if each["name"] == name]
    assert found["exit_code"] == 7
    assert product.json("container", "show", container)["state"] == "running"


@pytest.mark.long
def test_a_killed_session_takes_its_processes_along_and_no_others(product: Product, container: str) -> None:
    mark = f"{600 + uuid.uuid4().int % 1000}.{uuid.uuid4().int % 10**9:09d}"
    deaf = f"trap '' TERM HUP; (setsid sleep {mark} &); sleep {mark}; sleep {mark}"
    name = new(product, container, deaf)
    wait_until(lambda: len(processes_with(mark)) >= 2, 20)
    assert product.run("session", "kill", name).returncode == 0
    wait_until(lambda: processes_with(mark) == [], 20)
    assert product.json("container", "show", container)["state"] == "running"


def test_the_end_of_the_container_is_the_end_of_all_its_sessions(product: Product, container: str) -> None:
    mark = f"{600 + uuid.uuid4().int % 1000}.{uuid.uuid4().int % 10**9:09d}"
    names = [new(product, container, f"trap '' TERM HUP; sleep {mark}; sleep {mark}") for _ in range(2)]
    wait_until(lambda: len(processes_with(mark)) == 2, 20)
    client = product.client()
    [task] = client.tasks()
    assert product.run("container", "terminate", "--yes", container).returncode == 0
    end_of(client, task.id)
    assert processes_with(mark) == []
    ended = states(product, container)
    assert {ended[name] for name in names} == {"terminated"}
    assert product.error("session", "new", container)[1]["code"] == "E203"
