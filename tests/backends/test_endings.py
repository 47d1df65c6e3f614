"""How a container ends: its exit code, its last lines, its processes, its lifetime."""

from __future__ import annotations

import json
import os
import signal
import uuid
from pathlib import Path

import pytest

from parhelia_tui.core.backends.local import run_directory
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import CONTAINER_LIVE, TASK_ENDED, ContainerState, TaskState
from tests.support.fleet import container_of, end_of, kill_controller, reach, shim_pid
from tests.support.local import Local
from tests.support.product import Product
from tests.support.waiting import processes_with, wait_until

pytestmark = pytest.mark.real

# A family that does all it can to outlive its container: other sessions and groups, other parents, deaf to
# every signal that can be ignored. Each has the word among its arguments.
FAMILY = """
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1):
    signal.signal(number, signal.SIG_IGN)
def child():
    os.execv("/usr/bin/env", ["env", "sleep", WORD])
if os.fork() == 0:
    child()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            child()
        os._exit(0)
    os._exit(0)
if os.fork() == 0:
    os.setsid()
    os.execv("/bin/sh", ["sh", "-c", "kill -STOP $$; exec sleep $0", WORD])
if os.fork() == 0:
    os.close(0), os.close(1), os.close(2)
    child()
print("the family is there", flush=True)
"""
SIZE = 4


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    made = tmp_path / "workspace"
    made.mkdir()
    return made


def begun(product: Product, workspace: Path, prompt: str, **more: object) -> tuple[Client, Task]:
    """Start a command and wait until it runs."""
    client = product.client()
    task = client.create_task(client.request({"prompt": prompt, "workspace": str(workspace), **more}))
    client.ensure_controller()
    reach(client, task.id, TaskState.RUNNING, *TASK_ENDED)
    return client, task


def word() -> str:
    """A number of seconds that no other test sleeps."""
    return f"{600 + uuid.uuid4().int % 1000}.{uuid.uuid4().int % 10**9:09d}"


@pytest.mark.parametrize("flags", [(), ("--unsandboxed",)], ids=["isolated", "bare"])
@pytest.mark.parametrize(
    ("command", "code", "number"),
    [
        ("true", 0, None),
        ("exit 3", 3, None),
        ("exit 255", 255, None),
        ("kill -KILL $$", 137, 9),
        ("kill -SEGV $$", 139, 11),
        ("exec kill -TERM $$", 143, 15),
        ("no-such-program", 127, None),
        ("exec ./", 126, None),
    ],
)
def test_the_exit_code_is_the_commands_own(
    product: Product, workspace: Path, command: str, code: int, number: int | None, flags: tuple[str, ...]
) -> None:
    done = product.run("run", "--workspace", str(workspace), *flags, command)
    assert done.returncode == code
    client = product.client()
    [container] = client.containers()
    record = json.loads((client.paths.container(container.id) / "exit.json").read_text())
    assert (record["exit_code"], record["signal"], record["reason"]) == (code, number, "exited")
    [task] = client.tasks()
    assert (task.exit_code, task.state is TaskState.COMPLETED) == (code, code == 0)


def test_the_last_lines_are_kept_also_of_a_flood_that_ends_at_once(product: Product, workspace: Path) -> None:
    done = product.run("run", "--workspace", str(workspace), "seq 1 200000; echo 'the last line'; exit 3")
    assert done.returncode == 3
    client = product.client()
    [task] = client.tasks()
    assert client.log_tail(task.id, 3) == ["199999", "200000", "the last line"]
    [container] = client.containers()
    record = json.loads((client.paths.container(container.id) / "exit.json").read_text())
    assert record["tail"] == [*(str(number) for number in range(199962, 200001)), "the last line"]
    assert done.stdout.splitlines()[-1] == "the last line"


def test_a_last_line_without_an_end_is_kept(product: Product, workspace: Path) -> None:
    done = product.run("run", "--workspace", str(workspace), "printf 'no end'")
    assert done.stdout == "no end"
    client = product.client()
    assert client.log_tail(client.tasks()[0].id) == ["no end"]


KINDS = pytest.mark.parametrize("flags", [{}, {"persistent": True}, {"unsandboxed": True}], ids=str)


def family(
    product: Product, workspace: Path, last: str, mark: str, flags: dict[str, object]
) -> tuple[Client, Task]:
    """Start a command that leaves a family behind and goes on with `last`; back when all of it is there."""
    (workspace / "family.py").write_text(FAMILY.replace("WORD", repr(mark)))
    client, task = begun(product, workspace, f"python3 family.py; {last}", **flags)
    wait_until(lambda: len(processes_with(mark)) >= SIZE, 20)
    return client, task


@KINDS
@pytest.mark.parametrize("way", ["terminate", "cancel", "own end"])
def test_no_process_outlives_its_container(
    product: Product, workspace: Path, way: str, flags: dict[str, object]
) -> None:
    mark = word()
    last = "until [ -e go ]; do sleep 0.02; done"
    client, task = family(product, workspace, last, mark, flags)
    if way == "own end":
        (workspace / "go").touch()
    elif way == "terminate":
        assert (
            product.run("container", "terminate", "--yes", container_of(client, task.id).id).returncode == 0
        )
    else:
        assert product.run("task", "cancel", task.id).returncode == 0
    found = end_of(client, task.id)
    assert processes_with(mark) == []
    ends = {"own end": TaskState.COMPLETED, "cancel": TaskState.CANCELLED, "terminate": TaskState.FAILED}
    assert found.state is ends[way]
    assert "the family is there" in client.log_tail(task.id)


