"""The last lines of a terminal's output, as text that acts on no terminal."""

from __future__ import annotations

LINES = 40
WIDTH = 500


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
    # `re` costs 4 ms, so it waits until a container has ended.
    import re

    # ECMA-48: CSI, strings (OSC, DCS, SOS, PM, APC), then the two-character escapes.
    sequences = re.compile(
        r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
        r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
        r"|\x1b[ -/]*[0-~]"
    )
    controls = re.compile(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
        "\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
    )
    text = sequences.sub("", raw.decode("utf-8", "replace")).replace("\r\n", "\n")
    lines = []
    for line in text.split("\n"):
        kept = line.rstrip("\r").rpartition("\r")[2]
        lines.append(controls.sub("", kept)[:width].rstrip())
    while lines and not lines[-1]:
        lines.pop()
    return lines[-count:]
