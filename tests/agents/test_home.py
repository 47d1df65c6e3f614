"""What is written into a home from outside: whatever lies there, nothing outside is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from parhelia_tui.core.agents import home as homes
from tests.support.deep import deep


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory that is not ours, with a file in it."""
    made = tmp_path / "outside"
    (made / "sessions").mkdir(parents=True)
    (made / "sessions" / "theirs").write_text("theirs")
    return made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir()
    return made


def test_directories_are_made_and_a_file_is_replaced_whole(home: Path) -> None:
    homes.put(home, "a/b/file", "one")
    homes.put(home, "a/b/file", b"two\xff")
    assert (home / "a" / "b" / "file").read_bytes() == b"two\xff"
    assert [each.name for each in (home / "a" / "b").iterdir()] == ["file"]


def test_a_link_in_the_place_of_a_directory_or_a_file_goes(home: Path, outside: Path) -> None:
    (home / "a").symlink_to(outside)
    homes.put(home, "a/sessions/theirs", "ours")
    (home / "file").symlink_to(outside / "sessions" / "theirs")
    homes.put(home, "file", "ours")
    assert (outside / "sessions" / "theirs").read_text() == "theirs"
    assert (home / "a" / "sessions" / "theirs").read_text() == "ours"
    assert not (home / "file").is_symlink()


def test_clearing_follows_no_link(home: Path, outside: Path) -> None:
    (home / ".claude").symlink_to(outside)
    homes.clear(home, ".claude/sessions")
    assert (outside / "sessions" / "theirs").exists()
    (home / ".claude").unlink()
    (home / ".claude").mkdir()
    (home / ".claude" / "sessions").symlink_to(outside / "sessions")
    homes.clear(home, ".claude/sessions")
    assert (outside / "sessions" / "theirs").exists()
    assert not (home / ".claude" / "sessions").is_symlink()


def test_clearing_takes_a_whole_directory_and_what_is_missing_is_no_error(home: Path) -> None:
    homes.put(home, ".claude/sessions/1.json", "{}")
    homes.clear(home, ".claude/sessions")
    assert not (home / ".claude" / "sessions").exists()
    homes.clear(home, ".claude/sessions")
    homes.clear(home, "nowhere/at/all")


@pytest.mark.parametrize("levels", [1500, 5000])
def test_clearing_takes_what_is_deeper_than_calls_and_than_a_path_may_be(
    home: Path, outside: Path, levels: int
) -> None:
    (home / ".claude").mkdir()
    with deep(home / ".claude" / "sessions", levels):
        (home / ".claude" / "sessions" / "link").symlink_to(outside)
        homes.clear(home, ".claude/sessions")
        assert list((home / ".claude").iterdir()) == []
    assert (outside / "sessions" / "theirs").exists()
