"""Whatever an agent prints or names is text after this, and nothing but text."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parhelia_tui.core.model.text import one_line, plain

FAMILY = "\u6f22\u5b57 \U0001f468\u200d\U0001f469\u200d\U0001f467 e\u0301"

# Text as hostile programs write it: any characters, lone surrogates too, with many escapes between them.
PIECES = st.sampled_from(
    [
        "\x1b",
        "\x1b[",
        "\x1b]",
        "\x1b\\",
        "\x9b",
        "\x9d",
        "\x07",
        "[31m",
        "52;c;YQ==",
        "P",
        "?1049h",
        "\x00",
        "\n",
    ]
)
TEXT = st.lists(
    st.text(st.characters()) | st.text(st.characters(categories=["Cs", "Cc", "Cf"])) | PIECES
).map("".join)


@given(TEXT)
@example("\ud800")
@example("\x1b" * 50)
def test_no_control_character_is_left(text: str) -> None:
    left = plain(text)
    left.encode()
    assert {each for each in left if unicodedata.category(each) in ("Cc", "Cs")} <= {"\n", "\t"}
    assert not re.search("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]", left)


@given(TEXT)
def test_it_never_grows_and_a_second_time_changes_nothing(text: str) -> None:
    left = plain(text)
    assert len(left) <= len(text)
    assert plain(left) == left


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[38;2;1;2;3mred\x1b[m", "red"),
        ("\x1b[?1049h\x1b[2J\x1b[1;1Htop", "top"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]52;c;cm0gLXJm\x1b\\after", "after"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x07", "link"),
        ("\x1bPtmux;\x1b\x1b]52;c;YQ==\x07\x1b\\after", "after"),
        ('\x1bP$q"p\x1b\\after', "after"),
        ("\x1b_payload\x1b\\after", "after"),
        ("\x1b^payload\x1b\\after", "after"),
        ("\x9d52;c;YQ==\x9cafter", "after"),
        ("\x1b(0\x1b7\x1bcafter", "after"),
        ("\x1b#8after", "after"),
        ("\x1b]unfinished\nthe next line", "\nthe next line"),
        ("a\x08\x7fb\rc\x00d", "abcd"),
        ("one\n\ttwo", "one\n\ttwo"),
        ("\u202egnp.exe", "gnp.exe"),
        ("a\u200bb\u2066c\u2069\u2060\ufeff", "abc"),
        ("\U000e0041tagged", "tagged"),
        (FAMILY, FAMILY),
        ("\udcff\ud83d", "\ufffd\ufffd"),
    ],
)
def test_sequences_go_and_their_neighbours_stay(text: str, left: str) -> None:
    assert plain(text) == left


@given(TEXT, st.integers(2, 60))
def test_one_line_is_one_line(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert not any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in line)
    assert one_line(line, limit) == line


def test_one_line_cuts_with_an_ellipsis() -> None:
    assert one_line("abcdef", 6) == "abcdef"
    assert one_line("abcdefg", 6) == "abcde\u2026"
    assert one_line("  a \n\n b\t c  ", 60) == "a b c"
    assert len(one_line("x" * 10_000_000)) == 200


@pytest.mark.parametrize("piece", ["\x1b[", "\x1b]", "\x9b0;", "\x1b[0", "\x1b ", "\x1b", "\x1bP\x1b", "[0m"])
def test_a_long_line_of_beginnings_costs_little(piece: str) -> None:
    """A pattern that went back over what it has read would take hours for this."""
    plain(piece * (1_000_000 // len(piece)))
    plain("\x1b[" + "0" * 1_000_000)
    plain("\x1b" + " " * 1_000_000)
