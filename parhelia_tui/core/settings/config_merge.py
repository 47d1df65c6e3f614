"""What a merge has to pass."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from parhelia_tui.core.settings.section import Seconds, Section


class MergeConfig(Section):
    """Merging what tasks made into your branches (`parhelia task merge`)."""

    gate: Annotated[str, Field(min_length=1, max_length=10_000)] | None = Field(
        default=None,
        description="Command line that has to end with 0 over the merged files before a branch moves. It runs in"
        " a container of this machine without a network. Unset: nothing is asked of a merge.",
    )
    gate_s: Seconds = Field(default=3600.0, description="Seconds that the gate may take.")
