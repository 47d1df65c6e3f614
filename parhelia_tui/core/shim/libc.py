"""Calling the C library without the module `ctypes`, whose import takes 2 to 4 ms of each start."""

from __future__ import annotations

from parhelia_tui.core.shim import system


def call(name: str, *numbers: int | None) -> int:
    """Call a function that takes numbers of 32 bits, or null pointers (None), and gives a number.

    Returns:
        What it gives; -1 also where it cannot be called this way. Who wants to know why calls again by `ctypes`.
    """
    try:
        import _ctypes

        # The types know a path alone; None is the program itself, as in dlopen(3).
        library = _ctypes.dlopen(None, system.RTLD_NOW)  # type: ignore[arg-type]
        return int(_ctypes.call_function(_ctypes.dlsym(library, name), numbers))
    except (ImportError, AttributeError, TypeError, OSError):
        return -1
