"""What screens and commands say of a container at a provider."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from parhelia_tui.core.backends import steps
from parhelia_tui.core.backends.modal.provider import Provider as Modal
from parhelia_tui.core.backends.modal.provider import send_file
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import Health, TaskState
from parhelia_tui.core.settings.config_backends import ModalConfig
from parhelia_tui.core.settings.paths import Paths
from tests.support import sshd
from tests.support.dashboard import dashboard
from tests.support.fleet import configure, container_of, end_of, reach
from tests.support.modal_provider import Provider
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.real, pytest.mark.long]

WAIT_S = 90.0
WHERE = ("task", "create", "--backend", "modal", "--mode", "empty", "--agent", "shell")


async def test_a_container_is_named_as_its_provider_names_it(cloud: Product, provider: Provider) -> None:
    client = Client(cloud.paths)
    task_id = str(cloud.json(*WHERE, "sleep 600")["id"])
    reach(client, task_id, TaskState.RUNNING, deadline_s=WAIT_S)
    container = container_of(client, task_id)
    (sandbox,) = provider.sandboxes()
    assert cloud.json("container", "show", container.id)["provider_id"] == sandbox["id"]
    page = cloud.run("container", "show", container.id).stdout
    assert f"its id there  {sandbox['id']}\n" in page
    with closing(Client(cloud.paths)) as door:
        async with dashboard(door, (80, 24)) as seen:
            await seen.wait(lambda: container.id in seen.home.fleet.containers)
            seen.home.open_about(None, container.id)
            await seen.wait_for(f"at modal it is {sandbox['id']}")
    client.cancel_task(task_id)
    end_of(client, task_id, WAIT_S)
    here = str(cloud.json("task", "create", "--mode", "empty", "true")["id"])
    end_of(client, here, WAIT_S)
    assert cloud.json("container", "show", container_of(client, here).id)["provider_id"] == ""


async def test_what_the_making_of_a_sandbox_is_at_is_said_until_it_is_made(
    cloud: Product, provider: Provider
) -> None:
    client = Client(cloud.paths)
    provider.order("fault", rpc="SandboxCreate*", latency_s=5)
    task_id = str(cloud.json(*WHERE, "sleep 600")["id"])
    step = "making a sandbox and its image"
    wait_until(lambda: client.step_of(client.task(task_id)) == step, WAIT_S)
    # It stays at that until we have seen all.
    provider.halt(signal.SIGSTOP)
    try:
        container = container_of(client, task_id)
        assert cloud.json("container", "show", container.id)["step"] == step
        for page in (("container", "show", container.id), ("task", "show", task_id)):
            assert re.search(rf"^being made +{step}$", cloud.run(*page).stdout, re.MULTILINE)
        with closing(Client(cloud.paths)) as door:
            async with dashboard(door, (200, 50)) as seen:
                await seen.wait_for("sleep-600 ▪ dispatching ▪ making a sandbox", "sleep-600  ▸ making")
                await seen.wait_for("making a sandbox and its")
                await seen.press("z")
                await seen.wait_for(f"{step} ▸ sleep 600")
                await seen.press("d")
                await seen.wait_for(f"being made  {step}")
                await seen.press("escape")
                seen.home.open_about(None, container.id)
                await seen.wait_for("◌ creating", step)
                provider.halt(signal.SIGCONT)
                await seen.wait_for("● running")
                await seen.wait_gone(step)
    finally:
        provider.halt(signal.SIGCONT)
    reach(client, task_id, TaskState.RUNNING, deadline_s=WAIT_S)
    assert cloud.json("container", "show", container.id)["step"] == ""
    client.cancel_task(task_id)
    end_of(client, task_id, WAIT_S)


def test_how_far_the_sending_of_a_workspace_is_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "PROGRESS_EVERY_S", 0.0)
    archive = tmp_path / "up.tgz"
    archive.write_bytes(bytes(9 << 20))
    sent = bytearray()

    async def drain() -> None:
        """All of it is taken at once."""

    process = SimpleNamespace(stdin=SimpleNamespace(write=sent.extend, drain=SimpleNamespace(aio=drain)))
    heard: list[str] = []
    with steps.told_to(heard.append):
        asyncio.run(send_file(process, archive))
    steps.tell("nobody asked for this any more")
    assert len(sent) == 9 << 20
    assert heard == [f"sending the workspace, {done} of 9 MB" for done in ("0 B", "4 MB", "8 MB", "9 MB")]


@pytest.mark.skipif(not sshd.there_is_one(), reason="no ssh server for sandboxes, or no second user")
async def test_a_terminal_that_does_not_answer_shows_what_was_last_known_of_it(
    cloud: Product, provider: Provider
) -> None:
    client = Client(cloud.paths)
    one, other = (str(cloud.json(*WHERE, f"echo it is {word}; sleep 600")["id"]) for word in ("one", "two"))
    for task_id in (one, other):
        reach(client, task_id, TaskState.RUNNING, deadline_s=WAIT_S)
    # It is shown elsewhere too, where it has not been seen before, so it has to have come here.
    wait_until(lambda: "it is one" in client.log_tail(one, 10), WAIT_S)
    with closing(Client(cloud.paths)) as door:
        async with dashboard(door, (120, 36)) as seen:
            terminal = seen.home.terminal

            async def shows(task_id: str, *texts: str) -> None:
                seen.home.tasks.select(task_id)

                def shown() -> bool:
                    lines = "\n".join(line.plain for line in terminal.view._lines)
                    return all(text in lines for text in texts)

                await seen.wait(shown)

            await shows(one, "it is one")
            await shows(other, "it is two")
            provider.halt(signal.SIGSTOP)
            try:
                await shows(one, "it is one")
                await seen.wait_for("It does not answer ▪ echo-it-is-one")
                await seen.press("d", "2")
                await seen.wait_for("It does not answer", "it is one", "the last of what it printed")
                await seen.press("i")
                await seen.wait_for("no terminal to type into: it does not answer")
                await seen.press("escape")
            finally:
                provider.halt(signal.SIGCONT)
            await seen.wait_gone("It does not answer")
            await shows(one, "it is one")
    for task_id in (one, other):
        client.cancel_task(task_id)
    for task_id in (one, other):
        end_of(client, task_id, WAIT_S)


async def test_how_far_the_way_home_is_is_said_and_is_no_silence(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, "[health]\nheartbeat_s = 1\n")
    client = Client(cloud.paths)
    task_id = str(cloud.json(*WHERE, "until [ -e go ]; do sleep 0.1; done; echo made > made")["id"])
    reach(client, task_id, TaskState.RUNNING, deadline_s=WAIT_S)
    container = container_of(client, task_id)
    wait_until(lambda: client.container(container.id).health is Health.HEALTHY, WAIT_S)
    provider.order("fault", rpc="TaskExecStart", latency_s=600.0)
    Path(provider.sandboxes()[0]["root"], "workspace/go").touch()
    step = "what it made waits to come home"
    wait_until(lambda: client.step_of(client.task(task_id)) == step, WAIT_S)
    seq, since = client.events(limit=1)[-1].seq, time.monotonic()
    for page in (("container", "show", container.id), ("task", "show", task_id)):
        assert re.search(rf"^coming home +{step}$", cloud.run(*page).stdout, re.MULTILINE)
    with closing(Client(cloud.paths)) as door:
        async with dashboard(door, (200, 50)) as seen:
            await seen.wait_for(f"▪ running ▪ {step}")
    # Longer than a container may be silent before it counts as dead: ten heartbeats.
    wait_until(lambda: time.monotonic() - since > 12, 20)
    provider.order("mend")
    assert end_of(client, task_id, WAIT_S).state is TaskState.COMPLETED
    assert (cloud.paths.workspaces / task_id / "made").read_text() == "made\n"
    assert client.container(container.id).step == ""
    sunk = ("container.degraded", "container.unhealthy", "container.dead")
    assert client.events(types=sunk, container_id=container.id, after_seq=seq) == []


async def test_how_far_a_download_is_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "PROGRESS_EVERY_S", 0.0)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(2):
            yield bytes(1 << 20)

    async def begin(*words: str, text: bool) -> object:
        return SimpleNamespace(stdout=pieces(), wait=SimpleNamespace(aio=ended))

    async def ended() -> int:
        return 0

    sandbox = SimpleNamespace(exec=SimpleNamespace(aio=begin))
    heard: list[str] = []
    with steps.told_to(heard.append):
        await Modal(Paths(tmp_path), ModalConfig()).fetch(sandbox, ["send"], tmp_path / "down", 1 << 30)
    assert heard == [f"bringing home what it made, {done} so far" for done in ("0 B", "1 MB", "2 MB")]


def test_commands_that_wait_for_a_silent_provider_say_so(cloud: Product, provider: Provider) -> None:
    client = Client(cloud.paths)
    task_id = str(cloud.json(*WHERE, "sleep 600")["id"])
    reach(client, task_id, TaskState.RUNNING, deadline_s=WAIT_S)
    wait_until(lambda: cloud.run("session", "capture", task_id).returncode == 0, WAIT_S)
    provider.halt(signal.SIGSTOP)
    try:
        waits = {
            cloud.start("checkpoint", "create", task_id): "taking a checkpoint",
            cloud.start("session", "capture", task_id): "reading the screen",
            cloud.start("cleanup", "--terminate", "--dry-run"): "comparing what runs with what is stored",
        }
        for process, said in waits.items():
            assert process.stderr is not None
            assert process.stderr.readline().startswith(said)
    finally:
        provider.halt(signal.SIGCONT)
    for process in waits:
        process.communicate(timeout=WAIT_S)
    client.cancel_task(task_id)
    end_of(client, task_id, WAIT_S)


async def test_a_provider_that_does_not_answer_is_told_of_until_it_does(
    cloud: Product, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, "[controller]\nreconcile_s = 2\n")
    client = Client(cloud.paths)
    task_id = str(cloud.json(*WHERE, "sleep 600")["id"])
    reach(client, task_id, TaskState.RUNNING, deadline_s=WAIT_S)
    assert client.controller_status().silent == {}
    with closing(Client(cloud.paths)) as door:
        async with dashboard(door, (80, 24)) as seen:
            provider.halt(signal.SIGSTOP)
            try:
                await seen.wait_for("modal has not answered since ")
                status = cloud.json("status")["controller"]["silent"]["modal"]
                assert 10 < time.time() - status["since"] < 60
                since = time.strftime("%H:%M:%S", time.localtime(status["since"]))
                said = f"modal has not answered since {since}; what runs there goes on"
                assert re.search(rf"^silent +{said}$", cloud.run("status").stdout, re.MULTILINE)
                await seen.wait_for(said)
                # What a key says is not hidden by it.
                await seen.press("r")
                await seen.wait(lambda: seen.said() and "answered" not in seen.said())
            finally:
                provider.halt(signal.SIGCONT)
            await seen.wait_gone("modal has not answered")
    assert "silent" not in cloud.run("status").stdout
    # Where it answers that it does not answer that, it says so itself.
    provider.order("fault", rpc="SandboxList*", times=1000, status="UNAUTHENTICATED")
    wait_until(lambda: client.controller_status().silent, WAIT_S)
    assert "modal cannot be looked at since" in cloud.run("status").stdout
    provider.order("mend")
    wait_until(lambda: not client.controller_status().silent, WAIT_S)
    client.cancel_task(task_id)
    end_of(client, task_id, WAIT_S)
