"""What is remembered of the last new task from one time to the next; never a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from parhelia_tui.core.settings.view_file import View

CHOICES = {"agent": "agent", "backend": "backend", "network": "network", "workspace_mode": "mode"}
"""Fields of a request that are chosen, and what each is called among what is remembered."""
LIMITS = ("cpus", "memory_mb", "lifetime_s", "gpu", "region")


def remembered(view: View) -> dict[str, Any]:
    """Give the fields of the last new task that are remembered; limits as they were typed."""
    kept = {name: getattr(view, f"new_{key}") for name, key in CHOICES.items()}
    limits = {name: getattr(view, f"new_{name}") for name in LIMITS}
    return {**{name: value for name, value in kept.items() if value}, "limits": limits}


def with_answers(view: View, fields: Mapping[str, Any]) -> View:
    """Remember what a new task is asked for with, and what stood in fields that were not shown for it.

    Args:
        fields: of the form; None is left to the configuration, and what is not among them stays as it was.
    """
    typed = {**fields.get("unseen", {}), **fields.get("limits", {})}
    changes: dict[str, Any] = {
        f"new_{key}": fields[name] or "" for name, key in CHOICES.items() if name in fields
    }
    changes |= {f"new_{name}": typed[name] for name in LIMITS if name in typed}
    return replace(view, **changes)
