"""Trees in which a container may have put anything are removed, and nothing beside them."""

from __future__ import annotations

import resource
from pathlib import Path

from parhelia_tui.core.settings.removal import remove_tree
from tests.support.deep import deep


def test_one_deeper_than_calls_and_than_a_path_may_be(tmp_path: Path) -> None:
    top = tmp_path / "top"
    with deep(top, 3000, "dd"):
        remove_tree(top)
        assert [each.name for each in tmp_path.iterdir()] == []


def test_one_with_more_levels_than_there_are_descriptors(tmp_path: Path) -> None:
    top = tmp_path / "top"
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with deep(top, 300):
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, before[1]))
        try:
            remove_tree(top)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert not top.exists()


def test_what_was_shut_goes_and_what_links_lead_to_stays(tmp_path: Path) -> None:
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / "file").write_text("stays")
    top = tmp_path / "top"
    (top / "shut" / "deep").mkdir(parents=True)
    (top / "shut" / "deep" / "file").write_text("goes")
    (top / "link").symlink_to(beside)
    (top / "shut" / "deep").chmod(0)
    (top / "shut").chmod(0o500)
    remove_tree(top)
    assert not top.exists()
    assert (beside / "file").read_text() == "stays"
    remove_tree(top)
