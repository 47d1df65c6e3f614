"""Opening a store: fresh, old, newer, of somebody else, damaged; by one process and by many."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.store import connection, migrations, steps, tasks
from parhelia_tui.core.store.connection import connect, writing
from parhelia_tui.core.store.migrations import migrate, open_migrated, version
from parhelia_tui.core.store.steps import STEPS
from tests.support.in_namespace import run_on_small_disk
from tests.support.store import finish_together, make_task, start

if TYPE_CHECKING:
    from sqlite_utils import Database

OPEN = """
import sys
from pathlib import Path
import sqlite_utils
from parhelia_tui.core.store.migrations import open_migrated
print("ready", flush=True)
sys.stdin.readline()
db = open_migrated(Path(sys.argv[1]))
print(db.execute("SELECT value FROM meta WHERE key = 'installation_id'").fetchone()[0])
"""


@pytest.mark.long
def test_eight_processes_open_a_fresh_store_at_once(tmp_path: Path) -> None:
    for number in range(3):
        path = tmp_path / f"{number}.db"
        printed = finish_together([start(OPEN, path) for _ in range(8)])
        assert len(set(printed)) == 1, printed
        assert printed[0].strip()


def test_a_store_that_is_made_while_another_process_looks_is_no_stranger(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its mark and its step are looked at in one moment; between the two it would look like another's."""
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_MS", 20)
    tried: list[str] = []

    def connect_and_be_overtaken(path: Path) -> sqlite3.Connection:
        opened = connect(path)

        def overtake(statement: str) -> None:
            if statement == "PRAGMA user_version" and not tried:
                tried.append(statement)
                with contextlib.suppress(ParheliaError):
                    open_migrated(path).close()

        opened.set_trace_callback(overtake)
        return opened

    monkeypatch.setattr(migrations, "connect", connect_and_be_overtaken)
    with closing(open_migrated(path)) as db:
        assert version(db) == len(STEPS)
    assert tried


def test_each_file_is_a_step_and_the_steps_are_numbered() -> None:
    files = sorted(Path(steps.__file__).parent.glob("*.sql"))
    # A number may be left out, as where two changes were made at the same time, but none stands twice.
    numbers = [int(each.name[:4]) for each in files]
    assert len(set(numbers)) == len(files) == len(STEPS)
    assert numbers[0] == 1


def test_a_fresh_store_is_private_and_in_form(path: Path) -> None:
    with closing(open_migrated(path)) as db:
        assert version(db) == len(STEPS)
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert db.execute("PRAGMA foreign_keys").fetchone()[0] == 1
        with writing(db) as tx:
            tasks.add(tx, make_task())
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
        assert set(modes) == {path.name + end for end in ("", "-wal", "-shm", ".migrate")}
        assert set(modes.values()) == {0o600}


def test_opening_again_changes_nothing(path: Path, db: sqlite3.Connection) -> None:
    before = db.execute("SELECT * FROM meta").fetchall()[0][1]
    assert migrate(db, path) == []
    with closing(open_migrated(path)) as again:
        assert again.execute("SELECT * FROM meta").fetchall()[0][1] == before


def test_every_table_is_strict(db: sqlite3.Connection) -> None:
    tables = db.execute("PRAGMA table_list").fetchall()
    ours = {row["name"]: row["strict"] for row in tables if not row["name"].startswith("sqlite_")}
    assert len(ours) >= 10
    assert set(ours.values()) == {1}, ours


def test_every_record_has_an_owner(db: sqlite3.Connection) -> None:
    for table in ("tasks", "attempts", "containers", "sessions", "events", "heartbeats", "ledger", "intents"):
        columns = {row["name"] for row in db.execute(f"PRAGMA table_info({table})")}
        assert columns >= {"owner_user", "owner_session", "owner_environment"}, table


def contents(path: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in path.parent.iterdir()}


