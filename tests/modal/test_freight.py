"""Archives that come down from a sandbox, whose sender is not trusted."""

from __future__ import annotations

import stat
import tarfile
import tracemalloc
from io import BytesIO
from pathlib import Path

import pytest

from parhelia_tui.core.backends.modal import freight
from parhelia_tui.core.backends.modal.freight import is_large, pack_carried, pack_workspace, swap, unpack
from parhelia_tui.core.model.errors import ParheliaError
from tests.support.deep import deep

MIB = 1 << 20


def sent(place: Path, names: int) -> Path:
    """An archive of one file of a MiB that has so many names."""
    archive = place / "down.tgz"
    with tarfile.open(archive, "w:gz") as packed:
        entry = tarfile.TarInfo("workspace/first")
        entry.size = MIB
        packed.addfile(entry, BytesIO(bytes(MIB)))
        for number in range(1, names):
            other = tarfile.TarInfo(f"workspace/name{number}")
            other.type, other.linkname = tarfile.LNKTYPE, "workspace/first"
            packed.addfile(other)
    return archive


def test_each_name_of_a_file_counts_as_a_file(tmp_path: Path) -> None:
    """Else a sandbox could fill this machine's disk with an archive of a few bytes."""
    target = tmp_path / "workspace"
    target.mkdir()
    with pytest.raises(ParheliaError) as caught:
        unpack(sent(tmp_path, 9), {"workspace": target}, 8 * MIB)
    assert caught.value.code == "E507"


def test_other_names_of_a_file_come_down(tmp_path: Path) -> None:
    target = tmp_path / "workspace"
    target.mkdir()
    unpack(sent(tmp_path, 8), {"workspace": target}, 8 * MIB)
    assert sum(each.stat().st_size for each in target.iterdir()) == 8 * MIB


def test_a_directory_of_the_name_of_a_link_changes_nothing_that_it_leads_to(tmp_path: Path) -> None:
    """A sandbox could open a directory of this machine to everybody, or shut it."""
    archive, target, mine = tmp_path / "down.tgz", tmp_path / "workspace", tmp_path / "mine"
    target.mkdir()
    mine.mkdir(mode=0o700)
    with tarfile.open(archive, "w:gz") as packed:
        for kind in (tarfile.SYMTYPE, tarfile.DIRTYPE):
            entry = tarfile.TarInfo("workspace/there")
            entry.type, entry.linkname, entry.mode = kind, str(mine), 0o777
            packed.addfile(entry)
    unpack(archive, {"workspace": target}, MIB)
    assert stat.S_IMODE(mine.stat().st_mode) == 0o700
    assert (target / "there").is_symlink()


@pytest.mark.long
def test_names_without_end_fill_neither_memory_nor_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, target = tmp_path / "down.tgz", tmp_path / "workspace"
    target.mkdir()
    with tarfile.open(archive, "w:gz", compresslevel=1) as packed:
        for number in range(30_000):
            packed.addfile(tarfile.TarInfo(f"elsewhere/{number}"))
    tracemalloc.start()
    try:
        unpack(archive, {"workspace": target}, MIB)
        assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    finally:
        tracemalloc.stop()
    monkeypatch.setattr(freight, "NAMES_MOST", 29_999)
    with pytest.raises(ParheliaError, match="more than 29,999 names") as caught:
        unpack(archive, {"workspace": target}, MIB)
    assert caught.value.code == "E507"


def test_a_fresh_directory_takes_the_place_of_another(tmp_path: Path) -> None:
    fresh, place = tmp_path / "work.new", tmp_path / "work"
    for number, name in enumerate(("none", "first", "second")):
        fresh.mkdir()
        (fresh / name).write_text(name)
        swap(fresh, place)
        assert [each.name for each in place.iterdir()] == [name], number
        assert not fresh.exists()


def test_a_name_that_cannot_be_had_here_is_left_out_alone(tmp_path: Path) -> None:
    archive, target = tmp_path / "down.tgz", tmp_path / "workspace"
    target.mkdir()
    with tarfile.open(archive, "w:gz") as packed:
        for name in ("workspace/" + "long/" * 1000 + "file", "workspace/" + "x" * 300, "workspace/last"):
            entry = tarfile.TarInfo(name)
            entry.size = 4
            packed.addfile(entry, BytesIO(b"text"))
    unpack(archive, {"workspace": target}, MIB)
    assert [each.name for each in target.iterdir()] == ["last"]


@pytest.mark.parametrize("at", [1e19, -1e19])
def test_a_file_of_an_impossible_time_comes_down(tmp_path: Path, at: float) -> None:
    target = tmp_path / "workspace"
    target.mkdir()
    archive = tmp_path / "down.tgz"
    with tarfile.open(archive, "w:gz") as packed:
        entry = tarfile.TarInfo("workspace/file")
        entry.size, entry.mtime = 4, at
        packed.addfile(entry, BytesIO(b"work"))
    unpack(archive, {"workspace": target}, MIB)
    assert (target / "file").read_bytes() == b"work"


def test_a_workspace_deeper_than_calls_can_be_goes_up_whole(tmp_path: Path) -> None:
    with deep(tmp_path / "work", 1500):
        (tmp_path / "work" / "last").write_text("text")
        (tmp_path / "work" / "link").symlink_to("d")
        assert not is_large(tmp_path / "work", MIB)
        pack_workspace(tmp_path / "up.tgz", tmp_path / "work")
    with tarfile.open(tmp_path / "up.tgz") as packed:
        names = [each.name for each in packed]
    assert names[:2] == ["workspace", "workspace/d"]
    assert names[-2:] == ["workspace/last", "workspace/link"]
    assert len(names) == 1503


def test_what_is_carried_is_the_same_archive_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / ".claude" / "skills").mkdir(parents=True)
        (tmp_path / name / ".claude" / "skills" / "SKILL.md").write_text("text")
        pack_carried(tmp_path / f"{name}.tgz", tmp_path / name, [".claude"])
    assert (tmp_path / "one.tgz").read_bytes() == (tmp_path / "two.tgz").read_bytes()
