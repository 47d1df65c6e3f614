"""Lines of a screen that carry their own colours."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parhelia_tui.core.sessions.sgr import self_contained

RED, BOLD, OFF = "\x1b[31m", "\x1b[1m", "\x1b[0m"


def test_plain_lines_stay_as_they_are() -> None:
    assert self_contained(["a", "", "ü 漢字 🙂"]) == ("a", "", "ü 漢字 🙂")


def test_a_colour_that_goes_on_is_told_again_on_each_line() -> None:
    assert self_contained([f"a{RED}b", "c", f"d{OFF}e", "f"]) == (
        f"a{RED}b{OFF}",
        f"{RED}c{OFF}",
        f"{RED}d{OFF}e{OFF}",
        "f",
    )


@pytest.mark.parametrize(
    ("codes", "carried"),
    [
        (["1", "31", "42"], "1;31;42"),
        (["31", "32"], "32"),
        (["38;5;200", "48;2;1;2;3"], "38;5;200;48;2;1;2;3"),
        (["38;2;9;9;9", "39"], ""),
        (["44", "49"], ""),
        (["58:2::1:2:3"], ""),
        (["58;2;1;2;3", "4:3"], "4"),
        (["4:2", "58;5;3", "59"], "21"),
        (["38:2::1:2:3", "48:5:9"], "38;2;1;2;3;48;5;9"),
        (["4:3", "1", "0"], ""),
        (["1;31", "0;4"], "4"),
        (["93;104"], "93;104"),
        ([""], ""),
        (["38"], "38"),
        (["38;5"], "38;5"),
    ],
)
def test_what_holds_at_the_end_of_a_line_holds_at_the_next(codes: list[str], carried: str) -> None:
    _, second = self_contained(["".join(f"\x1b[{code}m" for code in codes) + "x", "y"])
    assert second == (f"\x1b[{carried}my{OFF}" if carried else "y")


def test_line_drawing_becomes_the_characters_that_it_draws() -> None:
    assert self_contained(["\x0elqk\x0fl", "\x0ex", "x\x0f x"]) == ("┌─┐l", "│", "│ x")


def test_links_and_all_other_sequences_are_dropped() -> None:
    hostile = "\x1b]8;;http://x.example\x1b\\link\x1b]8;;\x07\x1b[2J\x1bc\x9b31m\x07\x1b]52;c;eA==\x07end\x1b"
    (line,) = self_contained([hostile])
    assert "\x1b" not in line
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", line)
    assert line.startswith("link")
    assert line.endswith("end")


@given(st.lists(st.text(max_size=40), max_size=4))
def test_nothing_but_colours_comes_through(lines: list[str]) -> None:
    pieces = [
        line.replace("<", "\x1b[").replace(">", "m").replace("(", "\x1b]").replace(")", "\x07")
        for line in lines
    ]
    for line in self_contained(pieces):
        left = re.sub(r"\x1b\[[0-9;:]*m", "", line)
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", left)


@given(st.text("\x1b[0123456789;:m\x0e\x0fab", max_size=80))
def test_no_parameters_break_it(line: str) -> None:
    self_contained([line, line])
