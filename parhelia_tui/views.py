"""The screens of the dashboard and their keys, as data."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import Any

from textual.binding import Binding
from textual.screen import Screen

from parhelia_tui import screens
from parhelia_tui.screens.key_map import bindings_of


def views() -> list[dict[str, Any]]:
    """Describe every screen: its name, what it is, and each key with what it does."""
    found: dict[str, type[Screen[Any]]] = {}
    for module in pkgutil.iter_modules(screens.__path__):
        for each in vars(importlib.import_module(f"{screens.__name__}.{module.name}")).values():
            if (
                isinstance(each, type)
                and issubclass(each, Screen)
                and each.__module__.startswith(screens.__name__)
            ):
                found[each.__name__] = each
    # What others are made of is no view itself.
    bases = {base for each in found.values() for base in each.__mro__[1:]}
    return [
        {
            "view": name.removesuffix("Screen"),
            "about": (sys.modules[each.__module__].__doc__ or "").strip().splitlines()[0],
            "keys": [_key(key) for key in bindings_of(each)],
        }
        for name, each in sorted(found.items())
        if each not in bases
    ]


def _key(key: Binding) -> dict[str, Any]:
    return {"keys": key.key.split(","), "action": key.action, "does": key.tooltip or key.description}
