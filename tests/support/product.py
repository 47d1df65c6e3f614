"""The installed product in a state directory of its own, and proof that nothing of it is left."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import CONTAINER_LIVE
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.settings.process_lock import holder
from tests.support.waiting import process_is_there, wait_until

PARHELIA = str(Path(sys.executable).with_name("parhelia"))


class Product:
    """Runs the installed command over one state directory.

    Args:
        home: the state directory; PARHELIA_HOME names it already in the test's environment.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.paths = Paths(home)

    def run(
        self, *words: str, given: str | None = None, cwd: Path | None = None, timeout: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run `parhelia WORDS` to its end."""
        return subprocess.run(
            [PARHELIA, *words],
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=cwd or self.home.parent,
            check=False,
        )

    def start(self, *words: str, cwd: Path | None = None) -> subprocess.Popen[str]:
        """Start `parhelia WORDS` and let it run."""
        return subprocess.Popen(
            [PARHELIA, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd or self.home.parent,
        )

    def json(self, *words: str, cwd: Path | None = None) -> Any:
        """Run a command with --json that must succeed, and give its data."""
        done = self.run(*words, "--json", cwd=cwd)
        assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
        answer = json.loads(done.stdout)
        assert answer["success"] is True
        return answer["data"]

    def client(self) -> Client:
        """A client of this state directory."""
        return Client(self.paths)

    def close(self) -> None:
        """End everything that this state directory started, and prove that nothing of it is left."""
        if self.paths.database.exists():
            self._end_containers()
        pid = holder(self.paths.controller_lock)
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            wait_until(lambda: not process_is_there(pid), 20)
        wait_until(lambda: self.left() == [], 20)
        shutil.rmtree(self.paths.short_sockets, ignore_errors=True)

    def _end_containers(self) -> None:
        client = self.client()
        try:
            for container in client.containers(tuple(CONTAINER_LIVE)):
                with contextlib.suppress(Exception):
                    client.terminate_container(container.id, "the test is over")
            wait_until(lambda: not client.containers(tuple(CONTAINER_LIVE)), 30)
        finally:
            client.close()

    def left(self) -> list[str]:
        """Name the processes that carry this state directory among their arguments."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid() and process_is_there(int(entry.name)):
                with contextlib.suppress(OSError):
                    words = (entry / "cmdline").read_bytes()
                    if os.fsencode(self.home) in words:
                        found.append(f"{entry.name} {words[:200]!r}")
        return found
