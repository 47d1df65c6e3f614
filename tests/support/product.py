"""The installed product in a state directory of its own, and proof that nothing of it is left."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from parhelia_tui.core.backends.local import run_directory
from parhelia_tui.core.backends.local.limits import groups_of
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.states import CONTAINER_LIVE, TASK_ENDED
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.settings.process_lock import holder
from tests.support.waiting import process_is_there, wait_until

PARHELIA = str(Path(sys.executable).with_name("parhelia"))


class Product:
    """Runs the installed command over one state directory.

    Args:
        home: the state directory.
        command: what runs it.
    """

    def __init__(self, home: Path, command: Sequence[str] = (PARHELIA,)) -> None:
        self.home = home
        self.command = command
        self.paths = Paths(home)
        self._started: list[subprocess.Popen[str]] = []

    def environment(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a command, with changes."""
        return {**os.environ, "PARHELIA_HOME": str(self.home), **(env or {})}

    def run(
        self,
        *words: str | bytes,
        input: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = 60.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run `parhelia WORDS` to its end; its standard input is `input`, or empty."""
        return subprocess.run(
            [*self.command, *words],
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=cwd or self.home.parent,
            env=self.environment(env),
            check=False,
        )

    def start(
        self,
        *words: str,
        input: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> subprocess.Popen[str]:
        """Start `parhelia WORDS` and let it run; `close` ends it if nobody else does.

        Args:
            input: what its standard input holds, at most what a pipe takes at once (64 KiB).
        """
        process = subprocess.Popen(
            [*self.command, *words],
            stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd or self.home.parent,
            env=self.environment(env),
        )
        if process.stdin is not None:
            process.stdin.write(input or "")
            process.stdin.close()
            # `communicate` would flush it once more.
            process.stdin = None
        self._started.append(process)
        return process

    def json(self, *words: str, **how: Any) -> Any:
        """Run a command with --json that must succeed, and give its data; `how` goes to `run`."""
        done = self.run(*words, "--json", **how)
        assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
        answer = json.loads(done.stdout)
        assert answer["success"] is True
        return answer["data"]

    def error(self, *words: str, **how: Any) -> tuple[int, Any]:
        """Run a command with --json that must fail, and give its exit code and its error."""
        done = self.run(*words, "--json", **how)
        assert done.returncode != 0, done.stdout
        answer = json.loads(done.stdout)
        assert answer["success"] is False
        return done.returncode, answer["error"]

    def client(self) -> Client:
        """A client of this state directory."""
        return Client(self.paths)

    def close(self) -> None:
        """End everything that this state directory started, and prove that nothing of it is left."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
        ids = [entry.name for entry in self.paths.containers.glob("c-*")]
        if ids:
            self._end_work()
        pid = holder(self.paths.controller_lock) if self.paths.controller_lock.exists() else None
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            wait_until(lambda: not process_is_there(pid), 20)
        for process in self._started:
            # Only now: a controller that one of them had started holds the ends of its pipes.
            process.communicate(timeout=60)
        ids = sorted({*ids, *(entry.name for entry in self.paths.containers.glob("c-*"))})
        for container_id in ids:
            # Only where the store could not be asked any more, as after a test that damages it.
            run_directory.kill_shim(self.paths.container(container_id))
            self._kill_tmux(container_id)
        try:
            wait_until(lambda: self._nothing_left(ids), 20)
        except AssertionError:
            raise AssertionError(f"left behind: {self.left(ids)}") from None
        shutil.rmtree(self.paths.short_sockets, ignore_errors=True)

    def _nothing_left(self, ids: list[str]) -> bool:
        # A slow machine may have started a second controller, which takes the place of the first now.
        pid = holder(self.paths.controller_lock) if self.paths.controller_lock.exists() else None
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        return self.left(ids) == []

    def _end_work(self) -> None:
        """Cancel every task, and end whatever container there is without one."""
        client = self.client()

        def wish() -> bool:
            live = client.containers(tuple(CONTAINER_LIVE))
            waiting = [task for task in client.tasks() if task.state not in TASK_ENDED]
            for task in waiting:
                with contextlib.suppress(ParheliaError):
                    client.cancel_task(task.id, "the test is over")
            for container in live:
                if container.wanted != "terminate":
                    with contextlib.suppress(ParheliaError):
                        client.terminate_container(container.id, "the test is over")
            return not live and not waiting

        try:
            # A task may be on its way to its container just now.
            with contextlib.suppress(ParheliaError):
                wait_until(wish, 60)
        finally:
            client.close()

    def _kill_tmux(self, container_id: str) -> None:
        socket = self.paths.tmux_socket(container_id)
        if socket.exists():
            subprocess.run(
                ["tmux", "-S", str(socket), "kill-server"], capture_output=True, timeout=60, check=False
            )

    def left(self, container_ids: list[str]) -> list[str]:
        """Name what is still there: processes, mounts and control groups of this state directory."""
        marks = [os.fsencode(self.home), *(each.encode() for each in container_ids)]
        found = [str(group) for each in container_ids for group in groups_of(each)]
        found += [
            line
            for line in Path("/proc/mounts").read_text().splitlines()
            if str(self.home) in line.split()[1]
        ]
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid() and process_is_there(int(entry.name)):
                with contextlib.suppress(OSError):
                    said = (entry / "cmdline").read_bytes() + b"\0" + (entry / "environ").read_bytes()
                    if any(mark in said for mark in marks):
                        found.append(f"{entry.name} {said[:200]!r}")
        return found
