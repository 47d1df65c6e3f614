"""The keys of the home screen as the user has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from textual.binding import Binding, BindingsMap

from parhelia_tui.core.settings.key_names import keys_of

_NAMES = {"pane_up": "carry_pane(-1)", "pane_down": "carry_pane(1)", "quit": "app.quit"}
"""Actions that have another name in the configuration than here."""


def mapped(bindings: Sequence[Binding], keys: Mapping[str, str]) -> list[Binding]:
    """Give the bindings with the user's keys in the place of the built-in ones.

    Args:
        keys: names of `key_names.ACTIONS` with keys as they were written.
    """
    changed = {_NAMES.get(name, name): text for name, text in keys.items()}
    return [
        replace(each, key=",".join(keys_of(changed[each.action])), key_display=changed[each.action])
        if each.action in changed
        else each
        for each in bindings
    ]


def rebound(before: BindingsMap, built_in: Sequence[Binding], wanted: Sequence[Binding]) -> BindingsMap:
    """Give the bindings of a screen with other keys for some of them."""
    after = before.copy()
    actions = {each.action for each in built_in}
    for key, bindings in list(after.key_to_bindings.items()):
        left = [each for each in bindings if each.action not in actions]
        if left:
            after.key_to_bindings[key] = left
        else:
            del after.key_to_bindings[key]
    for each in Binding.make_bindings(wanted):
        after.key_to_bindings.setdefault(each.key, []).insert(0, each)
    return after
