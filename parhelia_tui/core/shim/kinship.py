"""Whose end is whose: what a process has with its parent and with orphans below it (prctl(2))."""

from __future__ import annotations

from parhelia_tui.core.shim import libc

_PDEATHSIG, _CHILD_SUBREAPER = 1, 36


def die_with_parent(number: int) -> None:
    """Get a signal when the parent ends."""
    _prctl(_PDEATHSIG, number)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends."""
    _prctl(_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    if libc.call("prctl", option, value, 0, 0, 0) != 0:
        from parhelia_tui.core.shim import namespaces

        namespaces.prctl(option, value)
