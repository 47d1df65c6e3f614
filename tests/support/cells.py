"""A screen as cells, read from what tmux captures and from what a widget draws, so that both can be compared."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.color import Color, ColorType
from rich.style import Style
from textual.strip import Strip

_SGR = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|([\x0e\x0f])")
_DRAWING = dict(zip("jklmnqtuvwx", "┘┐┌└┼─├┤┴┬│", strict=True))
_ON = {
    1: "bold", 2: "dim", 3: "italic", 4: "underline", 5: "blink", 7: "reverse", 8: "conceal", 9: "strike",
    21: "underline2", 53: "overline",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """One character (with what is combined with it), its attributes and colours; None is the default colour."""

    text: str
    attributes: frozenset[str] = frozenset()
    ink: tuple[int, ...] | None = None
    ground: tuple[int, ...] | None = None


def captured(lines: list[str]) -> list[list[Cell]]:
    """Read the lines of `tmux capture-pane -e`, whose colours go on from line to line."""
    state, drawing, screen = Cell(""), False, []
    for line in lines:
        cells: list[Cell] = []
        at = 0
        for token in [*_SGR.finditer(line), None]:
            _add(cells, line[at : token.start() if token else None], state, drawing=drawing)
            if token is None:
                break
            at = token.end()
            if token[1] is not None:
                state = _after(state, token[1])
            elif token[2]:
                drawing = token[2] == "\x0e"
        screen.append(cells)
    return screen


def _add(cells: list[Cell], text: str, state: Cell, *, drawing: bool) -> None:
    for letter in text:
        shown = _DRAWING.get(letter, letter) if drawing else letter
        if cells and cell_len(shown) == 0:
            cells[-1] = replace(cells[-1], text=cells[-1].text + shown)
        else:
            cells.append(replace(state, text=shown))


def _after(state: Cell, codes: str) -> Cell:
    words = [each.split(":") for each in codes.split(";")]
    while words:
        head, *rest = words.pop(0)
        code = int(head or 0)
        if code == 0:
            state = Cell("")
        elif code in (38, 48, 58):
            if not rest:
                rest = [words.pop(0)[0] for _ in range({"5": 2, "2": 4}[words[0][0]])]
            colour = tuple(int(each) for each in (rest[-3:] if rest[0] == "2" else rest[1:]))
            if code != 58:
                state = replace(state, ink=colour) if code == 38 else replace(state, ground=colour)
        elif code == 4 and rest:
            state = replace(
                state, attributes=state.attributes | {"underline2" if rest[0] == "2" else "underline"}
            )
        elif code in _ON:
            state = replace(state, attributes=state.attributes | {_ON[code]})
        elif 30 <= code <= 37 or 90 <= code <= 97:
            state = replace(state, ink=(code - 30 if code < 90 else code - 82,))
        elif 40 <= code <= 47 or 100 <= code <= 107:
            state = replace(state, ground=(code - 40 if code < 100 else code - 92,))
        elif code == 39:
            state = replace(state, ink=None)
        elif code == 49:
            state = replace(state, ground=None)
    return state


def drawn(strip: Strip, base: Style) -> list[Cell]:
    """Read a line that a widget draws over a base style, whose colours are the default ones."""
    cells: list[Cell] = []
    for text, style, _ in strip:
        named = style or base
        attributes = {name for name in _ON.values() if getattr(named, name, False)}
        cell = Cell(
            "", frozenset(attributes), _colour(named.color, base.color), _colour(named.bgcolor, base.bgcolor)
        )
        _add(cells, text, cell, drawing=False)
    return cells


def _colour(colour: Color | None, default: Color | None) -> tuple[int, ...] | None:
    if colour is None or colour == default or colour.type is ColorType.DEFAULT:
        return None
    if colour.triplet is not None and colour.type is ColorType.TRUECOLOR:
        return tuple(colour.triplet)
    return (colour.number,) if colour.number is not None else None


def padded(cells: list[Cell], width: int) -> list[Cell]:
    """Fill a line with empty cells up to a width."""
    used = sum(cell_len(each.text[:1]) for each in cells)
    return [*cells, *[Cell(" ")] * (width - used)]
