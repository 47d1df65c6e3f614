"""What is known of the room on a disk: of all of it, and of what a quota leaves of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from parhelia_tui.core.settings import disk

LINE = "29 1 {number} / / rw,relatime shared:1 - {kind} /dev/vda rw,{options}\n"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """What was seen of the mounts is not kept from one test to the next."""
    disk._has_quotas.cache_clear()
    yield
    disk._has_quotas.cache_clear()


def mounted(monkeypatch: pytest.MonkeyPatch, place: Path, kind: str, options: str) -> None:
    """Let the file system of a place be said to be mounted so."""
    device = place.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    mounts = place / "mountinfo"
    mounts.write_text("31 29 0:99 / /elsewhere rw - ext4 /dev/vdb rw,usrquota\n" + LINE.format_map(locals()))
    monkeypatch.setattr(disk, "_MOUNTS", mounts)


def refusing(monkeypatch: pytest.MonkeyPatch, code: int) -> list[int]:
    """Let every try to take room fail, and count the tries."""
    tries: list[int] = []

    def refuse(file: int, offset: int, size: int) -> None:
        tries.append(size)
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    return tries


@pytest.mark.parametrize(
    ("kind", "options"), [("ext4", "usrquota"), ("xfs", "attr2,grpquota"), ("btrfs", "ssd")]
)
def test_a_quota_that_is_used_up_is_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, options: str
) -> None:
    mounted(monkeypatch, tmp_path, kind, options)
    assert not disk.is_full(tmp_path)
    refusing(monkeypatch, errno.EDQUOT)
    assert disk.is_full(tmp_path)
    # Nothing is left of a try.
    assert [each.name for each in tmp_path.iterdir()] == ["mountinfo"]


@pytest.mark.parametrize("code", [errno.EOPNOTSUPP, errno.EACCES, errno.EIO])
def test_what_is_refused_for_another_reason_is_no_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    mounted(monkeypatch, tmp_path, "ext4", "usrquota")
    refusing(monkeypatch, code)
    assert not disk.is_full(tmp_path)


def test_nothing_is_tried_where_there_are_no_quotas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounted(monkeypatch, tmp_path, "xfs", "attr2,noquota")
    tries = refusing(monkeypatch, errno.EDQUOT)
    assert not disk.is_full(tmp_path)
    assert tries == []
