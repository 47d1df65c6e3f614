"""The keys of the screens as the user has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from textual.binding import Binding, BindingsMap
from textual.screen import Screen

from parhelia_tui.core.settings.key_names import FIXED, keys_of

_NAMES = {"pane_up": "carry_pane(-1)", "pane_down": "carry_pane(1)", "quit": "app.quit"}
"""Actions that have another name in the configuration than here."""

_BACK = ("app.pop_screen", "leave", "calm", "back", "dismiss")
HIDDEN = "off"
"""The action of keys that only say why they do nothing."""


def bindings_of(screen: type[Screen[Any]]) -> list[Binding]:
    """Give the keys that a screen and what it is made of declare, the screen's own last and before all others."""
    found: list[Binding] = []
    for each in reversed(screen.__mro__):
        if not each.__module__.startswith("parhelia_tui."):
            continue
        given = each.__dict__.get("BINDINGS", ())
        own = [one if isinstance(one, Binding) else Binding(*one) for one in given]
        taken = {key for one in own for key in one.key.split(",")}
        left = [(one, [key for key in one.key.split(",") if key not in taken]) for one in found]
        found = [*(replace(one, key=",".join(keys)) for one, keys in left if keys), *own]
    return found


def names_of(bindings: Sequence[Binding]) -> list[str]:
    """Give what each key is called in `[screen_keys]`: its action, or its words where several have that action."""
    actions = ["back" if each.action in _BACK else each.action.partition("(")[0] for each in bindings]
    actions = [each.removeprefix("app.") for each in actions]
    return [
        name if name == "back" or actions.count(name) == 1 else each.description.replace(" ", "_")
        for name, each in zip(actions, bindings, strict=True)
    ]


def changeable(bindings: Sequence[Binding]) -> dict[str, str]:
    """Give the actions of a screen that may have other keys, with those that are built in."""
    found: dict[str, list[str]] = {}
    for name, each in zip(names_of(bindings), bindings, strict=True):
        free = [key for key in each.key.split(",") if key not in FIXED]
        if free and each.action != HIDDEN:
            found.setdefault(name, []).extend(free)
    return {name: ",".join(keys) for name, keys in found.items()}


def mapped_on(bindings: Sequence[Binding], keys: Mapping[str, str]) -> list[Binding]:
    """Give the bindings of a screen with the user's keys; those that mean the same everywhere stay.

    Args:
        keys: names of `changeable` with keys as they were written.
    """
    made = []
    given = set()
    for name, each in zip(names_of(bindings), bindings, strict=True):
        if name not in keys:
            made.append(each)
            continue
        stay = [key for key in each.key.split(",") if key in FIXED]
        mine = [] if name in given else keys_of(keys[name])
        given.add(name)
        if stay or mine:
            shown = keys[name] if mine else each.key_display
            made.append(replace(each, key=",".join([*mine, *stay]), key_display=shown))
    return made


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


def added(before: BindingsMap, more: Sequence[Binding]) -> BindingsMap:
    """Give the bindings of a screen with more of them; one without a key is run by its name alone."""
    after = before.copy()
    for each in Binding.make_bindings(binding for binding in more if binding.key):
        after.key_to_bindings[each.key] = [each, *after.key_to_bindings.get(each.key, ())]
    return after
