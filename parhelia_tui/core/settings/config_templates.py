"""Templates of tasks: what a task is asked for under a name."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, JsonValue, field_validator

from parhelia_tui.core.model import mounting
from parhelia_tui.core.model.request import ImageName, Limited, Network, Usd, WorkspaceMode, checked_env
from parhelia_tui.core.settings.section import Section


class TemplateLimits(Limited):
    """Limits of a template's container; strict as every table of a configuration file."""

    model_config = ConfigDict(strict=True)


class TemplateConfig(Section):
    """A template: `[templates.NAME]`. What it does not say is as it is without a template."""

    about: str = ""
    prompt: Annotated[str, Field(min_length=1)] | None = None
    title: str | None = None
    agent: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")] | None = None
    agent_options: dict[str, JsonValue] = Field(default_factory=dict)
    workspace_mode: WorkspaceMode | None = None
    backend: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")] | None = None
    network: Network | None = None
    budget_usd: Usd | None = None
    persistent: bool | None = None
    image: ImageName | None = None
    mounts: dict[str, str] = Field(default_factory=dict)
    priority: Annotated[int, Field(ge=-100, le=100)] | None = None
    env: dict[str, str] = Field(default_factory=dict)
    limits: TemplateLimits = TemplateLimits()

    @field_validator("env")
    @classmethod
    def _env_names(cls, env: dict[str, str]) -> dict[str, str]:
        return checked_env(env)

    @field_validator("mounts")
    @classmethod
    def _mounts_have_places(cls, mounts: dict[str, str]) -> dict[str, str]:
        return mounting.checked(mounts)
