"""A conversation as lines: who said what, and each tool folded into one line until it is opened."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence

from rich.style import Style
from rich.text import Text

from parhelia_tui.core.model.said import Said, Speaker
from parhelia_tui.core.model.text import one_line, plain
from parhelia_tui.screens.folding import folded_lines

UNFOLDED = 200
"""Lines of a tool's answer that are shown when it is opened."""
_NAMES = {Speaker.PERSON: "you", Speaker.AGENT: "agent", Speaker.THOUGHT: "thinks", Speaker.NOTE: "note"}

Line = tuple[int, Text]
"""The piece that a line belongs to, and the line."""


def talk_lines(
    said: Sequence[Said], opened: Collection[int], width: int, colours: Mapping[str, str]
) -> list[Line]:
    """Make the lines of a conversation.

    Args:
        opened: the numbers of the tools that are unfolded.
        width: in cells.
    """
    lines: list[Line] = []
    before: tuple[Speaker, bool] | None = None
    for number, piece in enumerate(said):
        if piece.speaker is Speaker.TOOL:
            lines += ((number, line) for line in _tool(piece, number in opened, width, colours))
        else:
            if before != (piece.speaker, piece.within):
                lines += [(number, Text()), (number, _head(piece, colours))]
            lines += ((number, line) for line in _words(piece, width, colours))
        before = (piece.speaker, piece.within)
    return lines


def _head(piece: Said, colours: Mapping[str, str]) -> Text:
    tone = {Speaker.PERSON: "accent", Speaker.AGENT: "primary"}.get(piece.speaker, "secondary")
    name = "helper" if piece.within and piece.speaker is not Speaker.PERSON else _NAMES[piece.speaker]
    line = Text(name, Style(bold=True, color=colours.get(tone)))
    if piece.at is not None:
        line.append(
            time.strftime("  %H:%M:%S", time.localtime(piece.at)),
            Style(bold=False, color=colours.get("secondary")),
        )
    return line


def _words(piece: Said, width: int, colours: Mapping[str, str]) -> list[Text]:
    dim = piece.speaker in (Speaker.THOUGHT, Speaker.NOTE)
    lines, in_code = [], False
    for line in plain(piece.text).expandtabs(4).split("\n"):
        fence = line.lstrip().startswith("```")
        in_code = in_code != fence
        if in_code or fence:
            style = Style(color=colours.get("secondary"))
        elif line.startswith("#"):
            style = Style(bold=True)
        else:
            style = Style(italic=True, color=colours.get("secondary")) if dim else Style()
        lines += [Text(f"  {each}", style) for each in folded_lines([line], max(10, width - 2))]
    return lines


def _tool(piece: Said, opened: bool, width: int, colours: Mapping[str, str]) -> list[Text]:
    sign = "▾" if opened else "▸"
    line = Text(f"  {sign} ", Style(color=colours.get("secondary")))
    line.append(one_line(piece.tool, 60), Style(bold=True))
    line.append(f"  {one_line(piece.about, 300)}")
    count = len(piece.text.split("\n")) if piece.text else 0
    if not piece.done:
        state, tone = "runs, or was never answered", "warning"
    elif piece.failed:
        state, tone = "✗ failed", "error"
    else:
        state, tone = f"✓ {count} line{'' if count == 1 else 's'}", "success"
    room = max(10, width - len(state) - 3)
    line.truncate(room, overflow="ellipsis")
    line.append(f"  {state}", Style(color=colours.get(tone)))
    if not opened:
        return [line]
    inner = [line]
    for title, text in (("asked", piece.given), ("answered", piece.text)):
        if text:
            inner.append(Text(f"    {title}", Style(color=colours.get("secondary"))))
            folded = folded_lines(plain(text).expandtabs(4).split("\n"), max(10, width - 6))
            inner += [Text(f"      {each}") for each in folded[:UNFOLDED]]
            if len(folded) > UNFOLDED:
                inner.append(
                    Text(
                        f"      … {len(folded) - UNFOLDED} lines more", Style(color=colours.get("secondary"))
                    )
                )
    return inner
