"""What the form for a new task remembers from one run to the next; never a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from parhelia_tui.core.settings.view_file import View
from parhelia_tui.screens.form_limits import LIMITS


def remembered(view: View) -> dict[str, Any]:
    """Give the fields of the last new task that are remembered."""
    kept = {
        "agent": view.new_agent,
        "backend": view.new_backend,
        "network": view.new_network,
        "workspace_mode": view.new_mode,
    }
    limits = {name: getattr(view, f"new_{name}") for name in LIMITS}
    return {**{name: value for name, value in kept.items() if value}, "limits": limits}


def with_answers(view: View, fields: Mapping[str, Any]) -> View:
    """Remember what a new task is asked for with, and what stood in fields that were not shown for it."""
    typed = {**fields["unseen"], **fields["limits"]}
    return replace(
        view,
        new_agent=str(fields["agent"]),
        new_backend=str(fields["backend"]),
        new_network=str(fields["network"]),
        new_mode=str(fields["workspace_mode"]),
        **{f"new_{name}": typed[name] for name in LIMITS},
    )
