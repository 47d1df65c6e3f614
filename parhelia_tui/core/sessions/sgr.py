"""Lines of a captured screen, each made to carry its own colours (ECMA-48, 8.3.117 SGR)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

# tmux writes colours as SGR, links as OSC 8 and line drawing between SO and SI; nothing else is kept.
_TOKENS = re.compile(
    r"\x1b\[([0-9;:]{0,200})m|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?|[\x00-\x1f\x7f-\x9f]"
)
_SHIFT_OUT, _SHIFT_IN = "\x0e", "\x0f"
# The line drawing set of the VT100 (terminfo(5), acs_chars).
_DRAWING = str.maketrans("`afgjklmnopqrstuvwxyz{|}~", "◆▒°±┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·")
_RESET = "\x1b[0m"


@dataclass(frozen=True, slots=True)
class _State:
    attributes: tuple[str, ...] = ()
    foreground: str = ""
    background: str = ""
    drawing: bool = False

    def escape(self) -> str:
        codes = (*self.attributes, self.foreground, self.background)
        text = ";".join(code for code in codes if code)
        return f"\x1b[{text}m" if text else ""


def self_contained(lines: Iterable[str]) -> tuple[str, ...]:
    """Begin each line with the colours that hold there, and end it without any.

    tmux writes a colour once, where it begins, also when it goes on over many lines; so a line that is
    taken out alone would have lost it. All control sequences but colours are dropped.

    Args:
        lines: of `capture-pane -e`, from the first on.
    """
    state = _State()
    whole = []
    for line in lines:
        text, state = _one(line, state)
        whole.append(text)
    return tuple(whole)


def _one(line: str, state: _State) -> tuple[str, _State]:
    parts = [state.escape()]
    at = 0
    for token in _TOKENS.finditer(line):
        _add(parts, line[at : token.start()], state)
        at = token.end()
        codes = token[1]
        if codes is not None:
            codes = _plain_codes(codes)
            if codes is not None:
                parts.append(f"\x1b[{codes}m")
                state = _after(state, codes)
        elif token[0] == _SHIFT_OUT:
            state = replace(state, drawing=True)
        elif token[0] == _SHIFT_IN:
            state = replace(state, drawing=False)
    _add(parts, line[at:], state)
    text = "".join(parts)
    return (text + _RESET if "\x1b" in text else text), state


def _add(parts: list[str], text: str, state: _State) -> None:
    if text:
        parts.append(text.translate(_DRAWING) if state.drawing else text)


@lru_cache(maxsize=4096)
def _plain_codes(codes: str) -> str | None:
    """Write the parameters of one SGR sequence without colons, which few readers know; None where none is left.

    tmux writes the kinds of underlines as `4:3` and a colour of the underline, which nothing here draws.
    """
    words, kept, at = codes.split(";"), [], 0
    while at < len(words):
        head, *rest = words[at].split(":")
        at += 1
        if head in ("38", "48", "58") and not rest:
            size = {"5": 2, "2": 4}.get(words[at] if at < len(words) else "", 0)
            rest = words[at : at + size]
            at += size
        if head == "4" and rest:
            kept.append({"0": "24", "2": "21"}.get(rest[0], "4"))
        elif head in ("38", "48"):
            # Between the 2 and the three colours a colour space may be named, mostly an empty one.
            colour = rest[:1] + rest[-3:] if rest[:1] == ["2"] else rest
            kept.append(";".join((head, *colour)))
        elif head not in ("58", "59"):
            kept.append(head)
    return ";".join(kept) if kept else None


@lru_cache(maxsize=4096)
def _after(state: _State, codes: str) -> _State:
    """Apply the parameters of one SGR sequence."""
    words = codes.split(";")
    at = 0
    while at < len(words):
        word = words[at]
        head = int(word or 0)
        size = 1
        if head in (38, 48):
            size = {"5": 3, "2": 5}.get(words[at + 1] if at + 1 < len(words) else "", 1)
        colour = ";".join(words[at : at + size])
        at += size
        if head == 0:
            state = _State(drawing=state.drawing)
        elif head == 38 or 30 <= head <= 37 or 90 <= head <= 97:
            state = replace(state, foreground=colour)
        elif head == 48 or 40 <= head <= 47 or 100 <= head <= 107:
            state = replace(state, background=colour)
        elif head == 39:
            state = replace(state, foreground="")
        elif head == 49:
            state = replace(state, background="")
        elif word not in state.attributes:
            state = replace(state, attributes=(*state.attributes, word))
    return state
