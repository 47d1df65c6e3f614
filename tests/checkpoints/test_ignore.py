"""Names that rules leave out: what fits, against a matcher that tries everything, and what a match may cost."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parhelia_tui.core.checkpoints.capture import capture
from parhelia_tui.core.checkpoints.ignore import Rules
from parhelia_tui.core.checkpoints.repository import Repository


def fits(glob: str, path: str) -> bool:
    """Say whether a path fits, by trying every place for every star: gitignore(5), without classes and escapes."""

    @cache
    def from_here(at: int, place: int) -> bool:
        if at == len(glob):
            return place == len(path)
        whole = glob[at : at + 3] == "**/" and (at == 0 or glob[at - 1] == "/")
        if whole:
            slashes = [here + 1 for here in range(place, len(path)) if path[here] == "/"]
            return any(from_here(at + 3, here) for here in (place, *slashes))
        if glob[at:] == "**" and at and glob[at - 1] == "/":
            return place < len(path)
        if glob[at] == "*":
            end = path.find("/", place)
            end = len(path) if end < 0 else end
            return any(from_here(at + 1, here) for here in range(place, end + 1))
        if place == len(path):
            return False
        there = path[place]
        return (there != "/" if glob[at] == "?" else there == glob[at]) and from_here(at + 1, place + 1)

    return from_here(0, 0)


SEGMENT = st.text("ab*?", min_size=1, max_size=6).filter(lambda each: "**" not in each)
GLOBS = st.lists(st.one_of(st.just("**"), SEGMENT), min_size=2, max_size=5).map("/".join)
PATHS = st.lists(st.text("ab", min_size=1, max_size=6), min_size=1, max_size=5).map("/".join)


@given(GLOBS, PATHS)
def test_a_path_fits_where_trying_everything_says_so(glob: str, path: str) -> None:
    assert Rules([glob]).leave_out(path, True) == fits(glob, path)


@given(SEGMENT, st.text("ab", min_size=1, max_size=9))
def test_a_name_fits_where_trying_everything_says_so(glob: str, name: str) -> None:
    assert Rules([glob]).leave_out(f"above/{name}", True) == fits(glob, name)


@pytest.mark.parametrize(
    ("line", "path"),
    [("*a" * 15 + "b", "a" * 255), ("*a?" * 15 + "b*", "a" * 255), ("**/a/" * 8 + "b", "/".join("a" * 400))],
)
def test_no_rule_takes_time_without_end(line: str, path: str) -> None:
    assert not Rules([line]).leave_out(path, False)


def test_a_capture_ends_whatever_rules_the_agent_wrote(repository: Repository, tmp_path: Path) -> None:
    live = tmp_path / "ws"
    live.mkdir()
    (live / ".parheliaignore").write_text("\n".join("*a" * 14 + f"{letter}*b" for letter in "cdefgh"))
    (live / ("a" * 250)).write_text("kept")
    assert capture(repository, live).files == 2
