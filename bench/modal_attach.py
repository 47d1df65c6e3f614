"""Our ssh client against the system's, at the same server of one sandbox."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.harness import ROUNDS, Result, median, ratio, timed
from bench.home import until
from parhelia_tui.core.backends.base import SshEndpoint
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.request import TaskRequest
from parhelia_tui.core.sessions.tmux_client import client_command
from tests.support.outer_terminal import OuterTerminal

KEYS = 500
BYTES = 50_000_000
ECHO = "stty -icanon -echo; echo READY; exec cat"
FLOOD = f"echo ready >&2; read -r go; exec head -c {BYTES} /dev/zero"


def measure(client: Client) -> list[Result]:
    """A keystroke's way there and back, and how fast a long output comes."""
    task = client.create_task(TaskRequest(prompt="sleep 600", workspace_mode="empty", backend="modal"))
    until(lambda: _endpoint(client, task.id) is not None)
    endpoint = _endpoint(client, task.id)
    assert endpoint is not None
    with tempfile.TemporaryDirectory(prefix="parhelia-bench-") as place:
        config = Path(place) / "config"
        config.write_text(client.ssh_config(task.id))
        theirs = ["ssh", "-F", str(config), endpoint.alias]
        until(lambda: subprocess.run([*theirs, "true"], capture_output=True, check=False).returncode == 0)
        one, other = _keystrokes(_ours(endpoint, "--terminal"), [*theirs[:1], "-tt", *theirs[1:]])
        flood = ratio(
            _flood([*_ours(endpoint), "sh", "-c", FLOOD]), _flood([*theirs, f"sh -c '{FLOOD}'"]), ROUNDS
        )
        opened = ratio(timed(_nothing(_ours(endpoint))), timed(_nothing(theirs)), ROUNDS)
    client.cancel_task(task.id)
    return [
        Result.reported("modal", "ssh: keystroke there and back", other * 1000, "ms"),
        Result.at_most("modal", "attach: keystroke there and back / ssh", one / other, "x", 1.3),
        Result.reported("modal", "ssh: 50 MB of output", flood.base_seconds * 1000, "ms"),
        Result.at_least("modal", "attach: throughput of 50 MB / ssh", 1 / flood.value, "x", 1.0),
        Result.reported("modal", "attach: there and gone again / ssh", opened.value, "x"),
    ]


def _endpoint(client: Client, task_id: str) -> SshEndpoint | None:
    try:
        found = client.endpoint(task_id)
    except ParheliaError:
        return None
    return found if isinstance(found, SshEndpoint) else None


def _ours(endpoint: SshEndpoint, *more: str) -> list[str]:
    """Our client at an endpoint, as an attachment starts it, without its last words: what is run there."""
    words = client_command(endpoint, terminal=bool(more))
    return words[: words.index("tmux")]


def _keystrokes(ours: Sequence[str], theirs: Sequence[str]) -> tuple[float, float]:
    """Median seconds of a keystroke with both, in turns."""
    with (
        OuterTerminal([*ours, "sh", "-c", ECHO]) as one,
        OuterTerminal([*theirs, f"sh -c '{ECHO}'"]) as other,
    ):
        for each in (one, other):
            each.wait_for(rb"READY\r\n", 60)
        samples = [(_press(one), _press(other)) for _ in range(KEYS)]
    return median([mine for mine, _ in samples]), median([its for _, its in samples])


def _press(terminal: OuterTerminal) -> float:
    began = time.perf_counter()
    terminal.write(b"x")
    assert os.read(terminal.master, 16) == b"x"
    return time.perf_counter() - began


def _flood(words: Sequence[str]) -> Callable[[], float]:
    """A call that fetches 50 MB over a connection that is there, and gives its seconds from the key to the end."""

    def run() -> float:
        with subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            assert process.stdin is not None
            assert process.stderr is not None
            assert process.stderr.readline() == b"ready\n"
            began = time.perf_counter()
            process.stdin.write(b"\n")
            process.stdin.flush()
            assert process.wait() == 0
            return time.perf_counter() - began

    return run


def _nothing(words: Sequence[str]) -> Callable[[], object]:
    """A call that connects, runs nothing, and has left."""
    return lambda: subprocess.run([*words, "true"], stdin=subprocess.DEVNULL, check=True)
