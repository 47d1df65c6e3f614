"""What the watcher tells of an agent whose hooks and files tell different things at different times."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.agents.program.ask import MARK
from parhelia_tui.core.agents.program.run import DOUBT_S
from tests.support.waiting import wait_until

SESSION = "11111111-2222-3333-4444-555555555555"
WATCHER = """
import os, sys
from parhelia_tui.core.agents.program import run
agent = os.fork()
if agent == 0:
    os.execvp("sleep", ["sleep", "600"])
print(agent, flush=True)
run.main(agent, "terminal", sys.argv[1], sys.argv[2], [], "asked")
"""


class Agent:
    """Writes what an agent writes, and takes what its watcher tells the supervisor."""

    def __init__(self, home: Path, pid: int, told: socket.socket) -> None:
        self._home = home
        self._pid = pid
        self._told = told.makefile("r", encoding="utf-8")
        self._events = 0

    def tells(self, state: str, source: str) -> str:
        """Take what is told up to this state; gives its detail."""
        for line in self._told:
            report = json.loads(line)
            if (report.get("state"), report.get("source")) == (state, source):
                return str(report["detail"])
        raise AssertionError("the watcher has ended")

    def next_state(self) -> tuple[str, str]:
        """Take the next state that is told, with its source."""
        report = next(each for each in map(json.loads, self._told) if each["type"] == "state")
        return report["state"], report["source"]

    def hook(self, name: str, **more: str) -> None:
        """Call its hooks, as hook.sh lays an event down."""
        self._events += 1
        new = self._home / "drops" / f"{self._events}.new"
        new.write_text(json.dumps({"hook_event_name": name, **more}))
        new.rename(new.with_suffix(".json"))
        with (self._home / "drops" / "wake").open("w") as pipe:
            pipe.write(".")

    def is_(self, status: str) -> None:
        """Write its session file."""
        place = self._home / ".claude" / "sessions" / f"{self._pid}.json"
        place.write_text(json.dumps({"status": status}))

    def asks(self, pid: int) -> None:
        """Let a process be the hook that asks somebody elsewhere."""
        (self._home / "drops" / f"{MARK}{pid}").touch()

    def says(self, kind: str, words: str) -> None:
        """Add to its conversation."""
        message: dict[str, Any] = {"role": kind, "content": [{"type": "text", "text": words}]}
        place = self._home / ".claude" / "projects" / "-workspace"
        place.mkdir(parents=True, exist_ok=True)
        with (place / f"{SESSION}.jsonl").open("a") as file:
            file.write(json.dumps({"type": kind, "message": message}) + "\n")


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    """An agent that sleeps, and its watcher."""
    (tmp_path / "drops").mkdir()
    os.mkfifo(tmp_path / "drops" / "wake")
    with socket.socket(socket.AF_UNIX) as supervisor:
        supervisor.settimeout(30)
        supervisor.bind(str(tmp_path / "s"))
        supervisor.listen()
        watcher = subprocess.Popen(
            [sys.executable, "-c", WATCHER, SESSION, str(tmp_path / "drops")],
            env={**os.environ, "HOME": str(tmp_path), "PARHELIA_AGENT_SOCKET": str(tmp_path / "s")},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert watcher.stdout is not None
        pid = int(watcher.stdout.readline())
        try:
            connection, _ = supervisor.accept()
            connection.settimeout(30)
            with connection:
                yield Agent(tmp_path, pid, connection)
        finally:
            os.kill(pid, 9)
            watcher.communicate(timeout=30)


def test_its_last_words_are_told_however_its_rest_becomes_known(agent: Agent) -> None:
    agent.tells("starting", "process")
    agent.hook("UserPromptSubmit", prompt="do it")
    agent.tells("working", "hook")
    agent.says("user", "do it")
    agent.says("assistant", "It is done.")
    agent.hook("Stop", last_assistant_message="It is done.")
    assert agent.tells("idle", "hook") == "It is done."
    # The file comes late and tells of the work that is over already.
    agent.is_("busy")
    agent.tells("working", "session")
    agent.is_("idle")
    assert agent.tells("idle", "session") == "It is done."
    # Interrupted before it said anything: no hook tells of that.
    agent.says("user", "now something else")
    agent.is_("busy")
    agent.tells("working", "session")
    agent.is_("idle")
    assert agent.tells("idle", "session") == ""


def test_what_a_hook_told_after_the_file_was_written_counts(agent: Agent) -> None:
    agent.tells("starting", "process")
    agent.hook("UserPromptSubmit", prompt="do it")
    agent.tells("working", "hook")
    # The file is waited with for a moment; meanwhile the agent asks.
    agent.is_("busy")
    agent.hook("PermissionRequest", tool_name="Bash")
    agent.tells("permission", "hook")
    due = time.monotonic() + 2 * DOUBT_S
    wait_until(lambda: time.monotonic() > due)
    agent.hook("Stop", last_assistant_message="Over.")
    assert agent.next_state() == ("idle", "hook")


def test_what_was_answered_in_the_terminal_is_asked_no_more_also_where_a_hook_came_later(
    agent: Agent,
) -> None:
    agent.tells("starting", "process")
    agent.hook("PermissionRequest", tool_name="Bash")
    agent.tells("permission", "hook")
    with subprocess.Popen(["sleep", "600"]) as asking:
        try:
            agent.asks(asking.pid)
            agent.is_("busy")
            agent.hook("PostToolUse", tool_name="Bash")
            agent.tells("working", "hook")
            assert asking.wait(30) == -signal.SIGTERM
        finally:
            asking.kill()
