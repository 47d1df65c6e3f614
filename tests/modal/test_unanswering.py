"""A sandbox that does not answer any more: it holds up nobody, and ends; what can be fetched of it comes home."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from parhelia_tui.core.backends.modal import provider as provider_module
from parhelia_tui.core.backends.modal.provider import Provider as Modal
from parhelia_tui.core.backends.modal.sandboxes import Sandboxes
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.settings.config_backends import ModalConfig
from parhelia_tui.core.settings.paths import Paths
from tests.support.fleet import container_of, end_of
from tests.support.modal_provider import Provider, supervisor_pid
from tests.support.product import Product
from tests.support.waiting import until, wait_until

WAIT_S = 60.0
MODAL = ("--backend", "modal", "--mode", "empty", "--agent", "shell")
WORK = "echo work > file; echo made; sleep 600"


def begun(cloud: Product) -> str:
    """Start a task that has made a file and waits; give its id."""
    task_id = str(cloud.json("task", "create", *MODAL, WORK)["id"])
    wait_until(lambda: "made" in cloud.run("task", "logs", task_id).stdout, WAIT_S)
    return task_id


@contextmanager
def stopped_supervisor(sandbox: dict[str, Any]) -> Iterator[None]:
    """Stop the supervisor of a sandbox, as one that hangs."""
    pid = supervisor_pid(sandbox)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        # It may have ended with its sandbox.
        if Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGCONT)


@pytest.mark.real
@pytest.mark.long
def test_a_supervisor_that_hangs_is_ended_with_its_sandbox_and_its_work_comes_home(
    cloud: Product, provider: Provider
) -> None:
    task_id = begun(cloud)
    with stopped_supervisor(provider.sandboxes()[0]):
        cloud.json("task", "cancel", task_id)
        wait_until(lambda: provider.sandboxes() == [], WAIT_S)
        ended = end_of(Client(cloud.paths), task_id, WAIT_S)
    assert ended.state is TaskState.CANCELLED
    assert (cloud.paths.workspaces / task_id / "file").read_text() == "work\n"


@pytest.mark.real
@pytest.mark.long
def test_a_sandbox_that_begins_nothing_any_more_is_ended(cloud: Product, provider: Provider) -> None:
    task_id = begun(cloud)
    provider.order("fault", rpc="TaskExecStart", latency_s=100_000.0, times=1000)
    cloud.json("task", "cancel", task_id)
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)
    client = Client(cloud.paths)
    assert end_of(client, task_id, WAIT_S).state is TaskState.CANCELLED
    assert container_of(client, task_id).finished_at is not None


class Box:
    """A sandbox whose commands begin and send as a test says."""

    def __init__(self, pieces: AsyncIterator[bytes] | None) -> None:
        self.exec = SimpleNamespace(aio=self._exec)
        self._pieces = pieces

    async def _exec(self, *words: str, text: bool) -> Any:
        if self._pieces is None:
            await asyncio.Event().wait()

        async def wait() -> int:
            return 0

        return SimpleNamespace(stdout=self._pieces, wait=SimpleNamespace(aio=wait))


async def silent() -> AsyncIterator[bytes]:
    """Send something and then nothing more."""
    yield b"begun"
    await asyncio.Event().wait()


async def slow() -> AsyncIterator[bytes]:
    """Send for longer than anybody may be silent."""
    for _ in range(8):
        await asyncio.sleep(0.1)
        yield b"piece"


@pytest.fixture
def modal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Modal:
    monkeypatch.setattr(provider_module, "SILENT_S", 0.4)
    monkeypatch.setattr(provider_module, "ERRAND_S", 0.4)
    return Modal(Paths(tmp_path), ModalConfig())


async def test_an_errand_without_an_answer_is_given_up(tmp_path: Path, modal: Modal) -> None:
    sandboxes = Sandboxes(Paths(tmp_path), ModalConfig(), modal)
    with pytest.raises(ParheliaError, match=r"E503.* within 0\.4 s"):
        await sandboxes.run(Box(None), ["true"], most_s=0.4)


async def test_a_download_that_stands_still_is_given_up(tmp_path: Path, modal: Modal) -> None:
    with pytest.raises(ParheliaError, match=r"E503.*nothing more.* within 0\.4 s"):
        await modal.fetch(Box(silent()), ["send"], tmp_path / "down", 1 << 20)


async def test_a_download_that_goes_on_takes_as_long_as_it_takes(tmp_path: Path, modal: Modal) -> None:
    await modal.fetch(Box(slow()), ["send"], tmp_path / "down", 1 << 20)
    assert (tmp_path / "down").read_bytes() == b"piece" * 8


async def test_a_sandbox_is_not_ended_in_the_middle_of_a_download(
    tmp_path: Path, modal: Modal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for an end waits for what is on its way, also beyond the time that the end itself may take."""
    sandboxes = Sandboxes(Paths(tmp_path), ModalConfig(), modal)
    asked: list[float] = []

    async def ended(most_s: float) -> bool:
        asked.append(most_s)
        await asyncio.sleep(0)
        return False

    monkeypatch.setattr(
        sandboxes, "follow", lambda container_id: SimpleNamespace(ended=ended, end_in=asked.append, step="")
    )
    lock = sandboxes._fetching.setdefault("c-1", asyncio.Lock())
    async with lock:
        waiting = asyncio.create_task(sandboxes.until_home("c-1", 0.0))
        await until(lambda: len(asked) > 50)
        assert not waiting.done()
    await asyncio.wait_for(waiting, 10.0)
