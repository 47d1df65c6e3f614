"""The keys of agents: of Claude Code, and of those that a configuration defines."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator

from parhelia_tui.core.model.request import checked_env
from parhelia_tui.core.settings.section import Section

Words = Annotated[tuple[str, ...], Field(strict=False)]
StateName = Literal[
    "starting",
    "working",
    "tool",
    "permission",
    "question",
    "plan",
    "idle",
    "background",
    "retrying",
    "done",
    "error",
]


class AgentConfig(Section):
    """An agent: `[agents.NAME]`."""

    command: Annotated[Words, Field(min_length=1)]
    resume: Words = ()
    conversation: Annotated[str, Field(pattern=r"^(\.?[A-Za-z0-9_][A-Za-z0-9._-]{0,63})?$")] = ""
    summary: str = ""
    network: Literal["none", "api", "allowlist", "open"] = "none"
    env: dict[str, str] = Field(default_factory=dict)
    mounts: Words = ()
    states: dict[StateName, str] = Field(default_factory=dict)

    @field_validator("env")
    @classmethod
    def _env_names(cls, env: dict[str, str]) -> dict[str, str]:
        return checked_env(env)

    @field_validator("mounts")
    @classmethod
    def _absolute(cls, mounts: tuple[str, ...]) -> tuple[str, ...]:
        for each in mounts:
            if not each.startswith("/") or each.strip("/") == "" or ".." in each.split("/"):
                raise ValueError("each has to be an absolute path, without `..`, and not `/` itself")
        return mounts

    @field_validator("states")
    @classmethod
    def _patterns(cls, states: dict[StateName, str]) -> dict[StateName, str]:
        for state, pattern in states.items():
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{state} is no regular expression: {error}") from error
        return states


class ClaudeConfig(Section):
    """The agent `claude`: the user's own Claude Code."""

    path: str | None = Field(
        default=None, description="Where the program is. Unset: the `claude` in PATH or below the home."
    )
    model: str | None = Field(
        default=None, description="The model where a task names none. Unset: its own default."
    )
    permission_mode: Literal["default", "acceptEdits", "plan", "bypassPermissions", "dontAsk", "auto"] = (
        Field(default="default", description="What it may do without asking, where a task does not say.")
    )
    deny: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=(),
        description='Rules of what it may never do, whatever its mode, such as "Bash(git push:*)".',
    )
    carry: bool = Field(
        default=True,
        description="Let your own settings, CLAUDE.md, skills, agents, commands, plugins and MCP servers go along;"
        " `parhelia config sync --dry-run` lists what goes and what stays.",
    )
    memory: bool = Field(
        default=True,
        description="Let each session leave notes for the next one of its project; `parhelia memory` shows them.",
    )
    api_socket: str | None = Field(
        default=None,
        description="A unix socket on which its API answers, shown inside. So a container needs no network.",
    )
