"""Text from agents and files, made safe to show outside a terminal view."""

from __future__ import annotations

import re

# ECMA-48: CSI, then the string sequences OSC, DCS, SOS, PM, APC with their terminators, then the
# two-character escapes. An unfinished string runs to the end of the line, so it hides no more than that.
_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]"
)
LONE_SURROGATES = re.compile("[\ud800-\udfff]")
"""Halves of characters, from names that are not UTF-8; no encoder and no store takes them."""

# What is left of C0 and C1, DEL, and the marks that reorder or hide text (bidi controls, zero widths,
# tags), which a file name or a prompt could use to look like another.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def plain(text: str) -> str:
    """Remove control sequences and control characters; newlines and tabs stay.

    Args:
        text: anything, also lone surrogates, which become U+FFFD.

    Returns:
        Text that can act on no terminal.
    """
    whole = text if text.isascii() else LONE_SURROGATES.sub("\ufffd", text)
    return _CONTROLS.sub("", _SEQUENCES.sub("", whole))


def digest_of(text: str) -> str:
    """What tells one prompt from another, however its lines were folded on the way."""
    # Slow to load: it brings a library for every kind of hash.
    import hashlib

    return hashlib.sha256(" ".join(text.split()).encode("utf-8", "replace")).hexdigest()[:32]


def one_line(text: str, limit: int = 200) -> str:
    """Make one safe line of any text: white space folded, cut with an ellipsis at `limit` characters."""
    line = " ".join(plain(text[: limit * 8]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
