"""Checkpoints that nobody has to ask for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from parhelia_tui.core.settings.section import Section


class CheckpointsConfig(Section):
    """Checkpoints that nobody has to ask for, and how long they are kept."""

    automatic: Literal["agents", "all", "none"] = Field(
        default="agents",
        description="Whose are taken without being asked for: tasks of `agents` that keep a talk, `all`, `none`.",
    )
    periodic_s: Annotated[float, Field(ge=0, le=31_536_000)] = Field(
        default=300.0,
        description="Seconds between two of a running task; 0 is never. Nothing new, no checkpoint.",
    )
    on_detach: bool = Field(default=True, description="One whenever somebody leaves the task's terminal.")
    before_risk: bool = Field(
        default=True, description="One before a step that the agent calls risky; it waits for it."
    )
    on_error: bool = Field(default=True, description="One when a task has failed.")
    at_end: bool = Field(default=True, description="One when a task has completed.")
    resumes: Annotated[int, Field(ge=0, le=100)] = Field(
        default=1,
        description="How often a task whose container died goes on from its last checkpoint by itself.",
    )
    keep: Annotated[int, Field(ge=1)] = Field(
        default=50,
        description="Checkpoints of one task that are kept, the newest; protected and tagged ones always.",
    )
    keep_days: Annotated[float, Field(gt=0)] = Field(
        default=30.0,
        description="Days that a checkpoint is kept; a task's newest one, protected and tagged ones always.",
    )
    ignore: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=(),
        description="What is left out, as lines of a .gitignore; .parheliaignore in a workspace says more.",
    )
