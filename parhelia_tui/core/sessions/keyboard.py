"""Keys and the mouse, from the names that a dashboard has for them to what a terminal is told."""

from __future__ import annotations

_NAMED = {
    "enter": "Enter", "escape": "Escape", "tab": "Tab", "backspace": "BSpace", "delete": "DC", "insert": "IC",
    "home": "Home", "end": "End", "pageup": "PPage", "pagedown": "NPage", "up": "Up", "down": "Down",
    "left": "Left", "right": "Right", "space": "Space",
}  # fmt: skip
_SIGNS = {
    "at": "@", "backslash": "\\", "right_square_bracket": "]", "left_square_bracket": "[",
    "circumflex_accent": "^", "underscore": "_", "slash": "/", "minus": "-", "full_stop": ".", "comma": ",",
    "question_mark": "?", "exclamation_mark": "!", "colon": ":", "semicolon": ";", "equals_sign": "=", "plus": "+",
}  # fmt: skip
_MODIFIERS = {"ctrl": "C-", "alt": "M-", "meta": "M-", "shift": "S-"}


def tmux_key(name: str) -> str | None:
    """Give tmux's name of a key that is no letter to type; None for one that it has no name for.

    Args:
        name: as Textual writes it: `enter`, `ctrl+c`, `shift+up`, `f5`.
    """
    *modifiers, key = name.split("+")
    if name == "shift+tab":
        return "BTab"
    prefix = ""
    for each in modifiers:
        if each not in _MODIFIERS:
            return None
        prefix += _MODIFIERS[each]
    if key in _NAMED:
        return prefix + _NAMED[key]
    if key[:1] == "f" and key[1:].isdigit() and 1 <= int(key[1:]) <= 12:
        return prefix + key.upper()
    letter = _SIGNS.get(key, key)
    if not modifiers or len(letter) != 1 or not letter.isascii():
        return None
    # A shifted letter is another letter; tmux knows no C-S-a.
    if "shift" in modifiers:
        prefix, letter = prefix.replace("S-", ""), letter.upper()
    return prefix + letter if prefix else None


def mouse_bytes(button: int, column: int, row: int, *, pressed: bool, sgr: bool) -> bytes:
    """What a terminal sends for the mouse (XTerm Control Sequences, Mouse Tracking).

    Args:
        button: 0 left, 1 middle, 2 right, 64 and 65 the wheel; 32 more where it was moved with it.
        column, row: from 0.
        pressed: False where it was let go.
        sgr: the program asked for the longer form; without it, cells beyond 223 cannot be told.
    """
    if sgr:
        return f"\x1b[<{button};{column + 1};{row + 1}{'M' if pressed else 'm'}".encode()
    if column > 222 or row > 222:
        return b""
    return b"\x1b[M" + bytes((32 + (button if pressed else 3), 33 + column, 33 + row))
