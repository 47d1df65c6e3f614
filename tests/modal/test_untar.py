"""Archives that go up into a sandbox: written here, read by the shim, the same as before."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from parhelia_tui.core.backends.modal import freight
from parhelia_tui.core.shim import untar


def tree(place: Path) -> dict[str, object]:
    """All that counts of a tree, by name."""
    found: dict[str, object] = {}
    for each in sorted(place.rglob("*")):
        status = each.lstat()
        what: object = "folder"
        if each.is_symlink():
            what = str(each.readlink())
        elif each.is_file():
            what = (each.read_bytes(), int(status.st_mtime), status.st_nlink)
        found[str(each.relative_to(place))] = (
            status.st_mode if not each.is_symlink() else 0,
            what,
        )
    return found


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with everything that one may have."""
    place = tmp_path / "here" / "workspace"
    deep = place / ("long" * 30) / ("way" * 30)
    deep.mkdir(parents=True)
    (deep / "file with ümlaut").write_bytes(os.urandom(700_000))
    (place / "empty").write_bytes(b"")
    (place / "run.sh").write_text("#!/bin/sh\n")
    (place / "run.sh").chmod(0o755)
    os.utime(place / "run.sh", (1_600_000_000, 1_600_000_000))
    (place / "old").write_text("before the epoch")
    os.utime(place / "old", (-86_400, -86_400))
    (place / "link").symlink_to("../" * 60 + "nowhere")
    os.link(place / "run.sh", place / "other")
    (place / os.fsdecode(b"bytes-\xff")).write_bytes(b"x" * 512)
    closed = place / "closed"
    closed.mkdir()
    (closed / "inside").write_text("y")
    closed.chmod(0o555)
    return place


def test_what_is_packed_here_is_unpacked_there(tmp_path: Path, workspace: Path) -> None:
    archive = tmp_path / "up.tgz"
    freight.pack_workspace(archive, workspace)
    with archive.open("rb") as file:
        untar.extract(file, str(tmp_path / "there"))
    assert tree(tmp_path / "there" / "workspace") == tree(workspace)


def test_a_part_that_is_missing_or_changed_is_told(tmp_path: Path, workspace: Path) -> None:
    archive = tmp_path / "up.tgz"
    freight.pack_workspace(archive, workspace)
    whole = archive.read_bytes()
    for broken in (b"", whole[: len(whole) // 2], whole[:20] + b"\xff" * 40 + whole[60:], b"no archive"):
        with pytest.raises(untar.BadArchive):
            untar.extract(io.BytesIO(broken), str(tmp_path / "there"))
