"""A sandbox through the controller, against the bare SDK, both over the emulated provider."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import modal_attach, modal_rounds
from bench.harness import ROUNDS, Result, file_seconds, median
from bench.home import benchmark_home, until
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.request import TaskRequest
from parhelia_tui.core.model.spares import SpareState
from parhelia_tui.core.model.states import TASK_ENDED, TaskState
from tests.support.modal_provider import Provider

TOGETHER, TOGETHER_S = 100, 600.0
SLOW_S = 1.0
"""Seconds that a sandbox takes where the emulator takes its time; what Modal takes stands in docs/benchmarks.md."""


def measure() -> list[Result]:
    """Create to first output in turns with the bare SDK, also with a spare; a hundred at once, attaching, reconciling."""
    with (
        tempfile.TemporaryDirectory(prefix="parhelia-bench-") as place,
        Provider(Path(place) / "p") as provider,
    ):
        os.environ.update(provider.environment())
        with benchmark_home(
            PARHELIA_CONTROLLER__MAX_CONTAINERS=str(TOGETHER), **provider.environment()
        ) as client:
            client.ensure_controller()
            one_file = file_seconds(Path(place))
            bare = _Bare()
            single(client)
            bare.single()
            parts = [*modal_rounds.measure(provider), *modal_attach.measure(client)]
            one, other = _in_turns(client, provider, bare, ROUNDS * 2)
            slow_one, slow_other = _in_turns(client, provider, bare, ROUNDS, SLOW_S)
            failed, last = together(client, provider)
        with benchmark_home(PARHELIA_MODAL__SPARES="1", **provider.environment()) as client:
            client.ensure_controller()
            single(client)
            spare_one, spare_other = _with_a_spare(client, provider, bare, ROUNDS)
    return [
        Result.reported("modal", "a file in a directory of its own", one_file * 1e6, "us"),
        Result.reported("modal", "bare SDK: create and exec to its output", other * 1000, "ms"),
        Result.reported("modal", "create to first output, with the workspace", one * 1000, "ms"),
        Result.at_most("modal", "create to first output / bare SDK", one / other, "x", 1.3),
        Result.at_most("modal", "the same where a sandbox takes 1 s", slow_one / slow_other, "x", 1.3),
        Result.reported("modal", "create to first output, with a spare", spare_one * 1000, "ms"),
        Result.at_most("modal", "the same / bare SDK", spare_one / spare_other, "x", 1.3),
        Result.at_most("modal", "100 at once: sandboxes that did not run", failed, "", 0),
        Result.reported("modal", "100 at once: until the last has ended", last, "s"),
        *parts,
    ]


def _in_turns(
    client: Client, provider: Provider, bare: _Bare, rounds: int, slower_s: float = 0.0
) -> tuple[float, float]:
    """Median seconds from create to first output with us and with the bare SDK.

    Args:
        slower_s: seconds by which the provider takes longer to make a sandbox.
    """

    def seconds(act: Callable[[], float]) -> float:
        # What ends still takes from the processors, and would make the next of them slower.
        until(lambda: provider.sandboxes() == [])
        if slower_s:
            provider.order("fault", rpc="SandboxCreate*", latency_s=slower_s)
        return act()

    both = [(seconds(lambda: single(client)), seconds(bare.single)) for _ in range(rounds)]
    return median([ours for ours, _ in both]), median([theirs for _, theirs in both])


def _with_a_spare(client: Client, provider: Provider, bare: _Bare, rounds: int) -> tuple[float, float]:
    """The same where a sandbox is kept ready, as `modal.spares` asks for it."""

    def is_ready() -> bool:
        # What was taken before has ended, too.
        spares = client.controller_status().spares
        return [each.state for each in spares] == [SpareState.WAITING] and len(provider.sandboxes()) == 1

    both = []
    for _ in range(rounds):
        until(is_ready)
        ours = single(client)
        until(is_ready)
        both.append((ours, bare.single()))
    return median([ours for ours, _ in both]), median([theirs for _, theirs in both])


def together(client: Client, provider: Provider) -> tuple[int, float]:
    """How many of a hundred that are wanted at once did not run, and the seconds until all said something."""
    began = time.monotonic()
    request = TaskRequest(prompt="echo here", workspace_mode="empty", backend="modal")
    made = client.create_tasks([request] * TOGETHER)
    until(lambda: all(client.task(each.id).state in TASK_ENDED for each in made), TOGETHER_S, 0.5)
    took = time.monotonic() - began
    good = [each for each in made if client.task(each.id).state is TaskState.COMPLETED]
    until(lambda: provider.sandboxes() == [], TOGETHER_S, 0.5)
    return TOGETHER - len(good), took


def single(client: Client) -> float:
    """Seconds from the wish to the first byte that everybody here can read."""
    began = time.monotonic()
    request = TaskRequest(prompt="echo here; sleep 1", workspace_mode="empty", backend="modal")
    task = client.create_task(request)

    until(lambda: client.log_path(client.task(task.id)) is not None)
    path = client.log_path(client.task(task.id))
    assert path is not None
    # Who looks takes from the processors as well, so from here on it looks at one file alone.
    until(lambda: path.exists() and path.stat().st_size > 0, every_s=0.001)
    took = time.monotonic() - began
    until(lambda: client.task(task.id).state in TASK_ENDED)
    return took


class _Bare:
    """The SDK as anybody would use it."""

    def __init__(self) -> None:
        import modal

        self._modal: Any = modal
        self._app = modal.App.lookup("bench", create_if_missing=True)
        self._image = modal.Image.debian_slim()

    def single(self) -> float:
        """Seconds from the call to what a command in a new sandbox prints; its end does not count."""
        began = time.monotonic()
        sandbox = self._modal.Sandbox.create("sleep", "100", app=self._app, image=self._image)
        assert sandbox.exec("echo", "here").stdout.read() == "here\n"
        took = time.monotonic() - began
        sandbox.terminate()
        return took
