"""The emulated provider as a process beside a test, and orders for it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

from parhelia_tui.core.shim import pid_file
from tests.support import sshd
from tests.support.waiting import processes_with, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent


class Provider:
    """A running emulator; a context manager.

    Args:
        root: a directory of its own, which must not exist yet.
        see: read-only directories of this machine for every sandbox, by their path inside.
        errors: a file for what it writes on standard error; none where that may go to the terminal.
    """

    def __init__(
        self, root: Path, see: dict[str, Path] | None = None, errors: IO[bytes] | None = None
    ) -> None:
        self.root = root
        root.mkdir(parents=True)
        shown = {**sshd.lay_out(root / "commands"), **(see or {})}
        words = [f"--see={inside}={here}" for inside, here in shown.items()]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.modal_emulator", "--root", str(root), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=ROOT,
            text=True,
            # Nothing of it belongs to the state directory of a test.
            env={name: value for name, value in os.environ.items() if name != "PARHELIA_HOME"},
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()

    def environment(self) -> dict[str, str]:
        """What makes the SDK speak to this provider and to no other."""
        return {
            "MODAL_SERVER_URL": self.url,
            "MODAL_TOKEN_ID": "ak-emulated",
            "MODAL_TOKEN_SECRET": "as-emulated",
            "MODAL_CONFIG_PATH": str(self.root / "none.toml"),
        }

    def order(self, op: str, **fields: Any) -> Any:
        """Order something; see `Emulator._obey`."""
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(60)
            door.connect(str(self.root / "orders.sock"))
            door.sendall((json.dumps({"op": op, **fields}) + "\n").encode())
            with door.makefile() as answer:
                return json.loads(answer.readline())

    def sandboxes(self, *, running: bool = True) -> list[dict[str, Any]]:
        """The sandboxes of the provider, oldest first."""
        return [each for each in self.order("sandboxes") if each["running"] or not running]

    def halt(self, number: int) -> None:
        """Let it stand still, or go on: it gets this signal, and its sandboxes do not."""
        self._process.send_signal(number)

    def close(self) -> None:
        """End it and all its sandboxes."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(30)
        finally:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()

    def __enter__(self) -> Provider:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def supervisor_pid(sandbox: dict[str, Any]) -> int:
    """The pid here of the supervisor in a sandbox, by the one that it wrote down inside; waited for."""
    written = Path(sandbox["root"]) / "var/lib/parhelia" / pid_file.NAME
    wait_until(written.exists, 60.0)
    inside = str(json.loads(written.read_text())["pid"])
    (pid,) = [each for each in processes_with("/var/lib/parhelia") if _is_in(each, sandbox["root"], inside)]
    return pid


def _is_in(pid: int, root: str, inside: str) -> bool:
    """Say whether a process is the one of a pid inside a sandbox; one of another sandbox may end meanwhile."""
    try:
        return Path(f"/proc/{pid}/root").samefile(root) and _pid_inside(pid) == inside
    except (FileNotFoundError, ProcessLookupError):
        return False


def _pid_inside(pid: int) -> str:
    """The pid of a process in its own namespace (NSpid of proc_pid_status(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[-1] for line in lines if line.startswith("NSpid:"))
