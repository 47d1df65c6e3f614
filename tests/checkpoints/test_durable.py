"""What is written is on the disk before it counts, and what is read is left as it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from parhelia_tui.core.checkpoints import packs
from parhelia_tui.core.checkpoints.capture import capture
from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.checkpoints.verify import verify


@pytest.fixture
def live(tmp_path: Path) -> Path:
    made = tmp_path / "ws"
    for place in ("a", "b", "c", "d"):
        (made / place).mkdir(parents=True)
        for number in range(150):
            (made / place / f"{number}").write_bytes(os.urandom(6000))
    return made


@pytest.mark.parametrize("processes", [1, 2])
def test_every_pack_is_on_the_disk_before_one_has_its_name(
    repository: Repository, live: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, processes: int
) -> None:
    monkeypatch.setattr(packs, "PACK_SIZE", 150_000)
    # Also of other processes: an entry is written in one piece.
    told = os.open(tmp_path / "told", os.O_CREAT | os.O_RDWR | os.O_APPEND)
    fsync, rename = os.fsync, os.rename

    def tell_fsync(file: int) -> None:
        fsync(file)
        os.write(told, b"synced %s\n" % os.readlink(b"/proc/self/fd/%d" % file))

    def tell_rename(old: str, new: str, **more: int) -> None:
        os.write(told, f"renamed {old} {os.fstat(told).st_size}\n".encode())
        rename(old, new, **more)

    monkeypatch.setattr(os, "fsync", tell_fsync)
    monkeypatch.setattr(os, "rename", tell_rename)
    before = len(os.listdir("/proc/self/fd"))
    made = capture(repository, live, processes=processes)
    assert len(os.listdir("/proc/self/fd")) == before
    lines = (tmp_path / "told").read_text().splitlines()
    os.close(told)
    first = next(at for at, line in enumerate(lines) if line.startswith("renamed"))
    synced = {Path(line.split()[1]).name for line in lines[:first]}
    named = {line.split()[1] for line in lines if line.startswith("renamed") and made.tree not in line}
    assert len(named) > 2 * packs._UNSETTLED
    assert named <= synced
    assert verify(repository) == []


def test_a_pack_that_does_not_come_to_the_disk_ends_the_checkpoint(
    repository: Repository, live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "PACK_SIZE", 300_000)
    fsync = os.fsync
    asked: list[int] = []

    def fails(file: int) -> None:
        asked.append(file)
        if len(asked) == 3:
            raise OSError(5, "Input/output error")
        fsync(file)

    monkeypatch.setattr(os, "fsync", fails)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(Exception, match="E600"):
        capture(repository, live)
    assert len(os.listdir("/proc/self/fd")) == before
    assert (repository.trees(), os.listdir(repository.root / "packs")) == ([], [])


def test_a_file_that_is_read_keeps_its_time_of_access(repository: Repository, live: Path) -> None:
    file = live / "a" / "0"
    os.utime(file, ns=(1_000_000_000, 2_000_000_000))
    capture(repository, live)
    assert file.stat().st_atime_ns == 1_000_000_000
