"""A checkpoint gives back what was there, to the last property."""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path

import pytest

from parhelia_tui.core.checkpoints import hasher, pack_table, tree
from parhelia_tui.core.checkpoints.capture import capture
from parhelia_tui.core.checkpoints.collect import collect
from parhelia_tui.core.checkpoints.diff import diff
from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.checkpoints.restore import restore
from parhelia_tui.core.checkpoints.statistics import statistics
from parhelia_tui.core.checkpoints.text import stored_bytes, text_diff
from parhelia_tui.core.checkpoints.verify import verify
from tests.checkpoints.oddities import make_oddities
from tests.checkpoints.strict import differences


def test_every_oddity_comes_back_as_it_was(repository: Repository, tmp_path: Path) -> None:
    source = tmp_path / "ws"
    make_oddities(source)
    made = capture(repository, source)
    found = restore(repository, made.tree, tmp_path / "out")
    assert differences(source, tmp_path / "out") == []
    assert {reason for _, reason in found.skipped} == {"fifo", "socket"}
    assert capture(repository, tmp_path / "out", made.tree).changed == 0
    assert verify(repository) == []


def test_nothing_changed_gives_the_same_tree_and_writes_nothing(
    repository: Repository, tmp_path: Path
) -> None:
    source = tmp_path / "ws"
    make_oddities(source)
    first = capture(repository, source)
    second = capture(repository, source, first.tree)
    assert (second.tree, second.changed, second.added_bytes) == (first.tree, 0, 0)


def test_a_diff_tells_what_was_added_changed_and_deleted(repository: Repository, tmp_path: Path) -> None:
    source = tmp_path / "ws"
    (source / "deep" / "er").mkdir(parents=True)
    (source / "deep" / "er" / "one").write_text("one\ntwo\n")
    (source / "gone").write_text("x")
    first = capture(repository, source)
    (source / "deep" / "er" / "one").write_text("one\n2\n")
    (source / "gone").unlink()
    (source / "new").mkdir()
    (source / "new" / "file").write_bytes(b"\0")
    second = capture(repository, source, first.tree)
    assert second.changed == 3
    for after in (second.tree, source):
        found = diff(repository, first.tree, after)
        assert [each.path for each in found.added] == ["new", "new/file"]
        assert [each.path for each in found.changed] == ["deep/er/one"]
        assert [each.path for each in found.deleted] == ["gone"]
        text = text_diff(repository, first.tree, after, "deep/er/one").text
        assert "-two\n+2\n" in text
        assert text_diff(repository, first.tree, after, "new/file").binary
    with repository.locked():
        top = repository.tree(first.tree).top
        assert stored_bytes(repository, top, "gone", 100) == b"x"
        assert stored_bytes(repository, top, "../gone", 100) is None


def test_a_store_with_names_of_before_is_whole_and_goes_on(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "ws"
    make_oddities(source)
    with monkeypatch.context() as before:
        for each in (hasher, pack_table, tree):
            before.setattr(each, "digest", lambda data: blake2b(data, digest_size=32).digest())
        old = capture(repository, source)
    assert verify(repository) == []
    (source / "later").write_text("later")
    new = capture(repository, source, old.tree)
    assert verify(repository) == []
    restore(repository, old.tree, tmp_path / "old")
    restore(repository, new.tree, tmp_path / "new")
    assert differences(source, tmp_path / "new") == []


def test_what_no_checkpoint_needs_is_thrown_away(repository: Repository, tmp_path: Path) -> None:
    source = tmp_path / "ws"
    source.mkdir()
    (source / "stays").write_bytes(os.urandom(100_000))
    (source / "goes").write_bytes(os.urandom(900_000))
    first = capture(repository, source)
    (source / "goes").unlink()
    second = capture(repository, source, first.tree)
    before = statistics(repository)
    assert collect(repository, [second.tree], grace_s=3600).trees == ()
    found = collect(repository, [second.tree], dead=[first.tree])
    assert found.trees == (first.tree,)
    assert found.freed_bytes > 850_000
    assert statistics(repository).packed_bytes < before.packed_bytes - 850_000
    assert verify(repository) == []
    restore(repository, second.tree, tmp_path / "out")
    assert differences(source, tmp_path / "out") == []


def test_a_file_of_few_pages_far_apart_takes_as_little_room_again(
    repository: Repository, tmp_path: Path
) -> None:
    live = tmp_path / "ws"
    live.mkdir()
    with (live / "sparse").open("wb") as file:
        for number in range(64):
            # At odd places too, and one right at the end of a piece.
            file.seek((number << 21) + 4096 * (number % 3) + number % 2)
            file.write(b"x" * 100)
        file.seek((3 << 20) - 4096)
        file.write(b"y" * 4096)
        file.truncate((64 << 21) + 12345)
    (live / "zeros").write_bytes(bytes(3 << 20) + b"end")
    (live / "none").write_bytes(os.urandom(2 << 20))
    made = capture(repository, live)
    restore(repository, made.tree, tmp_path / "out")
    assert differences(live, tmp_path / "out") == []
    assert (tmp_path / "out" / "sparse").read_bytes() == (live / "sparse").read_bytes()
    assert (tmp_path / "out" / "zeros").read_bytes() == (live / "zeros").read_bytes()
    assert (tmp_path / "out" / "sparse").stat().st_blocks * 512 < 2 << 20
    assert capture(repository, tmp_path / "out").bytes == made.bytes
