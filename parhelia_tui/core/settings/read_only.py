"""Looking without touching: a process, and all that it starts, may be kept from changing anything."""

from __future__ import annotations

import os

from parhelia_tui.core.model.errors import ParheliaError

VARIABLE = "PARHELIA_READ_ONLY"
FLAG, SETTING = "--read-only", "dashboard.read_only"
_WAYS = {
    FLAG: f"the same without {FLAG}",
    SETTING: f"{SETTING} = false in the configuration, and the dashboard anew",
}
"""What lets changes through again, by who has kept them out."""


def is_read_only() -> bool:
    """Whether this process may change nothing."""
    return os.environ.get(VARIABLE, "") not in ("", "0")


def become_read_only(by: str) -> None:
    """Keep this process and its children from changing anything, for as long as they live.

    Args:
        by: `FLAG` or `SETTING`; what a variable of the user's own says stays.
    """
    if not is_read_only():
        os.environ[VARIABLE] = by


def refuse_if_read_only() -> None:
    """Refuse a change where none may be made.

    Raises:
        ParheliaError: E401 in a read-only process.
    """
    if is_read_only():
        raise ParheliaError(
            "E401",
            "this is read-only, so nothing is changed",
            recovery=(_WAYS.get(os.environ[VARIABLE], f"unset {VARIABLE}"),),
            details={"variable": VARIABLE},
        )
