"""The last lines of a terminal's output, from any bytes."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from parhelia_tui.core.shim.text import LINES, WIDTH, last_lines

PIECES = st.sampled_from(
    [
        b"\x1b[",
        b"\x1b]",
        b"\x1bP",
        b"\x9b",
        b"\xc2\x9b",
        b"\x07",
        b"\x1b\\",
        b"\r",
        b"\n",
        b"\r\n",
        b"31m",
        b";",
    ]
)


@given(st.lists(PIECES | st.binary(max_size=40), max_size=60).map(b"".join))
def test_no_bytes_give_a_line_that_acts_on_a_terminal(raw: bytes) -> None:
    lines = last_lines(raw)
    assert len(lines) <= LINES
    for line in lines:
        assert len(line) <= WIDTH
        assert not any(unicodedata.category(each) in ("Cc", "Zl", "Zp") for each in line if each != "\t")


def test_the_last_lines_are_those_that_were_printed_last() -> None:
    raw = b"".join(b"line %d\r\n" % number for number in range(100))
    assert last_lines(raw) == [f"line {number}" for number in range(60, 100)]


def test_colours_and_titles_are_left_out() -> None:
    assert last_lines(b"\x1b]0;title\x07\x1b[1;31mred\x1b[0m and \x1bMmore\r\n") == ["red and more"]


def test_of_a_line_that_is_drawn_over_the_last_form_counts() -> None:
    assert last_lines(b" 10 %\r 50 %\r100 %\r\ndone") == ["100 %", "done"]


def test_a_line_without_an_end_is_cut() -> None:
    assert last_lines(b"x" * 100_000) == ["x" * WIDTH]


def test_half_a_character_at_the_beginning_does_not_spoil_the_rest() -> None:
    assert last_lines("é and more".encode()[1:])[0].endswith(" and more")


# The grammar of ECMA-48 once more, in another form; what is left of a sequence without an end is no text.
SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n\x90\x98\x9b\x9d\x9e\x9f]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]"
    r"|[\x1b\x90\x98\x9b\x9d\x9e\x9f]"
)


@given(
    st.lists(PIECES | st.sampled_from([b"\x1b", b"text", b"/", b" ", b"\xc2\x9c", b"(B"]), max_size=16).map(
        b"".join
    )
)
def test_what_is_left_is_what_stands_between_the_sequences(raw: bytes) -> None:
    drawn = [
        line.rstrip("\r").rpartition("\r")[2]
        for line in SEQUENCES.sub("", raw.decode("utf-8", "replace")).split("\n")
    ]
    lines = [re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", line).rstrip() for line in drawn]
    while lines and not lines[-1]:
        lines.pop()
    assert last_lines(raw) == lines
