"""What is remembered of the last new task from one time to the next; never a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from parhelia_tui.core.settings.view_file import View


def remembered(view: View) -> dict[str, str]:
    """Give the fields of the last new task that are remembered."""
    kept = {
        "agent": view.new_agent,
        "backend": view.new_backend,
        "network": view.new_network,
        "workspace_mode": view.new_mode,
    }
    return {name: value for name, value in kept.items() if value}


def with_answers(view: View, fields: Mapping[str, Any]) -> View:
    """Remember what a new task is asked for with; what is not among the fields stays as it was."""
    known = {**remembered(view), **{name: str(value) for name, value in fields.items() if value is not None}}
    return replace(
        view,
        new_agent=known.get("agent", ""),
        new_backend=known.get("backend", ""),
        new_network=known.get("network", ""),
        new_mode=known.get("workspace_mode", ""),
    )
