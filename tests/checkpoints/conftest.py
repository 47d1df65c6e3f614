"""A store and a place for workspaces."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from parhelia_tui.core.checkpoints.repository import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    with Repository(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def made_forks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The ids of the processes that are forked, none of which is left afterwards."""
    made: list[int] = []
    real = os.fork

    def fork() -> int:
        child = real()
        made.append(child)
        return child

    monkeypatch.setattr(os, "fork", fork)
    yield made
    assert not [child for child in made if Path(f"/proc/{child}").exists()]


@pytest.fixture(autouse=True)
def removable(tmp_path: Path) -> Iterator[None]:
    """Directories without permissions would stop pytest from clearing up after an ordinary user."""
    yield
    if os.geteuid() != 0:
        for path, _, _ in os.walk(tmp_path):
            for name in os.listdir(path):
                full = os.path.join(path, name)
                if os.path.isdir(full) and not os.path.islink(full):
                    os.chmod(full, 0o700)
