"""Whatever fails in SQLite reaches nobody but as an error with a code."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.store import containers, intents, tasks
from parhelia_tui.core.store.connection import connect, writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.support.store import make_task


def fill(path: Path) -> None:
    """A store that is longer than a few pages."""
    connection = open_migrated(path)
    with writing(connection) as tx:
        for number in range(200):
            tasks.add(tx, make_task(f"t-{number:08x}", prompt="x" * 2000))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda db: tasks.listed(db), id="iterated"),
        pytest.param(lambda db: tasks.queue(db, 500), id="queue"),
        pytest.param(lambda db: db.execute("SELECT * FROM tasks").fetchall(), id="fetchall"),
    ],
)
def test_a_damaged_page_ends_a_plain_read_in_words(
    tmp_path: Path, read: Callable[[sqlite3.Connection], object]
) -> None:
    path = tmp_path / "parhelia.db"
    fill(path)
    whole = path.stat().st_size
    with path.open("r+b") as file:
        # The schema's pages stay; most rows do not.
        file.seek(whole // 3)
        file.write(b"\xff" * (whole // 2))
    connection = connect(path)
    with pytest.raises(ParheliaError) as caught:
        read(connection)
    connection.close()
    assert caught.value.code == "E506"
    assert str(path) in caught.value.message


def test_a_store_without_its_tables_ends_a_plain_read_in_words(tmp_path: Path) -> None:
    connection = connect(tmp_path / "parhelia.db")
    for read in (containers.live, intents.pending, tasks.unwanted, tasks.counts):
        with pytest.raises(ParheliaError) as caught:
            read(connection)
        assert caught.value.code == "E900"
    connection.close()
