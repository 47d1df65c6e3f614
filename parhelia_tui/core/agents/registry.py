"""The agents by name."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from parhelia_tui.core.agents.base import Agent
from parhelia_tui.core.agents.claude.agent import ClaudeAgent
from parhelia_tui.core.agents.demo.agent import DemoAgent
from parhelia_tui.core.agents.options import suggestion
from parhelia_tui.core.agents.shell import ShellAgent
from parhelia_tui.core.agents.talk_files import TalkFiles
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.said import Said
from parhelia_tui.core.model.text import one_line

_AGENTS: Mapping[str, Agent] = MappingProxyType(
    {each.name: each for each in (ClaudeAgent(), ShellAgent(), DemoAgent())}
)


def agents() -> Mapping[str, Agent]:
    """Give all agents by their names: ours, and those that the configuration defines, where it can be read."""
    from parhelia_tui.core.agents.configured import configured

    found: dict[str, Agent] = dict(_AGENTS)
    # What is wrong with a configuration is told by whoever reads it for its own sake.
    with contextlib.suppress(ParheliaError):
        found |= {name: each for name, each in configured().items() if name not in _AGENTS}
    return found


def talk_of(name: str) -> str:
    """Say where in its home an agent keeps its talk; empty for one that keeps none, or is there no more."""
    found = _find(name)
    return found.conversation if found is not None else ""


def tells_states(name: str) -> bool:
    """Say whether an agent tells its states; one that there is not tells nothing."""
    found = _find(name)
    return found is not None and found.states


def leaves_notes(name: str) -> bool:
    """Say whether an agent leaves notes for the next session; one that there is not leaves nothing."""
    found = _find(name)
    return found is not None and bool(found.notes)


def keeps_questions(task: Task) -> bool:
    """Say whether a question of a task's agent outlives its container."""
    found = _find(task.agent)
    return found is not None and found.keeps_questions(task)


def said_in(name: str, files: TalkFiles, conversation: str) -> Sequence[Said]:
    """Read what was said in a conversation of an agent; nothing for one that is there no more."""
    found = _find(name)
    return found.said(files, conversation) if found is not None else ()


def network_of(name: str) -> str:
    """Say which network an agent needs; one that there is not needs none."""
    found = _find(name)
    return found.network if found is not None else "none"


def agent(name: str) -> Agent:
    """Give the agent of this name.

    Raises:
        ParheliaError: E101 when there is none.
    """
    found = _find(name)
    if found is None:
        known = agents()
        raise ParheliaError(
            "E101",
            f"there is no agent {one_line(name, 40)!r}; {suggestion(name, known)}",
            details={"known": sorted(known)},
        )
    return found


def _find(name: str) -> Agent | None:
    # Reading the configuration costs some milliseconds that our own agents need not pay.
    return _AGENTS.get(name) or agents().get(name)