def test_a_newer_store_is_refused_and_untouched(path: Path) -> None:
    with closing(open_migrated(path)) as db:
        db.execute(f"PRAGMA user_version = {len(STEPS) + 3}")
    before = contents(path)
    with pytest.raises(ParheliaError) as caught:
        open_migrated(path)
    assert caught.value.code == "E505"
    assert caught.value.details == {"found": len(STEPS) + 3, "known": len(STEPS)}
    assert contents(path) == before


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda path: path.write_bytes(b"this is no database, but a text\n" * 40), id="text"),
        pytest.param(lambda path: path.write_bytes(b"x"), id="one byte"),
        pytest.param(lambda path: path.write_bytes(b"SQLite format 3\0" + b"\xff" * 4080), id="torn"),
        pytest.param(lambda path: _foreign(path, "CREATE TABLE notes (text)"), id="another program's"),
        pytest.param(lambda path: _foreign(path, "PRAGMA user_version = 1"), id="another's version"),
        pytest.param(lambda path: _foreign(path, "PRAGMA application_id = 7"), id="another's mark"),
    ],
)  # fmt: skip
def test_what_is_no_store_is_refused_and_untouched(path: Path, make: object) -> None:
    assert callable(make)
    make(path)
    before = contents(path)
    with pytest.raises(ParheliaError) as caught:
        open_migrated(path)
    assert caught.value.code == "E506"
    assert contents(path) == before


def _foreign(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(statement)
        db.commit()


def test_a_place_where_no_store_can_be(tmp_path: Path) -> None:
    for path in (tmp_path / "gone" / "x.db", tmp_path):
        with pytest.raises(ParheliaError) as caught:
            open_migrated(path)
        assert caught.value.code == "E500"


def test_an_old_store_is_brought_up_and_keeps_its_rows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(open_migrated(path)) as db, writing(db) as tx:
        tasks.add(tx, make_task())

    def add_column(database: Database) -> None:
        database.execute("ALTER TABLE tasks ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'")

    def add_row(database: Database) -> None:
        database.table("meta").insert({"key": "colours", "value": "1"})

    monkeypatch.setattr(migrations, "STEPS", (*STEPS, add_column, add_row))
    with closing(open_migrated(path)) as db:
        assert version(db) == len(STEPS) + 2
        assert db.execute("SELECT colour FROM tasks").fetchone()[0] == "red"
        assert tasks.get(db, "t-00000001").title == "A task"


@pytest.mark.parametrize("fault", [RuntimeError, KeyboardInterrupt, sqlite3.OperationalError])
def test_a_failed_step_rolls_back_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch, fault: type[BaseException]
) -> None:
    with closing(open_migrated(path)) as db:
        schema = [tuple(row) for row in db.execute("SELECT * FROM sqlite_master")]

    def step(database: Database) -> None:
        # Each of these would commit, were it done in another way.
        database.execute("CREATE TABLE half (a INTEGER) STRICT")
        database.table("half").insert_all({"a": number} for number in range(2000))
        database.table("meta").insert({"key": "half", "value": "1"})
        database.execute("DROP INDEX tasks_rev")
        raise fault("in the middle")

    monkeypatch.setattr(migrations, "STEPS", (*STEPS, step))
    with pytest.raises(ParheliaError if fault is sqlite3.OperationalError else fault):
        open_migrated(path)
    monkeypatch.undo()
    with closing(open_migrated(path)) as db:
        assert [tuple(row) for row in db.execute("SELECT * FROM sqlite_master")] == schema
        assert db.execute("SELECT count(*) FROM meta WHERE key = 'half'").fetchone()[0] == 0


def test_a_failed_first_step_leaves_a_file_that_opens_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step(database: Database) -> None:
        STEPS[0](database)
        raise RuntimeError("at the end")

    monkeypatch.setattr(migrations, "STEPS", (step,))
    with pytest.raises(RuntimeError):
        open_migrated(path)
    monkeypatch.undo()
    with closing(open_migrated(path)) as db:
        assert version(db) == len(STEPS)


def test_a_store_that_lost_its_mode_gets_it_back(path: Path) -> None:
    """A copy by other tools may come without the write-ahead log; readers would then block writers."""
    open_migrated(path).close()
    with closing(connect(path)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
    with closing(open_migrated(path)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


@pytest.mark.real
def test_a_full_disk_while_the_store_is_made(tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.store.migrations import open_migrated, version
from parhelia_tui.core.store.steps import STEPS
disk = Path(sys.argv[1])
seen = set()
for room in range(4, 700, 24):
    home = disk / str(room)
    home.mkdir()
    ballast = disk / "ballast"
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    ballast.write_bytes(b"x" * (free - room * 1024))
    try:
        open_migrated(home / "parhelia.db").close()
        seen.add("made")
    except ParheliaError as error:
        assert error.code == "E507", error
        seen.add("refused")
    ballast.unlink()
    db = open_migrated(home / "parhelia.db")
    assert version(db) == len(STEPS)
    db.close()
    for each in home.iterdir():
        each.unlink()
print(sorted(seen))
"""
    assert run_on_small_disk(script, tmp_path / "disk", 1600).strip() == "['made', 'refused']"
