"""The keys of the screens that a user may change: what each does, and which keys there are.

Without pydantic and Textual, because it is read before the first frame and by `parhelia config check`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

ACTIONS: Mapping[str, str] = {
    "new": "n", "inbox": "i", "attach": "a", "tell": "t", "cancel": "x", "retry": "r", "details": "d",
    "trash": "D", "trashed": "U", "undo": "u", "log": "l", "checkpoint": "c", "checkpoints": "C", "budget": "dollar_sign",
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
SCREEN_ACTIONS: Mapping[str, Mapping[str, str]] = {
    "checkpoint": {"help": "question_mark", "back": "q"},
    "checkpoints": {"help": "question_mark", "back": "q", "take": "c", "side": "b", "details": "d", "roll_back": "R",
        "resume": "u", "recover": "f", "restore": "o", "fork": "n", "protect": "p", "note": "m", "delete": "delete"},
    "command": {"help": "question_mark", "back": "q"},
    "container": {"attach": "a", "terminate": "x", "hosts": "h", "task": "d", "zoom": "z", "help": "question_mark",
        "back": "q"},
    "difference": {"help": "question_mark", "back": "q", "sides": "s"},
    "events": {"follow": "f", "level": "l", "type": "t", "words": "slash", "play": "p", "travel": "T",
        "help": "question_mark", "back": "q,E"},
    "inbox": {"allow": "y", "always": "A", "deny": "d", "tell": "t", "mark": "space", "mark_all": "m", "log": "l",
        "help": "question_mark", "back": "q,i"},
    "log": {"help": "question_mark", "back": "q,l"},
    "past": {"minute_back": "shift+left,left_square_bracket", "minute_on": "shift+right,right_square_bracket",
        "first": "ctrl+left,less_than_sign", "last": "ctrl+right,greater_than_sign", "moment": "at", "export": "e",
        "help": "question_mark", "back": "q,T"},
    "past_task": {"help": "question_mark", "back": "q"},
    "pulses": {"help": "question_mark", "next_tile": "l", "tile_before": "h", "back": "q,P"},
    "settings": {"help": "question_mark", "filter": "slash", "this_run": "t", "write": "w", "back": "q,S"},
    "task": {"help": "question_mark", "again": "r", "branch": "b", "edit_memory": "e", "back": "q,d"},
    "trash": {"bring_back": "u", "purge": "delete", "details": "d", "mark": "space", "mark_all": "m",
        "help": "question_mark", "back": "q,U"},
    "tree": {"help": "question_mark", "fold": "space,l", "ended": "e", "back": "q,B"},
    "wall": {"attach": "a", "type": "t,i", "cancel": "x", "zoom": "z", "next": "l", "previous": "h",
        "help": "question_mark", "back": "w,q"},
}  # fmt: skip
"""The other screens: each action that has a key of its own to be changed, with those that are built in."""
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


def fault_of(action: str, text: object, known: Mapping[str, str] = ACTIONS) -> str:
    """Say what is wrong with one line of the table `[keys]`, or of a table of another screen; empty where nothing is.

    Args:
        known: the actions of the screen.
    """
    if action not in known:
        return f"{action[:40]!r} is no action; there are {', '.join(known)}"
    if not isinstance(text, str):
        return 'it should be a text, as "ctrl+t"'
    if not all(keys_of(text)):
        return f"{text[:40]!r} is no key; write a character, ctrl+t, f5, or a name such as comma"
    fixed = [key for key in keys_of(text) if key in FIXED]
    return f"{fixed[0]!r} means the same everywhere and cannot be changed" if fixed else ""


def conflict(keys: Mapping[str, str], known: Mapping[str, str] = ACTIONS) -> tuple[str, str] | None:
    """Find two actions with one key.

    Args:
        keys: actions with what was written for them; all others have the built-in key.
        known: the actions of the screen.

    Returns:
        The action that was changed, and a sentence about it; None where there is no conflict.
    """
    taken: dict[str, str] = {}
    # The changed ones last, so that the sentence is about one of them.
    for action in sorted(known, key=lambda each: each in keys):
        for key in keys_of(keys.get(action, known[action])):
            if key in taken:
                return action, f"{key!r} is the key of {taken[key]!r} too"
            taken[key] = action
    return None


def screen_faults(screens: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    """Find what is wrong with the tables of screens, `[screen_keys.NAME]`.

    Returns:
        Pairs of a dotted key in `screen_keys` and a sentence about it.
    """
    for screen, table in screens.items():
        known = SCREEN_ACTIONS.get(screen)
        if known is None:
            yield screen, f"{screen[:40]!r} is no screen; there are {', '.join(SCREEN_ACTIONS)}"
            continue
        faults = {action: fault_of(action, text, known) for action, text in table.items()}
        yield from ((f"{screen}.{action}", fault) for action, fault in faults.items() if fault)
        if not any(faults.values()) and (clash := conflict(table, known)):
            yield f"{screen}.{clash[0]}", clash[1]


def _is_character(name: str) -> bool:
    try:
        unicodedata.lookup(name.replace("_", " ").upper())
    except KeyError:
        return False
    return True
