"""The keys of the backends."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from parhelia_tui.core.model.request import Cpus, MemoryMb, Region
from parhelia_tui.core.settings.section import Seconds, Section

LONGEST_S = 86_400.0
"""Seconds that a sandbox at Modal lives at most, as the provider says."""


class LocalConfig(Section):
    """The backend `local`."""

    unsandboxed: bool = Field(
        default=False,
        description="Run tasks without isolation. Nothing ever runs so unless this or a flag says it.",
    )
    system_paths: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=("/usr", "/opt"), description="Directories of this machine that containers see, read-only."
    )
    max_containers: Annotated[int, Field(ge=0, le=10_000)] | None = Field(
        default=None,
        description="Containers at once to which the backend `auto` adds none here. Unset: as many as"
        " controller.max_containers.",
    )
    cpus: Cpus | None = Field(
        default=None, description="Processors that the backend `auto` may promise here. Unset: all."
    )
    memory_mb: MemoryMb | None = Field(
        default=None,
        description="Memory in MiB that the backend `auto` may promise here. Unset: what is free.",
    )
    grace_s: Annotated[float, Field(ge=0, le=3600)] = Field(
        default=5.0, description="Seconds between asking a container to end and ending it."
    )

    @field_validator("system_paths")
    @classmethod
    def _absolute(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        for path in paths:
            if not path.startswith("/") or path.strip("/") == "" or "\0" in path or ".." in path.split("/"):
                raise ValueError("each has to be an absolute path, without `..`, and not `/` itself")
        return paths


class ModalConfig(Section):
    """The backend `modal`: sandboxes of an account at Modal (see `parhelia help modal`)."""

    app: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")] = Field(
        default="parhelia", description="The app that sandboxes belong to."
    )
    region: Region | None = Field(
        default=None, description="Where sandboxes run. Unset: anywhere, the cheapest."
    )
    lease_s: Seconds = Field(
        default=3600.0,
        description="Seconds without a living controller after which a sandbox ends its container and itself.",
    )
    linger_s: Seconds = Field(
        default=900.0,
        description="Seconds that a sandbox stays after its container's end to be fetched from.",
    )
    sandbox_s: Annotated[float, Field(ge=10, le=LONGEST_S)] = Field(
        default=LONGEST_S,
        description="Seconds that one sandbox lives at most. A task that may go on moves to another one before.",
    )
    renew_before_s: Seconds = Field(
        default=1800.0,
        description="Seconds before the end of its sandbox at which an agent's work moves to another one; at a "
        "third of it all that cannot move is ended and fetched.",
    )
    max_containers: Annotated[int, Field(ge=0, le=10_000)] = Field(
        default=100,
        description="Sandboxes at once; further tasks wait. The provider's plan has such a limit.",
    )
    # What an agent with a language server and a test run needs; builds should name their needs.
    cpus: Cpus = Field(
        default=1.0, description="Processors of a task that names none and is placed by `auto`."
    )
    memory_mb: MemoryMb = Field(
        default=2048, description="Memory in MiB of a task that names none and is placed by `auto`."
    )
    volume: Annotated[str, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$")] = Field(
        default="parhelia", description="The volume by which large workspaces go up."
    )
    secret: Annotated[str, Field(pattern=r"^([a-zA-Z0-9][a-zA-Z0-9._-]{0,62})?$")] = Field(
        default="parhelia",
        description="The secret in which `parhelia modal setup` keeps the API's key; empty for none, then the key"
        " is handed to each supervisor from here.",
    )
    packages: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=(), description="Further Debian packages of the image."
    )
    claude_version: Annotated[str, Field(pattern=r"^([0-9A-Za-z][0-9A-Za-z.-]{0,39})?$")] = Field(
        default="2.1.329",
        description="The version of Claude Code that npm installs in the image; empty for none.",
    )
    commands: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=(), description="Commands that are run, as root, when the image is built."
    )
    workspace_mb: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=2048, description="MB of a workspace that go straight up; a larger one goes by the volume."
    )
    results_mb: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=8192,
        description="MB that are fetched from a sandbox; more waits there for modal.linger_s until this is raised.",
    )

    spares: Annotated[int, Field(ge=0, le=20)] = Field(
        default=0,
        description="Sandboxes that are kept ready, like that of the last task, so that the next one begins at once. Each"
        " costs while it waits; none has a GPU.",
    )
    spares_for_s: Seconds = Field(
        default=1800.0,
        description="Seconds after the last task began at Modal for which sandboxes are kept ready.",
    )

    @model_validator(mode="after")
    def _in_time(self) -> ModalConfig:
        if self.renew_before_s > self.sandbox_s / 2:
            raise ValueError(
                "renew_before_s may be at most half of sandbox_s, else nothing is done but moving"
            )
        return self
