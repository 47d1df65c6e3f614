"""The agents by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from parhelia_tui.core.agents.base import Agent
from parhelia_tui.core.agents.claude.agent import ClaudeAgent
from parhelia_tui.core.agents.demo.agent import DemoAgent
from parhelia_tui.core.agents.options import suggestion
from parhelia_tui.core.agents.shell import ShellAgent
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line

_AGENTS: Mapping[str, Agent] = MappingProxyType(
    {each.name: each for each in (ClaudeAgent(), ShellAgent(), DemoAgent())}
)


def agents() -> Mapping[str, Agent]:
    """Give all agents by their names."""
    return _AGENTS


def tells_states(name: str) -> bool:
    """Say whether an agent tells its states; one that there is not tells nothing."""
    found = _AGENTS.get(name)
    return found is not None and found.states


def network_of(name: str) -> str:
    """Say which network an agent needs; one that there is not needs none."""
    found = _AGENTS.get(name)
    return found.network if found is not None else "none"


def agent(name: str) -> Agent:
    """Give the agent of this name.

    Raises:
        ParheliaError: E101 when there is none.
    """
    found = _AGENTS.get(name)
    if found is None:
        raise ParheliaError(
            "E101",
            f"there is no agent {one_line(name, 40)!r}; {suggestion(name, _AGENTS)}",
            details={"known": sorted(_AGENTS)},
        )
    return found
