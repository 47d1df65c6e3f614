"""What a sandbox sends of its agent's files, however they are made and whatever becomes of them meanwhile."""

from __future__ import annotations

import io
import os
import socket
import stat
import tarfile
from pathlib import Path

import pytest

from parhelia_tui.core.settings.removal import remove_tree
from parhelia_tui.core.shim import sending

DEEP = 1200


def sent(top: Path) -> dict[str, tarfile.TarInfo]:
    """The entries of an archive of a tree, by their names below it."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w|") as archive:
        sending.add_tree(archive, str(top), sending.Room(1 << 30))
    data.seek(0)
    with tarfile.open(fileobj=data) as archive:
        found = {each.name: each for each in archive}
    prefix = str(top).lstrip("/")
    assert next(iter(found)) == prefix
    return {name[len(prefix) + 1 :]: each for name, each in found.items() if name != prefix}


def test_a_tree_may_be_deeper_than_calls(tmp_path: Path) -> None:
    place = tmp_path
    for _ in range(DEEP):
        place /= "d"
        place.mkdir()
    (place / "file").write_text("deep")
    try:
        found = sent(tmp_path)
    finally:
        # What removes directories of tests gives up here before Python 3.13.
        remove_tree(tmp_path / "d")
    assert len(found) == DEEP + 1
    assert "/".join([*"d" * DEEP, "file"]) in found


def test_only_files_directories_and_links_are_sent(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    os.link(tmp_path / "file", tmp_path / "other")
    (tmp_path / "link").symlink_to("/etc/shadow")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "door"))
        found = sent(tmp_path)
    assert {name: each.type for name, each in found.items()} == {
        "file": tarfile.REGTYPE,
        "other": tarfile.LNKTYPE,
        "link": tarfile.SYMTYPE,
    }


def test_what_becomes_a_link_while_it_is_read_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret").write_text("secret")
    top = tmp_path / "top"
    top.mkdir()
    (top / "file").write_text("mine")
    see = os.lstat

    def swapped(path: str) -> os.stat_result:
        found = see(path)
        if stat.S_ISREG(found.st_mode):
            Path(path).unlink()
            Path(path).symlink_to(tmp_path / "secret")
        return found

    monkeypatch.setattr(os, "lstat", swapped)
    assert sent(top) == {}
    monkeypatch.undo()
    assert "left out" in capfd.readouterr().err


def test_a_file_that_gets_shorter_does_not_spoil_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "log").write_bytes(b"x" * 1000)
    (tmp_path / "rest").write_text("rest")
    write = tarfile.TarFile.addfile

    def late(self: tarfile.TarFile, entry: tarfile.TarInfo, *more: object) -> None:
        if entry.isreg():
            os.truncate(tmp_path / "log", 10)
        write(self, entry, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(tarfile.TarFile, "addfile", late)
    found = sent(tmp_path)
    assert {name: each.size for name, each in found.items()} == {"log": 1000, "rest": 4}


def test_what_its_owner_has_shut_is_sent_and_stays_shut(tmp_path: Path) -> None:
    place = tmp_path / "shut"
    place.write_text("in it")
    place.chmod(0)
    with sending._open_shut(str(place), os.O_RDONLY) as file:
        assert file.read() == b"in it"
    assert stat.S_IMODE(place.stat().st_mode) == 0