@pytest.mark.parametrize("flags", [{}, {"persistent": True}], ids=["isolated", "persistent"])
def test_the_kernel_ends_a_container_whose_supervisor_is_killed_while_no_controller_lives(
    product: Product, workspace: Path, flags: dict[str, object]
) -> None:
    mark = word()
    client, task = family(product, workspace, f"exec sleep {mark}", mark, flags)
    kill_controller(product)
    os.kill(shim_pid(product, container_of(client, task.id).id), signal.SIGKILL)
    wait_until(lambda: processes_with(mark) == [], 20)
    client.ensure_controller()
    assert "supervisor was killed" in end_of(client, task.id).reason


def test_without_isolation_all_end_when_their_supervisor_is_killed(product: Product, workspace: Path) -> None:
    mark = word()
    client, task = family(product, workspace, f"exec sleep {mark}", mark, {"unsandboxed": True})
    os.kill(shim_pid(product, container_of(client, task.id).id), signal.SIGKILL)
    assert "supervisor was killed" in end_of(client, task.id).reason
    assert processes_with(mark) == []


@pytest.mark.parametrize("way", ["terminate", "kill of the supervisor", "own end"])
def test_no_process_is_left_also_without_isolation_and_control_groups(
    local: Local, product: Product, workspace: Path, way: str
) -> None:
    mark = word()
    (workspace / "family.py").write_text(FAMILY.replace("WORD", repr(mark)))
    last = "until [ -e go ]; do sleep 0.02; done"
    # No limit, so no control group that is killed at one stroke.
    container = local.create(f"python3 family.py; {last}", workspace, unsandboxed=True)
    wait_until(lambda: len(processes_with(mark)) >= SIZE, 20)
    if way == "terminate":
        local.terminate(container, 0.1)
        assert local.look(container).exit is not None
    elif way == "own end":
        (workspace / "go").touch()
        assert local.end(container).exit_code == 0
    else:
        os.kill(shim_pid(product, container), signal.SIGKILL)
        wait_until(lambda: not run_directory.is_alive(local.run(container)), 20)
        assert local.look(container).exit is None
    assert processes_with(mark) == []


def test_who_is_asked_to_end_has_time_to_tidy_up(product: Product, workspace: Path) -> None:
    client, task = begun(
        product,
        workspace,
        # It takes a while, so that no second signal may come too soon.
        "trap 'sleep 0.3; echo tidied > tidy; exit 4' TERM; touch ready; while :; do sleep 0.05; done",
    )
    wait_until((workspace / "ready").exists, 20)
    product.json("task", "cancel", task.id)
    end_of(client, task.id)
    assert (workspace / "tidy").read_text() == "tidied\n"


@pytest.mark.parametrize("shell", ["bash --norc", "sh"])
def test_a_shell_at_its_prompt_ends_without_being_killed(
    product: Product, workspace: Path, shell: str
) -> None:
    client, task = begun(product, workspace, f"PS1='at the prompt ' exec {shell}")
    wait_until(lambda: "at the prompt" in "".join(client.log_tail(task.id)), 20)
    product.json("task", "cancel", task.id)
    end_of(client, task.id)
    record = json.loads((client.paths.container(container_of(client, task.id).id) / "exit.json").read_text())
    assert record["signal"] == signal.SIGHUP


def test_what_the_workspace_holds_stays_when_a_container_is_ended(product: Product, workspace: Path) -> None:
    client, task = begun(product, workspace, "mkdir -p a/b; echo work > a/b/file; chmod 0 a/b; sleep 600")
    wait_until(lambda: (workspace / "a" / "b" / "file").exists(), 20)
    product.json("task", "cancel", task.id)
    end_of(client, task.id)
    product.json("cleanup")
    (workspace / "a" / "b").chmod(0o700)
    assert (workspace / "a" / "b" / "file").read_text() == "work\n"


@pytest.mark.long
def test_the_lifetime_ends_a_container_with_no_controller_alive(product: Product, workspace: Path) -> None:
    mark = word()
    # Long enough to be seen and to outlive its controller on a busy machine.
    client, task = begun(product, workspace, f"echo here; exec sleep {mark}", limits={"lifetime_s": 4.0})
    wait_until(lambda: processes_with(mark) != [], 20)
    kill_controller(product)
    assert processes_with(mark) != []
    wait_until(lambda: processes_with(mark) == [], 20)
    run = client.paths.container(client.containers_of(task.id)[0].id)
    wait_until((run / "exit.json").exists, 20)
    record = json.loads((run / "exit.json").read_text())
    assert record["reason"] == "lifetime"
    assert record["tail"] == ["here"]
    client.ensure_controller()
    found = end_of(client, task.id)
    assert found.state is TaskState.FAILED
    assert "lifetime" in found.reason
    assert client.containers_of(task.id)[0].state is ContainerState.TERMINATED


@pytest.mark.long
def test_a_command_that_is_deaf_to_its_lifetime_is_killed(product: Product, workspace: Path) -> None:
    client, task = begun(
        product, workspace, "trap '' TERM HUP; while :; do sleep 0.1; done", limits={"lifetime_s": 0.2}
    )
    found = end_of(client, task.id)
    assert (found.state, found.exit_code) == (TaskState.FAILED, 137)


def test_a_variable_too_long_for_any_program_is_refused_at_once(product: Product, workspace: Path) -> None:
    task = {"prompt": "true", "workspace": str(workspace), "env": {"LONG": "x" * 200_000}}
    done = product.run("--batch", "-", input=json.dumps(task) + "\n")
    assert done.returncode != 0
    client = product.client()
    assert "E100" in done.stdout + done.stderr + client.tasks()[0].reason
    assert client.containers(list(CONTAINER_LIVE)) == []
