"""The agents by name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from parhelia_tui.core.agents.base import Agent
from parhelia_tui.core.agents.demo.agent import DemoAgent
from parhelia_tui.core.agents.shell import ShellAgent
from parhelia_tui.core.model.errors import ParheliaError

_AGENTS: Mapping[str, Agent] = {agent.name: agent for agent in (ShellAgent(), DemoAgent())}


def agents() -> Mapping[str, Agent]:
    """Give all agents by their names."""
    return _AGENTS


def agent(name: str) -> Agent:
    """Give the agent of this name.

    Raises:
        ParheliaError: E101 when there is none.
    """
    found = _AGENTS.get(name)
    if found is None:
        near = difflib.get_close_matches(name, _AGENTS, 3)
        hint = f"; did you mean {' or '.join(near)}?" if near else f"; there are {', '.join(_AGENTS)}"
        raise ParheliaError("E101", f"there is no agent {name!r}{hint}", details={"known": sorted(_AGENTS)})
    return found
