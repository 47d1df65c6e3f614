"""How the full-screen dashboard looks and behaves."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from parhelia_tui.core.settings.dashboard import CONTAINER_COLUMNS, TASK_COLUMNS, Dashboard, column_fault
from parhelia_tui.core.settings.key_names import ACTIONS, fault_of
from parhelia_tui.core.settings.section import Section


def _columns(known: tuple[str, ...]) -> AfterValidator:
    def check(names: tuple[str, ...]) -> tuple[str, ...]:
        fault = column_fault(names, known)
        if fault:
            raise ValueError(fault)
        return names

    return AfterValidator(check)


class DashboardConfig(Section):
    """The full-screen dashboard."""

    theme: Literal["dark", "dusk", "light", "paper", "contrast", "plain"] = Field(
        default="dark", description="Colours of the dashboard; plain has none."
    )
    read_only: bool = Field(
        default=False, description="Look without touching: the dashboard changes nothing."
    )
    reduced_motion: bool = Field(default=False, description="Nothing blinks and nothing glides.")
    columns: Annotated[tuple[str, ...], Field(strict=False), _columns(TASK_COLUMNS)] = Field(
        default=Dashboard().columns,
        description=f"Columns of the tasks, in this order: {', '.join(TASK_COLUMNS)}.",
    )
    container_columns: Annotated[tuple[str, ...], Field(strict=False), _columns(CONTAINER_COLUMNS)] = Field(
        default=Dashboard().container_columns,
        description=f"Columns of the containers, in this order: {', '.join(CONTAINER_COLUMNS)}.",
    )


def _action(name: str) -> str:
    if name not in ACTIONS:
        raise ValueError(fault_of(name, ""))
    return name


ScreenKeys = dict[str, dict[str, str]]
Keys = dict[Annotated[str, AfterValidator(_action)], str]
