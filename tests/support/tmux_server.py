"""A real tmux server with our configuration, on a socket of the test's own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from parhelia_tui.core.backends.base import TmuxEndpoint
from parhelia_tui.core.sessions.tmux_config import write_config
from tests.support.waiting import process_is_there, wait_until


class TmuxServer:
    """Starts sessions whose panes run Python programs, and ends all that it started.

    Args:
        directory: an own directory with a short path.
        config: another configuration file than ours.
    """

    def __init__(self, directory: Path, config: Path | None = None) -> None:
        self.directory = directory
        self.socket = directory / "tmux.sock"
        self.config = config or write_config(directory)
        self.pids: set[int] = set()

    def start(
        self, program: str, *arguments: str, name: str = "ph-one", columns: int = 80, rows: int = 24
    ) -> TmuxEndpoint:
        """Start a session whose pane runs a Python program; begins a server when there is none."""
        self.run(
            *("-f", str(self.config), "new-session", "-d", "-s", name, "-x", str(columns), "-y", str(rows)),
            *(sys.executable, "-c", program, *arguments),
        )
        self.pids.add(int(self.ask("#{pid}", name)))
        return TmuxEndpoint(self.socket, name)

    def run(self, *words: str) -> str:
        """Run one tmux command; it must succeed."""
        done = subprocess.run(
            ["tmux", "-u", "-S", str(self.socket), *words], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.removesuffix("\n")

    def ask(self, form: str, name: str = "ph-one") -> str:
        """Expand a format for the pane of a session."""
        return self.run("display-message", "-p", "-t", f"={name}:", form)

    def screen(self, name: str = "ph-one") -> str:
        """What the pane of a session shows."""
        return self.run("capture-pane", "-p", "-t", f"={name}:")

    def wait_for(self, text: str, name: str = "ph-one", deadline_s: float = 10.0) -> None:
        """Wait until a session shows a text."""
        wait_until(lambda: text in self.screen(name), deadline_s)

    def type(self, *keys: str, name: str = "ph-one") -> None:
        """Press keys in a session."""
        self.run("send-keys", "-t", f"={name}:", *keys)

    def kill(self) -> None:
        """Kill the server as nothing else would: without a word to anybody."""
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """End the server and wait until it is gone."""
        subprocess.run(
            ["tmux", "-S", str(self.socket), "kill-server"], capture_output=True, timeout=60, check=False
        )
        wait_until(lambda: not any(map(process_is_there, self.pids)))
