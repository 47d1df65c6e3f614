"""Long lines, broken where the pane ends."""

from __future__ import annotations

from rich.cells import chop_cells


def folded_lines(lines: list[str], width: int) -> list[str]:
    """Break lines into pieces of at most `width` cells."""
    folded: list[str] = []
    for line in lines:
        text = line.expandtabs()
        if len(text) <= width and text.isascii():
            folded.append(text)
        elif text.isascii():
            folded += [text[at : at + width] for at in range(0, len(text), width)]
        else:
            folded += chop_cells(text, width) or [""]
    return folded
