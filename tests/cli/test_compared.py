"""What differs between a copy of a workspace and the workspace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from parhelia_tui.core.client.compared import MOST, difference, index


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A directory and a copy of it, with the same times."""
    original, copy = tmp_path / "original", tmp_path / "copy"
    for each in (original, copy):
        (each / "src").mkdir(parents=True)
        (each / ".git").mkdir()
        for name in ("same", "src/touched", "src/changed", "gone", "script"):
            (each / name).write_text("one\n")
            os.utime(each / name, (1000, 1000))
        (each / "link").symlink_to("same")
    return copy, original


def test_what_was_added_changed_and_removed_is_named_and_nothing_else(pair: tuple[Path, Path]) -> None:
    copy, original = pair
    (copy / "src" / "touched").touch()
    (copy / "src" / "changed").write_text("two\n")
    (copy / "gone").unlink()
    (copy / "deep" / "er").mkdir(parents=True)
    (copy / "deep" / "er" / "new\x1b[31m").write_text("")
    (copy / ".git" / "HEAD").write_text("ref")
    (copy / "script").chmod(0o755)
    found = difference(copy, original, index(original))
    assert found.added == ("deep/er/new\x1b[31m",)
    assert found.changed == ("script", "src/changed")
    assert found.removed == ("gone",)
    assert found.count == 4


def test_links_are_never_followed(pair: tuple[Path, Path], tmp_path: Path) -> None:
    copy, original = pair
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "file").write_text("secret\n")
    (copy / "link").unlink()
    (copy / "link").symlink_to(secret)
    (copy / "same").unlink()
    (copy / "same").symlink_to("/etc/hostname")
    (copy / "out").symlink_to(secret)
    os.mkfifo(copy / "pipe")
    found = difference(copy, original, index(original))
    assert (found.added, found.changed, found.removed) == (("out", "pipe"), ("link", "same"), ())


def test_very_many_are_counted_and_not_all_named(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for number in range(MOST + 5):
        (copy / f"{number:05}").touch()
    found = difference(copy, None, {})
    assert (len(found.added), found.more, found.count) == (MOST, 5, MOST + 5)
    assert difference(tmp_path / "nowhere", None, {}).count == 0
