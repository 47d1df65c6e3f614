"""Small steps over the real Claude Code and its scripted API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Task
from tests.support.fleet import configure, create
from tests.support.real_claude import NEW, claude
from tests.support.waiting import wait_until

PATIENCE_S = 90.0


def use(tmp_path: Path, version: str = NEW, more: str = "", **keys: str) -> None:
    """Let the product use this version, and the scripted API on the test's socket.

    Args:
        more: further tables of the configuration.
        keys: of the table `claude`, as TOML.
    """
    lines = [f'path = "{claude(version)}"', f'api_socket = "{tmp_path / "api.sock"}"']
    keys = {"carry": "false", **keys}
    lines += [f"{name} = {value}" for name, value in keys.items()]
    configure(tmp_path, "[claude]\n" + "\n".join(lines) + f"\n{more}")


def ask(client: Client, place: Path, scenario: str, **options: Any) -> Task:
    """Store a task for Claude that plays a scenario."""
    return create(client, f"SCENARIO={scenario} do it", place, agent="claude", agent_options=options)


def until_it_says(client: Client, task: Task, words: str) -> None:
    """Wait until it has done its turn and these are its last words; what it shows is told where it does not."""
    try:
        wait_until(lambda: client.task(task.id).question == words, PATIENCE_S)
    except AssertionError:
        seen = client.task(task.id)
        shown = "\n".join(client.log_tail(task.id)[-30:])
        raise AssertionError(
            f"{seen.state}, {seen.agent_state} by {seen.agent_source}: {seen.reason}\n{shown}"
        ) from None
