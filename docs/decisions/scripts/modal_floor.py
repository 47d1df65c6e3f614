"""What a first output costs at the emulated provider when nothing of ours is on its way: the least that can be added.

Run it from the root of the tree on a quiet machine: `python -m docs.decisions.scripts.modal_floor` (see 0008).
"""

from __future__ import annotations

import io
import os
import statistics
import tarfile
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.bench_modal import single
from bench.home import benchmark_home, until
from tests.support.modal_provider import Provider

ROUNDS = 21
AS_AGENT = "exec setpriv --reuid 1000 --regid 1000 --clear-groups"
UNPACKED = "mkdir /tmp/w && tar -x -C /tmp/w && cd /tmp/w &&"
HERE = "sh -c 'echo here'"


def archive() -> bytes:
    """The workspace of a task that begins with nothing: one directory."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as file:
        entry = tarfile.TarInfo("work")
        entry.type = tarfile.DIRTYPE
        file.addfile(entry)
    return packed.getvalue()


class Steps:
    """The SDK as anybody would use it, with more and more of what a container needs."""

    def __init__(self) -> None:
        import modal

        self._modal: Any = modal
        self._app = modal.App.lookup("floor", create_if_missing=True)
        self._image = modal.Image.debian_slim()
        self._archive = archive()

    def bare(self) -> float:
        """A sandbox and a command."""
        return self._first({}, ("echo", "here"))

    def found_again(self) -> float:
        """A name, tags, the port of its terminal."""
        return self._first(self._findable(), ("echo", "here"))

    def other_user(self) -> float:
        """And the command is another user's."""
        return self._first(self._findable(), ("sh", "-c", f"{AS_AGENT} {HERE}"))

    def brought(self) -> float:
        """And it works on what was brought over the command's input."""
        return self._first(self._findable(), ("sh", "-c", f"{UNPACKED} {AS_AGENT} {HERE}"), self._archive)

    def by_python(self) -> float:
        """And a Python that does nothing else starts it."""
        start = f"import os; os.execvp('sh', ['sh', '-c', {f'{UNPACKED} {AS_AGENT} {HERE}'!r}])"
        return self._first(self._findable(), ("python3", "-I", "-S", "-c", start), self._archive)

    def _findable(self) -> dict[str, Any]:
        return {
            "name": f"floor-{uuid.uuid4().hex[:8]}",
            "tags": {"parhelia": "floor", "container": "c-floor", "owner": "floor"},
            "unencrypted_ports": [22],
            "readiness_probe": self._modal.Probe.with_tcp(22, interval_ms=500),
        }

    def _first(self, more: dict[str, Any], command: tuple[str, ...], given: bytes = b"") -> float:
        began = time.monotonic()
        sandbox = self._modal.Sandbox.create("sleep", "100", app=self._app, image=self._image, **more)
        running = sandbox.exec(*command, text=False)
        if given:
            running.stdin.write(given)
            running.stdin.write_eof()
            running.stdin.drain()
        assert next(iter(running.stdout)) == b"here\n"
        took = time.monotonic() - began
        sandbox.terminate()
        return took


def main() -> None:
    """Print medians, all in turns."""
    with (
        tempfile.TemporaryDirectory(prefix="parhelia-floor-") as place,
        Provider(Path(place) / "p") as provider,
    ):
        os.environ.update(provider.environment())
        with benchmark_home(**provider.environment()) as client:
            client.ensure_controller()
            steps = Steps()
            acts: dict[str, Callable[[], float]] = {
                "bare": steps.bare,
                "with a name, tags, a port": steps.found_again,
                "and as another user": steps.other_user,
                "and with what is brought": steps.brought,
                "and started by a Python that does nothing": steps.by_python,
                "ours": lambda: single(client),
            }
            times: dict[str, list[float]] = {name: [] for name in acts}
            for _ in range(ROUNDS + 1):
                for name, act in acts.items():
                    until(lambda: provider.sandboxes() == [])
                    times[name].append(act() * 1000)
    least = statistics.median(times["bare"][1:])
    for name, each in times.items():
        middle = statistics.median(each[1:])
        print(f"{name:42} {middle:6.1f} ms  {middle / least:4.2f} x")


if __name__ == "__main__":
    main()
