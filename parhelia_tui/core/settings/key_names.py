"""The keys of the home screen that a user may change: what each does, and which keys there are.

Without pydantic and Textual, because it is read before the first frame and by `parhelia config check`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

ACTIONS: Mapping[str, str] = {
    "new": "n", "inbox": "i", "attach": "a", "tell": "t", "cancel": "x", "retry": "r", "details": "d",
    "trash": "D", "undo": "u", "log": "l", "checkpoint": "c", "checkpoints": "C", "budget": "dollar_sign",
    "hosts": "h", "terminate": "X", "filter": "slash", "wall": "w", "history": "E", "past": "T",
    "zoom": "z", "mark": "space", "mark_all": "m",
    "arrange": "v", "faults": "ctrl+z", "tree": "B", "pulses": "P", "settings": "S", "copy": "y",
    "pane_up": "left_curly_bracket", "pane_down": "right_curly_bracket", "hide_pane": "minus",
    "command": "colon", "help": "question_mark", "quit": "q",
}  # fmt: skip
"""Each action that has a key of its own to be changed, with the one that is built in."""
FIXED = (
    *"0123456789", "up", "down", "k", "j", "pageup", "pagedown", "home", "end", "g", "G", "enter", "escape", "tab",
    "shift+tab", "ctrl+c", "ctrl+q", "ctrl+p", "left", "right",
)  # fmt: skip
"""Keys that mean the same everywhere."""
_SPOKEN = {
    "solidus": "slash", "reverse_solidus": "backslash", "commercial_at": "at", "hyphen_minus": "minus",
    "plus_sign": "plus", "low_line": "underscore",
}  # fmt: skip
"""Names of characters that Textual calls otherwise (textual.keys.KEY_NAME_REPLACEMENTS)."""
_NAMED = {
    "up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete", "backspace", "enter",
    "escape", "tab", "space", *(f"f{number}" for number in range(1, 25)),
}  # fmt: skip
_KEY = re.compile(r"((?:ctrl\+|shift\+|alt\+|super\+)*)(\w+)")


def key_of(text: str) -> str:
    """Give the name that Textual has for a key as it was written: a character, or a name such as ctrl+t or f5.

    Returns:
        The name; empty for what is no key.
    """
    if len(text) == 1:
        if text.isalnum():
            return text
        name = unicodedata.name(text, "").lower().replace("-", "_").replace(" ", "_")
        return _SPOKEN.get(name, name)
    match = _KEY.fullmatch(text)
    if match is None:
        return ""
    name = match[2]
    known = len(name) == 1 or name in _NAMED or name in _SPOKEN.values() or _is_character(name)
    return text if known else ""


def keys_of(text: str) -> list[str]:
    """Give the keys that were written, with commas between them; an empty one is no key."""
    return [key_of(each.strip()) for each in text.split(",")]


def fault_of(action: str, text: object) -> str:
    """Say what is wrong with one line of the table `[keys]`; empty where nothing is."""
    if action not in ACTIONS:
        return f"{action[:40]!r} is no action; there are {', '.join(ACTIONS)}"
    if not isinstance(text, str):
        return 'it should be a text, as "ctrl+t"'
    if not all(keys_of(text)):
        return f"{text[:40]!r} is no key; write a character, ctrl+t, f5, or a name such as comma"
    fixed = [key for key in keys_of(text) if key in FIXED]
    return f"{fixed[0]!r} means the same everywhere and cannot be changed" if fixed else ""


def conflict(keys: Mapping[str, str]) -> tuple[str, str] | None:
    """Find two actions with one key.

    Args:
        keys: actions with what was written for them; all others have the built-in key.

    Returns:
        The action that was changed, and a sentence about it; None where there is no conflict.
    """
    taken: dict[str, str] = {}
    # The changed ones last, so that the sentence is about one of them.
    for action in sorted(ACTIONS, key=lambda each: each in keys):
        for key in keys_of(keys.get(action, ACTIONS[action])):
            if key in taken:
                return action, f"{key!r} is the key of {taken[key]!r} too"
            taken[key] = action
    return None


def _is_character(name: str) -> bool:
    try:
        unicodedata.lookup(name.replace("_", " ").upper())
    except KeyError:
        return False
    return True
