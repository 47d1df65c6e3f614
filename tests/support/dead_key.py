"""A key that does nothing: what proves that a test of this key would notice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from textual.app import App
from textual.binding import Binding, BindingType
from textual.dom import DOMNode


def keys_of(binding: BindingType) -> list[str]:
    """The keys of a binding."""
    written = binding.key if isinstance(binding, Binding) else binding[0]
    return [each.strip() for each in written.split(",")]


def declared_by(node: DOMNode, key: str) -> str:
    """The name of the class that declares what a key does on a screen or widget; empty where none of ours does."""
    for each in type(node).__mro__:
        if not each.__module__.startswith("parhelia_tui."):
            continue
        if any(key in keys_of(binding) for binding in each.__dict__.get("BINDINGS", ())):
            return each.__name__
    return ""


@contextmanager
def dead(owner: str, key: str) -> Iterator[None]:
    """Let a key that a class declares do nothing wherever it is in force, as if its action were empty.

    Where a widget that has the focus knows the key too, as a table knows Enter, it does nothing there either.

    Args:
        owner: the name of the class.
    """
    before = App._check_bindings

    async def check(self: App[Any], pressed: str, priority: bool = False) -> bool:
        chain = self.screen._binding_chain if priority else self.screen._modal_binding_chain
        if pressed == key and any(declared_by(node, key) == owner for node, _ in chain):
            return True
        return await before(self, pressed, priority)

    App._check_bindings = check  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        App._check_bindings = before  # type: ignore[method-assign]
