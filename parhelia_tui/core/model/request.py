"""What a person may ask for, checked at the door."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from parhelia_tui.core.model import mounting
from parhelia_tui.core.model.targets import PLACE
from parhelia_tui.core.model.text import LONE_SURROGATES, one_line

PROMPT_LIMIT = 1_000_000
"""Longest prompt, in characters; a prompt of 100 KB is ordinary, a novel by accident is not."""

TARGETS_LIMIT = 1000
"""Most targets of one task: each is a task of its own."""

MERGED = ("env", "limits", "mounts")
"""Fields that are tables: what is said of one key leaves the others as they were."""

Network = Literal["none", "api", "allowlist", "open"]
WorkspaceMode = Literal["shared", "clone", "empty"]

Cpus = Annotated[float, Field(gt=0, le=1024, allow_inf_nan=False)]
MemoryMb = Annotated[int, Field(ge=16, le=16_777_216)]
Pids = Annotated[int, Field(ge=4, le=4_194_304)]
LifetimeS = Annotated[float, Field(gt=0, le=31_536_000, allow_inf_nan=False)]
Gpu = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,32}(:[1-9][0-9]?)?$")]
Region = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
Usd = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
ImageName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Target = Annotated[str, Field(min_length=1, max_length=4096)]


def checked_env(env: dict[str, str]) -> dict[str, str]:
    """Refuse variables that no program could be given.

    Raises:
        ValueError: for a name that is none, or a value with a NUL character or a lone surrogate.
    """
    for name, value in env.items():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise ValueError(f"{one_line(name, 40)!r} is not a name of an environment variable")
        if "\0" in value:
            raise ValueError(f"the value of {name} holds a NUL character")
        if LONE_SURROGATES.search(value):
            raise ValueError(f"the value of {name} is not valid Unicode")
    return env


class Limited(BaseModel):
    """Limits of a container, each optional."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cpus: Cpus | None = None
    memory_mb: MemoryMb | None = None
    pids: Pids | None = None
    lifetime_s: LifetimeS | None = None
    gpu: Gpu | None = None
    region: Region | None = None


class OtherwiseRequest(BaseModel):
    """What is to be different where work goes on, as a command asks for it; see `Otherwise`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    backend: str | None = None
    persistent: bool | None = None
    image: ImageName | None = None
    own_system: bool = False
    limits: Limited = Limited()


class TaskRequest(BaseModel):
    """A task as it is asked for by a command, a form or a line of a batch file.

    Args:
        prompt: the prompt of an agent, or the command line of the agent `shell`.
        agent: the name of an agent, as `claude`, `shell` or `demo`.
        workspace: a directory; None is the present one. Not used with mode `empty`.
        workspace_mode: `shared` works in the directory itself, `clone` in a copy, `empty` in a new one.
        network: `none`, `api`, `allowlist` or `open`.
        targets: a task for each, all at once, with the target in the place of `{target}` in prompt and title.
        budget_usd: what it may spend, with all its targets; None is what the configuration says.
        budget_each_usd: what the task of each target may spend.
        priority: larger goes first, -100 to 100.
        persistent: the container's system keeps what is installed in it.
        image: whose system its container begins with; None is this machine's own.
        mounts: paths of this machine by their places inside, read-only but for those with `:rw` behind them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: str
    title: str | None = None
    agent: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")] = "shell"
    agent_options: dict[str, JsonValue] = Field(default_factory=dict)
    workspace: str | None = None
    workspace_mode: WorkspaceMode = "shared"
    backend: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")] = "local"
    network: Network = "none"
    targets: Annotated[tuple[Target, ...], Field(max_length=TARGETS_LIMIT)] = ()
    budget_usd: Usd | None = None
    budget_each_usd: Usd | None = None
    persistent: bool = False
    unsandboxed: bool = False
    env: dict[str, str] = Field(default_factory=dict)
    mounts: dict[str, str] = Field(default_factory=dict)
    image: ImageName | None = None
    limits: Limited = Limited()
    priority: Annotated[int, Field(ge=-100, le=100)] = 0
    slot: Annotated[int, Field(ge=1, le=1000)] | None = None

    @field_validator("prompt")
    @classmethod
    def _prompt_says_something(cls, prompt: str) -> str:
        if not prompt.strip():
            raise ValueError("the prompt is empty")
        if len(prompt) > PROMPT_LIMIT:
            raise ValueError(f"the prompt has {len(prompt)} characters, more than {PROMPT_LIMIT}")
        if "\0" in prompt:
            raise ValueError("the prompt holds a NUL character, which no program can be given")
        return LONE_SURROGATES.sub("\ufffd", prompt)

    @field_validator("env")
    @classmethod
    def _env_names(cls, env: dict[str, str]) -> dict[str, str]:
        return checked_env(env)

    @field_validator("mounts")
    @classmethod
    def _mounts_have_places(cls, mounts: dict[str, str]) -> dict[str, str]:
        return mounting.checked(mounts)

    @field_validator("targets")
    @classmethod
    def _each_target_once(cls, targets: tuple[str, ...]) -> tuple[str, ...]:
        seen: set[str] = set()
        for each in targets:
            if not each.strip() or "\0" in each or LONE_SURROGATES.search(each):
                raise ValueError(f"{one_line(each, 40)!r} is no target: it says nothing or is no text")
            if each in seen:
                raise ValueError(f"the target {one_line(each, 80)!r} stands twice")
            seen.add(each)
        return targets

    @model_validator(mode="after")
    def _targets_have_a_place(self) -> TaskRequest:
        if self.targets and PLACE not in self.prompt:
            raise ValueError(f"targets are given, but the prompt has no {PLACE}, so all would do the same")
        if self.targets and self.slot is not None:
            raise ValueError("targets are given, and a slot, which only one of them could have")
        if self.budget_each_usd is not None and not self.targets:
            raise ValueError("budget_each_usd is for targets, and there are none")
        return self

    @model_validator(mode="after")
    def _empty_takes_no_directory(self) -> TaskRequest:
        if self.workspace_mode == "empty" and self.workspace is not None:
            raise ValueError("a workspace is given, but the mode is empty")
        return self

    @property
    def shown_title(self) -> str:
        """One safe line to call the task by."""
        return one_line(self.title or self.prompt, 120) or self.agent
