"""`parhelia container` and `session`: terminals that come, are looked at, typed into and ended."""

from __future__ import annotations

import json

import pytest

from parhelia_tui.core.model.states import TASK_ENDED, TaskState
from tests.support.fleet import reach
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

CONTAINER = {
    "id", "task_id", "attempt", "backend", "state", "wanted", "health", "reason", "exit_code", "workspace",
    "slot", "network", "persistent", "unsandboxed", "limits", "cpu_percent", "memory_bytes", "pids",
    "created_at", "started_at", "finished_at", "last_heartbeat_at",
}  # fmt: skip
SESSION = {
    "id", "name", "container_id", "task_id", "kind", "command", "state", "wanted", "reason", "exit_code",
    "created_at", "finished_at",
}  # fmt: skip
"""What programs may rely on: a key may come, none may go."""


def begun(product: Product, command: str) -> str:
    """Create a task, wait until it runs, and give its id."""
    task_id: str = product.json("task", "create", "--mode", "empty", command)["id"]
    client = product.client()
    reach(client, task_id, TaskState.RUNNING, deadline_s=30)
    client.close()
    return task_id


def screen(product: Product, name: str) -> str:
    """What a session shows."""
    return "\n".join(product.json("session", "capture", name)["lines"])


@pytest.mark.long
def test_a_session_is_opened_typed_into_looked_at_and_ended(product: Product) -> None:
    task_id = begun(product, "sleep 600")
    done = product.run("session", "new", task_id, "--", "cat", "-u")
    assert (done.returncode, done.stderr) == (0, "")
    name = done.stdout.strip()
    assert name.startswith("ph-sleep-600-")
    assert product.run("session", "send", name, "a line", "of 日本語").returncode == 0
    wait_until(lambda: screen(product, name).count("a line of 日本語") == 2, 30)
    assert product.run("session", "send", name, "-", "--no-enter", input="typed").returncode == 0
    wait_until(lambda: "typed" in screen(product, name), 30)
    assert "a line of 日本語" in product.run("session", "capture", name, "-n", "5").stdout
    listed = {each["name"]: each for each in product.json("session", "list", "--container", task_id)}
    assert {each["kind"] for each in listed.values()} == {"main", "extra"}
    assert set(listed[name]) >= SESSION
    assert "was ended" in product.run("session", "kill", name).stdout
    assert len(product.json("session", "list")) == 1
    ended = {each["name"]: each["state"] for each in product.json("session", "list", "--all")}
    assert ended[name] == "terminated"
    code, error = product.error("session", "kill", name)
    assert (code, error["code"]) == (6, "E103")
    assert product.json("task", "show", task_id)["state"] == "running"


def test_keys_by_name_reach_a_program(product: Product) -> None:
    task_id = begun(product, "trap 'echo INTERRUPTED' INT; while :; do sleep 0.05; done")
    wait_until(lambda: product.run("session", "send", task_id, "--keys", "C-c").returncode == 0, 30)
    wait_until(lambda: "INTERRUPTED" in screen(product, task_id), 30)
    code, error = product.error("session", "send", task_id, "--keys", "no-such-key")
    assert (code, error["code"]) == (2, "E101")
    assert "no-such-key" in error["message"]


@pytest.mark.long
def test_a_fifth_session_is_refused_with_its_code_and_the_way_out(product: Product) -> None:
    task_id = begun(product, "sleep 600")
    names = [product.json("session", "new", task_id)["name"] for _ in range(3)]
    code, error = product.error("session", "new", task_id)
    assert (code, error["code"]) == (1, "E205")
    assert "holds 4 sessions and may hold 4" in error["message"]
    assert product.run("session", "new", task_id).stderr.startswith("E205: ")
    assert product.run("session", "kill", names[0]).returncode == 0
    assert product.run("session", "new", task_id).returncode == 0


@pytest.mark.long
def test_a_word_with_blanks_is_a_command_line(product: Product) -> None:
    task_id = begun(product, "sleep 600")
    name = product.json("session", "new", task_id, "echo one && cat")["name"]
    wait_until(lambda: "one" in screen(product, name), 30)


