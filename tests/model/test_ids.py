"""Ids and names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.ids import fresh_id, new_id, random_hex, session_name, slug


@given(st.text(st.characters()), st.integers(4, 40))
def test_a_slug_is_a_name_for_any_text(text: str, limit: int) -> None:
    name = slug(text, limit)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert len(name) <= limit
    assert slug(name, limit) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Fix the failing test", "fix-the-failing-test"),
        ("Fix the failing test in the parser module", "fix-the-failing-test-in"),
        ("", "task"),
        ("\u6f22\u5b57 \U0001f9ea", "task"),
        ("\u00dcber Caf\u00e9", "uber-cafe"),
        ("--rm -rf /; $(x)", "rm-rf-x"),
        ("x" * 100, "x" * 24),
        ("a" * 23 + " b", "a" * 23),
        ("../../etc/passwd", "etc-passwd"),
        ("\udcff\x1b[31m", "31m"),
    ],
)
def test_slugs(text: str, name: str) -> None:
    assert slug(text) == name


def test_ids_are_random_and_of_one_form() -> None:
    made = {new_id("t") for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"t-[0-9a-f]{8}", each) for each in made)
    assert new_id("c", lambda digits: "0" * digits) == "c-00000000"
    assert [len(random_hex(digits)) for digits in (1, 2, 7, 8)] == [1, 2, 7, 8]


@given(st.text(st.characters()))
def test_a_session_name_means_nothing_else_to_tmux(text: str) -> None:
    name = session_name(slug(text), new_id("s"))
    # tmux(1): a target may hold `:` and `.`, and begin with `=`, `@`, `$` or `%`.
    assert re.fullmatch(r"ph-[a-z0-9-]+-[0-9a-f]{4}", name)


def test_an_id_that_is_taken_is_not_given_again() -> None:
    digits = iter(["aaaaaaaa", "aaaaaaaa", "bbbbbbbb"])
    taken = {"t-aaaaaaaa"}
    assert fresh_id("t", taken.__contains__, lambda count: next(digits)) == "t-bbbbbbbb"
    with pytest.raises(ParheliaError, match="taken"):
        fresh_id("t", taken.__contains__, lambda count: "aaaaaaaa")
