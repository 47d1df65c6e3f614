"""States and numbers as every front writes them."""

from __future__ import annotations

import pytest

from parhelia_tui.core.model.display import GLYPHS, TONES, age, glyph, length, money, size
from parhelia_tui.core.model.states import ContainerState, Health, SessionState, TaskState


@pytest.mark.parametrize("states", [TaskState, ContainerState, SessionState, Health])
def test_every_state_has_a_glyph(states: type[TaskState]) -> None:
    assert [state for state in states if state not in GLYPHS] == []


def test_a_tone_belongs_to_a_state_that_exists() -> None:
    known = {*TaskState, *ContainerState, *SessionState, *Health}
    assert set(TONES) <= known
    assert glyph("a state of a later version") == "·"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (-5, "0s"),
        (0.9, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (3600, "1h"),
        (86399, "23h"),
        (86400, "1d"),
    ],
)
def test_a_length_of_time_has_its_largest_whole_unit(seconds: float, written: str) -> None:
    assert length(seconds) == written


def test_an_age_is_counted_from_a_moment() -> None:
    assert age(100.0, now=165.0) == "1m"
    assert age(None) == "-"


@pytest.mark.parametrize(
    ("usd", "written"),
    [
        (None, "-"),
        (0.0, "$0.00"),
        (0.0012, "$0.0012"),
        (0.41, "$0.41"),
        (1234.5, "$1234.50"),
        (0.001, "$0.0010"),
        (0.0000413, "$0.000041"),
        (0.000001, "$0.0000010"),
        (9e-7, "<$0.000001"),
        (-0.00004, "$-0.000040"),
    ],
)
def test_an_unknown_cost_is_not_zero_and_a_small_one_is_not_nothing(usd: float | None, written: str) -> None:
    assert money(usd) == written


def test_a_list_of_costs_has_more_digits_and_hides_no_small_one() -> None:
    assert [money(usd, 4) for usd in (0.0, 0.02134, 2.0, 0.0000413)] == [
        "$0.0000",
        "$0.0213",
        "$2.0000",
        "$0.000041",
    ]


@pytest.mark.parametrize(
    ("count", "written"),
    [
        (None, "-"), (0, "0 B"), (999, "999 B"), (1000, "1 kB"), (999_499, "999 kB"), (999_500, "1 MB"),
        (212_000_000, "212 MB"), (999_500_000, "1.0 GB"), (1_900_000_000, "1.9 GB"),
    ],
)  # fmt: skip
def test_a_size_has_its_unit(count: int | None, written: str) -> None:
    assert size(count) == written
