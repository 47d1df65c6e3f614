"""The keys of the configuration for agents that it defines."""

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
