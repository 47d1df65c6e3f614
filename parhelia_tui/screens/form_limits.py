"""The limits of a new task as they are typed into its form, and as a request has them; nothing here draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.typed import length_as_typed, seconds

LIMITS: Mapping[str, tuple[str, str]] = {
    "cpus": ("CPUs", "as 4"),
    "memory_mb": ("Memory, MiB", "as 16384"),
    "lifetime_s": ("Lifetime", "as 4h"),
    "gpu": ("GPU", "as T4"),
    "region": ("Region", "as us-east"),
}
"""The limits of a request that the form shows: what each is called, and what may stand in it."""
ELSEWHERE = ("gpu", "region")
"""Those that this machine cannot give."""
NAMES = {f"limits.{name}": label for name, (label, _) in LIMITS.items()}


def as_typed(limits: Mapping[str, Any]) -> dict[str, str]:
    """Write limits of a request as a person types them; those without a field are left out."""
    return {
        name: length_as_typed(value) if name == "lifetime_s" else str(value)
        for name, value in limits.items()
        if name in LIMITS and value is not None
    }


def as_request(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fields of a request for those of the form, in which limits are as they were typed.

    Args:
        fields: of the form; those for itself alone are left out.

    Raises:
        ParheliaError: E101 for a lifetime that is none.
    """
    limits = {name: value for name, value in fields.get("limits", {}).items() if value != ""}
    lifetime = limits.get("lifetime_s")
    if isinstance(lifetime, str):
        try:
            limits["lifetime_s"] = seconds(lifetime)
        except ParheliaError as error:
            raise ParheliaError(error.code, f"{LIMITS['lifetime_s'][0]}: {error.message}") from error
    asked = {name: value for name, value in fields.items() if name not in ("template", "unseen")}
    return {**asked, "limits": limits}