def test_a_main_session_ends_with_its_container(product: Product) -> None:
    task_id = begun(product, "sleep 600")
    assert "is being ended" in product.run("session", "kill", task_id).stdout
    client = product.client()
    assert reach(client, task_id, *TASK_ENDED, deadline_s=30).state is TaskState.FAILED
    client.close()
    for words in (["new", task_id], ["capture", task_id], ["send", task_id, "x"], ["kill", task_id]):
        done = product.run("session", *words)
        assert done.returncode in (1, 6), words
        assert done.stderr[0] == "E", words
        assert "Traceback" not in done.stderr


@pytest.mark.long
def test_what_there_is_not_is_told_with_its_code(product: Product) -> None:
    for words, code in (
        (["session", "capture", "nothing"], "E200"),
        (["session", "send", "nothing", "x"], "E200"),
        (["session", "kill", "nothing"], "E200"),
        (["session", "attach", "nothing"], "E200"),
        (["session", "new", "nothing"], "E203"),
        (["session", "list", "--container", "nothing"], "E203"),
        (["container", "show", "nothing"], "E203"),
        (["container", "events", "nothing"], "E203"),
        (["container", "health", "nothing"], "E203"),
        (["container", "watch", "nothing"], "E203"),
        (["container", "terminate", "nothing"], "E203"),
        (["events", "replay", "nothing"], "E203"),
        (["events", "list", "--container", "nothing"], "E203"),
        (["events", "list", "--task", "nothing"], "E201"),
    ):
        exit_code, error = product.error(*words)
        assert (exit_code, error["code"]) == (1, code), words
        assert "'nothing'" in error["message"]


@pytest.mark.long
def test_a_container_is_shown_with_its_health_and_ended(product: Product) -> None:
    task_id = begun(product, "sleep 600")
    (container,) = product.json("container", "list")
    assert set(container) >= CONTAINER
    found = container["id"]
    assert found in product.run("container", "list", "--state", "running").stdout
    assert product.json("container", "list", "--state", "stopped") == []
    page = product.run("container", "show", found[:-1]).stdout
    assert page.startswith(f"{found}  ● running")
    assert f"{task_id}, attempt 1" in page
    wait_until(lambda: product.json("container", "health", found)["heartbeats"], 30)
    assert product.json("container", "health", found)["health"] == "healthy"
    assert [each["id"] for each in product.json("container", "health")] == [found]
    watching = product.start("container", "watch", found)
    assert watching.stdout is not None
    assert f"{found}  ● running" in watching.stdout.readline()
    assert product.run("container", "terminate", found).stdout == f"{found} is being ended\n"
    rest = watching.communicate(timeout=30)[0]
    assert watching.returncode == 0
    assert "terminated" in rest.splitlines()[-1]
    code, error = product.error("container", "terminate", found)
    assert (code, error["code"]) == (6, "E103")
    types = [each["type"] for each in product.json("container", "events", found)]
    assert types[0] == "task.dispatching"
    assert types.index("container.started") < types.index("container.terminated")
    replayed = product.run("events", "replay", found).stdout.splitlines()
    assert len(replayed) == len(types)
    assert replayed[0].lstrip().startswith("+")
    assert found in product.run("container", "list", "--all").stdout
    assert "nothing there" in product.run("container", "list").stdout


@pytest.mark.parametrize(
    "limits", [(), ("--memory", "256"), ("--pids", "50")], ids=["free", "memory", "pids"]
)
def test_a_session_of_a_program_that_cannot_be_started_is_an_error(
    product: Product, limits: tuple[str, ...]
) -> None:
    task_id = product.json("task", "create", "--mode", "empty", *limits, "touch plain; sleep 600")["id"]
    client = product.client()
    reach(client, task_id, TaskState.RUNNING, deadline_s=30)
    client.close()
    wait_until(
        lambda: product.run("session", "new", task_id, "--", "test", "-e", "plain").returncode == 0, 30
    )
    for program, why in (("no-such-program", "No such file"), ("./plain", "Permission denied")):
        done = product.run("session", "new", "--json", task_id, "--", program, "an argument")
        error = json.loads(done.stdout)["error"]
        assert (done.returncode, error["code"]) == (2, "E100"), error
        assert f"{program}: {why}" in error["message"]
    every = product.json("session", "list", "--all")
    assert [each["state"] for each in every if each["kind"] == "extra"].count("failed") == 2
    # It takes no place among the sessions that the container may hold.
    assert len(product.json("session", "list")) == 1
    assert "session.failed" in [each["type"] for each in product.json("events", "list", "--task", task_id)]
