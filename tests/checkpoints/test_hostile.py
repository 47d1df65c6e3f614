"""A hostile agent, a damaged store and one from somebody else: nothing outside is read or written, and it is told of."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.checkpoints import capture as capturing
from parhelia_tui.core.checkpoints import files, walk
from parhelia_tui.core.checkpoints import listed as listing
from parhelia_tui.core.checkpoints.bounds import DEPTH_LIMIT
from parhelia_tui.core.checkpoints.capture import capture
from parhelia_tui.core.checkpoints.coding import NOTHING
from parhelia_tui.core.checkpoints.collect import collect
from parhelia_tui.core.checkpoints.diff import diff
from parhelia_tui.core.checkpoints.manifest import Directory, Entry, encode
from parhelia_tui.core.checkpoints.packs import PackWriter
from parhelia_tui.core.checkpoints.recover import recover
from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.checkpoints.restore import restore
from parhelia_tui.core.checkpoints.rollback import rollback
from parhelia_tui.core.checkpoints.text import text_diff
from parhelia_tui.core.checkpoints.tree import make_tree
from parhelia_tui.core.checkpoints.verify import verify
from parhelia_tui.core.model.errors import ParheliaError
from tests.checkpoints.strict import differences


@contextmanager
def swapping(place: Path, outside: Path) -> Iterator[None]:
    """Let a directory and a symbolic link to another one take turns under one name."""
    end = threading.Event()
    aside, link = place.with_name("aside"), place.with_name("link")
    link.symlink_to(outside)

    def swap() -> None:
        while not end.is_set():
            for one, other in ((place, aside), (link, place), (place, link), (aside, place)):
                with suppress(OSError):
                    one.rename(other)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def test_swapped_links_lead_nowhere(repository: Repository, tmp_path: Path) -> None:
    live = tmp_path / "ws"
    (live / "src" / "deep").mkdir(parents=True)
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    for number in range(20):
        (live / "src" / "deep" / f"f{number}").write_text("mine")
    (outside / "secret").write_text("secret")
    (outside / "deep" / "secret").write_text("secret")
    made = capture(repository, live)
    before = sorted(outside.rglob("*"))
    with swapping(live / "src", outside):
        for _ in range(15):
            found = capture(repository, live)
            for each in diff(repository, made.tree, found.tree).added:
                assert "secret" not in each.path
            with suppress(ParheliaError):
                assert "secret" not in text_diff(repository, made.tree, live, "src/secret").text
            with suppress(ParheliaError):
                rollback(repository, made.tree, live, tmp_path / "journal")
            with suppress(ParheliaError):
                recover(live, tmp_path / "journal")
            (tmp_path / "journal").unlink(missing_ok=True)
    assert sorted(outside.rglob("*")) == before
    assert (outside / "deep" / "secret").read_text() == "secret"


@pytest.mark.parametrize("name", ["..", ".", "a/b", "/etc", "", "x" * 300])
def test_a_name_that_leads_out_is_refused(name: str) -> None:
    entry = Entry(name, 0o100644, 0, 0, 0, 0, NOTHING)
    with pytest.raises(ParheliaError, match="E600"):
        Directory(encode([entry], {}))


def test_names_that_are_not_in_order_are_refused() -> None:
    entries = [Entry(name, 0o100644, 0, 0, 0, 0, NOTHING) for name in ("a", "b")]
    with pytest.raises(ParheliaError, match="not in order"):
        Directory(encode(entries, {}).replace(b"a\0b", b"b\0a"))


def test_a_file_with_the_bytes_of_a_directory_keeps_clean_up_from_nothing(
    repository: Repository, tmp_path: Path
) -> None:
    """What its names stand for is needed, whoever else has those bytes: a list of pieces too."""
    live = tmp_path / "ws"
    (live / "deep" / "er").mkdir(parents=True)
    (live / "deep" / "er" / "file").write_text("needed")
    (live / "deep" / "big").write_bytes(os.urandom(3 << 20))
    (live / "gone").write_bytes(os.urandom(5 << 20))
    first = capture(repository, live)
    with repository.locked():
        deep = repository.objects.listing(repository.tree(first.tree).top.content).contents[0]
        listing = repository.objects.listing(deep)
        # The upper ones are read first, and each directory before those below.
        for number, name in enumerate((deep, *listing.contents)):
            (live / f"disguised-{number}").write_bytes(repository.objects.read(name))
    (live / "gone").unlink()
    second = capture(repository, live, first.tree)
    assert collect(repository, [second.tree], dead=[first.tree]).freed_bytes > 4 << 20
    assert verify(repository) == []
    restore(repository, second.tree, tmp_path / "out")
    assert differences(live, tmp_path / "out") == []


def test_two_entries_of_one_name_cannot_write_through_a_link(repository: Repository, tmp_path: Path) -> None:
    """A link and a directory of the same name would let the second be made where the first leads."""
    outside = tmp_path / "outside"
    outside.mkdir()
    writer = PackWriter(repository.packs)
    from parhelia_tui.core.checkpoints.coding import digest

    inner = encode([Entry("planted", 0o100644, 0, 0, 0, 0, NOTHING)], {})
    link = Entry("a", 0o120777, 0, 0, 0, 0, NOTHING, str(outside))
    folder = Entry("a", 0o040755, 0, 0, 0, 0, digest(inner))
    outer = encode([link, folder], {})
    for data in (inner, outer):
        writer.add(digest(data), data, listing=True)
    writer.finish()
    tree = make_tree(Entry(".", 0o040755, 0, 0, 0, 0, digest(outer)), 1, 0, 0)
    repository.publish(tree)
    with pytest.raises(ParheliaError, match="E600"):
        restore(repository, tree.name, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert list(outside.iterdir()) == []
    assert [each.tree for each in verify(repository)] == [tree.name]


def test_damage_anywhere_in_a_pack_is_found(repository: Repository, tmp_path: Path) -> None:
    live = tmp_path / "ws"
    live.mkdir()
    for number in range(30):
        (live / f"f{number}").write_bytes(os.urandom(3000))
    made = capture(repository, live)
    (pack,) = (repository.root / "packs").glob("*.pack")
    whole = pack.read_bytes()
    for at in (0, 9, len(whole) // 2, len(whole) - 100, len(whole) - 20, len(whole) - 1):
        pack.write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
        with Repository(repository.root) as again:
            found = verify(again)
            assert found or at == 0
            if at > 8:
                with pytest.raises(ParheliaError, match="E600"):
                    restore(again, made.tree, tmp_path / "out")
                assert not (tmp_path / "out").exists()
    for length in (0, 5, len(whole) // 2, len(whole) - 1):
        pack.write_bytes(whole[:length])
        with Repository(repository.root) as again:
            assert verify(again)
    pack.unlink()
    with Repository(repository.root) as again:
        assert verify(again)
    assert not list(tmp_path.glob(".parhelia-restore-*"))


FULL = """
import subprocess, sys
from pathlib import Path
from parhelia_tui.core.checkpoints.bounds import DEPTH_LIMIT
from parhelia_tui.core.checkpoints.capture import capture
from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.checkpoints.restore import restore
from parhelia_tui.core.checkpoints.rollback import rollback
from parhelia_tui.core.checkpoints.verify import verify
from parhelia_tui.core.model.errors import ParheliaError
import os
top = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", top], check=True)
def full(act):
    try:
        act()
    except ParheliaError as error:
        assert error.code == "E600" and error.details["disk_full"], error.details
    else:
        raise AssertionError("there was room")
