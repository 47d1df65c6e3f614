"""Rows for tests of the store, and pieces of Python that run against it as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from parhelia_tui.core.model.records import Limits, Task
from parhelia_tui.core.model.states import TaskState

ROOT = Path(__file__).resolve().parents[2]


def make_task(task_id: str = "t-00000001", **columns: Any) -> Task:
    """Make a task as the client does, pending unless said otherwise."""
    values: dict[str, Any] = {
        "id": task_id,
        "slug": "a-task",
        "title": "A task",
        "prompt": "true",
        "agent": "shell",
        "agent_options": {},
        "workspace": "/srv/project",
        "workspace_mode": "shared",
        "backend": "local",
        "network": "none",
        "persistent": False,
        "unsandboxed": False,
        "env": {},
        "limits": Limits(),
        "slot_wanted": None,
        "priority": 0,
        "batch": None,
        "state": TaskState.PENDING,
        "wanted": "run",
        "reason": "",
        "question": "",
        "last_line": "",
        "attempt": 0,
        "container_id": None,
        "exit_code": None,
        "input_tokens": 0,
        "output_tokens": 0,
        "cost_usd": None,
        "created_at": 1000.0,
        "started_at": None,
        "finished_at": None,
        "rev": 0,
        "version": 1,
    }
    return Task(**{**values, **columns})


def start(script: str, *arguments: str | Path) -> subprocess.Popen[str]:
    """Start a script as a process; the caller ends it and waits for it."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )


def finish_together(processes: list[subprocess.Popen[str]]) -> list[str]:
    """Let processes that say "ready" go on at the same moment, and give what each printed then.

    It fails the test when one does not end with 0.
    """
    try:
        for process in processes:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line == "ready\n", f"{line}{process.communicate(timeout=60)[1]}"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        ends = [process.communicate(timeout=60) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    for process, (_, errors) in zip(processes, ends, strict=True):
        assert process.returncode == 0, errors
    return [printed for printed, _ in ends]
