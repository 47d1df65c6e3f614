"""What `parhelia task create` asks on a terminal where nothing was said: the last answers are offered again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from parhelia_tui.core.client import Client
from parhelia_tui.core.settings.last_task import remembered, with_answers

SHELL = "shell"
BACKENDS = ("local", "modal", "auto")
MODES = ("shared", "clone", "empty")


def answers(client: Client, given: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for what a task needs, but not for what an option has said.

    Args:
        client: knows the agents, what is configured and what was answered last.
        given: options by their names, None for those that were not given.

    Returns:
        The prompt, and the options that were asked for.

    Raises:
        click.Abort: at Ctrl+C, or an input that ends.
        ParheliaError: E700 for a configuration that cannot be used.
    """
    last = remembered(client.last_view())
    names = [name for name, _ in client.agents()]
    values = client.configuration()
    usual = client.usual_agent(values["defaults.agent"])
    agent = given["agent"] or _choice("Agent", names, last.get("agent"), usual)
    return {
        "agent": agent,
        "prompt": _text("Command line" if agent == SHELL else "Prompt"),
        "backend": given["backend"]
        or _choice("Where", BACKENDS, last.get("backend"), values["defaults.backend"]["value"]),
        "mode": given["mode"]
        or _choice("Works in", MODES, last.get("workspace_mode"), values["defaults.workspace_mode"]["value"]),
    }


def keep(client: Client, said: Mapping[str, Any]) -> None:
    """Remember what `answers` gave, once its task is made: the form of the dashboard begins with the same."""
    fields = {"agent": said["agent"], "backend": said["backend"], "workspace_mode": said["mode"]}
    client.keep_view(with_answers(client.last_view(), fields))


def _choice(question: str, possible: Sequence[str], last: str | None, usual: str) -> str:
    """Offer the last answer, where it is still possible, else what is usual."""
    offered = next(each for each in (last, usual, possible[0]) if each in possible)
    return str(click.prompt(question, type=click.Choice(possible), default=offered, err=True))


def _text(question: str) -> str:
    text = ""
    while not text.strip():
        text = str(click.prompt(question, err=True))
    return text
