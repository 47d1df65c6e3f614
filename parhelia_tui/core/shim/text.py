"""The last lines of a terminal's output, as text that acts on no terminal."""

from __future__ import annotations

LINES = 40
WIDTH = 500

# Written without `re`, whose import and patterns would take 6 ms of each container's end.
# ECMA-48: one control character stands for an escape and a letter.
_INTRODUCERS = {0x90: "\x1bP", 0x98: "\x1bX", 0x9B: "\x1b[", 0x9D: "\x1b]", 0x9E: "\x1b^", 0x9F: "\x1b_"}
_STRINGS = ("]", "P", "X", "^", "_")
_STRING_ENDS = ("\x07", "\x9c")
_PARAMETERS = "0123456789:;<=>?"
_INTERMEDIATES = " !\"#$%&'()*+,-./"
# Controls but the tab, and what is drawn as nothing or turns the order of the text around.
_UNWANTED = (
    *(range(0x00, 0x09), range(0x0B, 0x20), range(0x7F, 0xA0), (0x061C, 0x180E), (0x200B, 0x200E, 0x200F)),
    *(range(0x2028, 0x202F), range(0x2060, 0x2070), (0xFEFF,), range(0xFFF9, 0xFFFC)),
    range(0xE0000, 0xE0080),
)


def last_lines(raw: bytes, count: int = LINES, width: int = WIDTH) -> list[str]:
    """Give the last lines that a terminal was sent, without control sequences.

    Args:
        raw: the newest bytes, from anywhere.
        count: lines at most.
        width: characters of each line at most.

    Returns:
        Lines from the first to the last; of a line drawn over in place the last form. Empty lines at the
        end are left out.
    """
    unwanted = dict.fromkeys(code for codes in _UNWANTED for code in codes)
    lines: list[str] = []
    # From the last one, because no sequence goes beyond its line and most lines are not asked for.
    for line in reversed(raw.decode("utf-8", "replace").split("\n")):
        first, *others = line.translate(_INTRODUCERS).split("\x1b")
        drawn = "".join([first, *map(_without_sequence, others)]).rstrip("\r").rpartition("\r")[2]
        kept = drawn.translate(unwanted)[:width].rstrip()
        if kept or lines:
            lines.append(kept)
        if len(lines) == count:
            break
    return lines[::-1]


def _without_sequence(text: str) -> str:
    """Leave out the sequence that an escape before this text begins."""
    if text.startswith("["):
        rest = text[1:].lstrip(_PARAMETERS).lstrip(_INTERMEDIATES)
        # What has no end is no sequence; its first character is left out all the same.
        return rest[1:] if "@" <= rest[:1] <= "~" else text[1:]
    if text.startswith(_STRINGS):
        ends = [at for at in map(text.find, _STRING_ENDS) if at >= 0]
        return text[min(ends) + 1 :] if ends else ""
    rest = text.lstrip(_INTERMEDIATES)
    return rest[1:] if "0" <= rest[:1] <= "~" else text