live = top / "ws"
live.mkdir()
(live / "a").write_bytes(os.urandom(900_000))
with Repository(top / "store") as repository:
    first = capture(repository, live).tree
    (live / "a").write_bytes(b"short")
    filler = top / "filler"
    def fill(leave):
        filler.write_bytes(bytes(max(0, os.statvfs(top).f_bavail * 4096 - leave)))
    fill(200_000)
    full(lambda: restore(repository, first, top / "out"))
    full(lambda: rollback(repository, first, live, top / "journal"))
    assert (live / "a").read_bytes() == b"short" and os.listdir(live) == ["a"]
    assert not (top / "journal").exists() and not (top / "out").exists()
    filler.unlink()
    (live / "b").write_bytes(os.urandom(1_000_000))
    fill(100_000)
    full(lambda: capture(repository, live))
    assert repository.trees() == [first] and verify(repository) == []
    filler.unlink()
    second = capture(repository, live).tree
    assert verify(repository) == [] and len(repository.trees()) == 2
    assert not [each for each in (top / "store").rglob("*.new")]
"""


def test_a_full_disk_is_told_of_and_loses_nothing(tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(
        ["unshare", "-Urm", sys.executable, "-c", FULL, place], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_a_link_put_for_what_is_removed_leads_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside, place = tmp_path / "outside", tmp_path / "place"
    outside.mkdir(mode=0o755)
    (outside / "kept").touch()
    (place / "closed").mkdir(parents=True)
    real = os.open

    def swapped(name: Any, flags: int, *words: Any, **more: Any) -> int:
        if name == "closed" and flags == files.DIRECTORY and not (place / "closed").is_symlink():
            (place / "closed").rmdir()
            (place / "closed").symlink_to(outside)
            raise PermissionError(errno.EACCES, "as for a directory that nobody may read")
        return real(name, flags, *words, **more)

    monkeypatch.setattr(os, "open", swapped)
    with files.directory(str(place)) as opened, pytest.raises(NotADirectoryError):
        files.remove_tree("closed", opened)
    assert outside.stat().st_mode & 0o777 == 0o755
    assert os.listdir(outside) == ["kept"]


def test_a_pipe_put_for_a_file_holds_nobody_up(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = tmp_path / "ws"
    live.mkdir()
    (live / "file").write_text("a file when it was listed")
    (live / "other").write_text("stays")
    real = os.open

    def swapped(name: Any, flags: int, *words: Any, **more: Any) -> int:
        if name == "file" and (live / "file").is_file():
            (live / "file").unlink()
            os.mkfifo(live / "file")
        return real(name, flags, *words, **more)

    monkeypatch.setattr(os, "open", swapped)
    made = capture(repository, live)
    assert [(each.path, each.reason) for each in made.skipped] == [("file", "fifo")]
    assert (made.files, made.unsettled) == (1, ())


def test_directories_beyond_all_measure_are_named_and_all_else_is_kept(
    repository: Repository, tmp_path: Path
) -> None:
    live = tmp_path / "ws"
    live.mkdir()
    (live / "file").write_text("kept")
    opened = os.open(live, os.O_RDONLY)
    # Deeper than a path may be long, with names as long as names may be.
    for _ in range(DEPTH_LIMIT + 20):
        os.mkdir("d" * 255, dir_fd=opened)
        deeper = os.open("d" * 255, os.O_RDONLY, dir_fd=opened)
        os.close(opened)
        opened = deeper
    os.setxattr(opened, "user.big", b"x" * 3000)
    os.close(opened)
    for processes in (1, 2):
        made = capture(repository, live, processes=processes)
        assert [each.reason for each in made.skipped] == ["too many directories within each other"]
        assert made.files == 1
    assert verify(repository) == []
    restore(repository, made.tree, tmp_path / "out")
    assert (tmp_path / "out" / "file").read_text() == "kept"
    for each in (live, tmp_path / "out"):
        subprocess.run(["rm", "-rf", each], check=True)


def test_what_is_deeper_than_all_measure_is_removed_all_the_same(tmp_path: Path) -> None:
    place = tmp_path / "place"
    for above in ("a", "b"):
        (place / "deep" / above).mkdir(parents=True)
        opened = os.open(place / "deep" / above, os.O_RDONLY)
        for _ in range(2 * DEPTH_LIMIT + 50):
            os.mkdir("d", dir_fd=opened)
            os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=opened))
            deeper = os.open("d", os.O_RDONLY, dir_fd=opened)
            os.close(opened)
            opened = deeper
        os.close(opened)
    (place / "stays").touch()
    with files.directory(str(place)) as opened:
        files.remove_tree("deep", opened)
    assert os.listdir(place) == ["stays"]


def test_a_rollback_removes_what_is_as_deep_as_may_be(repository: Repository, tmp_path: Path) -> None:
    live = tmp_path / "ws"
    live.mkdir()
    before = capture(repository, live)
    live.joinpath(*["d"] * DEPTH_LIMIT).mkdir(parents=True)
    assert capture(repository, live).skipped == ()
    rollback(repository, before.tree, live, tmp_path / "journal")
    assert (os.listdir(live), (tmp_path / "journal").exists()) == ([], False)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_workspace_of_more_names_than_may_be_is_refused(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    live = tmp_path / "ws"
    for place in ("a", "b", "c"):
        (live / place).mkdir(parents=True)
        for number in range(400):
            (live / place / f"{number}").touch()
    for module in (walk, capturing, listing):
        monkeypatch.setattr(module, "NAMES_LIMIT", 1203)
    first = capture(repository, live, processes=processes)
    (live / "one more").touch()
    with pytest.raises(ParheliaError, match="E600"):
        capture(repository, live, first.tree, processes=processes)
    with pytest.raises(ParheliaError, match="E600"), Repository(tmp_path / "new") as another:
        capture(another, live, processes=processes)
    assert verify(repository) == []
    monkeypatch.setattr(listing, "NAMES_LIMIT", 300)
    with files.directory(str(live / "a")) as opened:
        assert len(listing.listed(opened).names) == 301


def test_directories_as_deep_as_may_be_come_back(repository: Repository, tmp_path: Path) -> None:
    live = tmp_path / "ws"
    for name in ("a", "b"):
        deep = live / "/".join([name] * (DEPTH_LIMIT - 10))
        deep.mkdir(parents=True)
        (deep / "bottom").write_text(name)
        for number in range(300):
            (live / name / f"{number}").write_text(str(number))
    first = capture(repository, live, processes=2)
    restore(repository, first.tree, tmp_path / "then")
    assert differences(live, tmp_path / "then") == []
    (deep / "bottom").write_text("other")
    with Repository(repository.root) as another:
        second = capture(another, live, first.tree, processes=2)
    assert (second.changed, second.skipped) == (1, ())
    assert [each.path for each in diff(repository, first.tree, second.tree).changed] == [
        str((deep / "bottom").relative_to(live))
    ]
    subprocess.run(["rm", "-rf", live / "b"], check=True)
    rollback(repository, first.tree, live, tmp_path / "journal", processes=2)
    assert differences(tmp_path / "then", live) == []
    assert verify(repository) == []
