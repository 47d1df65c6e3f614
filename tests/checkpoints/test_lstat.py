"""Many names asked for at once are told of as each by itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from parhelia_tui.core.checkpoints.folder import UNSURE, key_of, keys, pack, unpack
from parhelia_tui.core.checkpoints.lstat import Lstat, Slow, lstat


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    monkeypatch.chdir(tmp_path)
    for number in range(1200):
        Path(f"file {number}").write_bytes(b"x" * number)
    os.utime("file 7", ns=(-1_500_000_000, -1_500_000_000))
    os.utime("file 8", ns=(5, 2**33 * 1_000_000_000 + 999_999_999))
    os.symlink("nowhere", "link")
    os.mkdir(b"not \xff unicode\n")
    return os.listdir(b".")


def test_both_ways_give_what_the_interpreter_gives(names: list[bytes]) -> None:
    each = [os.lstat(name) for name in names]
    assert Lstat().keys(names) == Slow().keys(names) == keys(each) == pack([key_of(one) for one in each])
    assert unpack(keys(each)) == [key_of(one) for one in each]
    assert Lstat().own() == Slow().own() == key_of(os.stat("."))
    assert isinstance(lstat(), Lstat)


def test_of_no_names_there_is_nothing_to_tell() -> None:
    assert Lstat().keys([]) == Slow().keys([]) == keys([]) == pack([]) == b""
    assert unpack(b"") == []


def test_a_name_that_is_gone_is_told(names: list[bytes]) -> None:
    os.unlink(names[600]) if not os.path.isdir(names[600]) else os.rmdir(names[600])
    assert Lstat().keys(names) is Slow().keys(names) is None


def test_a_key_that_is_not_sure_is_nobodys(names: list[bytes]) -> None:
    assert UNSURE not in {key_of(os.lstat(name)) for name in names}
