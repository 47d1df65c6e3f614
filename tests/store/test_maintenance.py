"""Looking after the file: damage is found, a copy is whole although others write."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.store import events, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.maintenance import backup, check, statistics
from parhelia_tui.core.store.migrations import open_migrated
from parhelia_tui.core.store.steps import STEPS
from tests.support.store import make_task, start


def test_a_sound_store_has_no_faults(path: Path, task: Task) -> None:
    assert check(path) == []


def test_a_row_without_its_parent_is_found(path: Path, db: sqlite3.Connection, task: Task) -> None:
    with writing(db) as tx:
        tasks.add_attempt(tx, task, "c-1", 1.0)
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("DELETE FROM tasks")
    assert check(path) == ["a row of attempts names a row of tasks that is not there"]


def test_damage_is_found(path: Path, db: sqlite3.Connection) -> None:
    with writing(db) as tx:
        for number in range(200):
            tasks.add(tx, make_task(f"t-{number}", prompt="x" * 3000))
    db.close()
    raw = bytearray(path.read_bytes())
    # Behind the schema, which has the first pages; with that gone it would be no store at all (E506).
    for start_at in range(90 * 4096, 110 * 4096, 4096):
        raw[start_at : start_at + 200] = b"\xa5" * 200
    path.write_bytes(raw)
    faults = check(path)
    assert faults
    assert len(faults) <= 100


def test_what_is_no_store_is_said(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("no database\n" * 100)
    for act in (check, statistics, lambda path: backup(path, tmp_path / "copy.db")):
        with pytest.raises(ParheliaError, match="E506"):
            act(text)
        with pytest.raises(ParheliaError, match="E500"):
            act(tmp_path / "gone.db")
    assert [each.name for each in tmp_path.iterdir() if each.name != "state"] == ["text.db"]


def test_a_newer_store_is_not_looked_into(path: Path, db: sqlite3.Connection) -> None:
    db.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    with pytest.raises(ParheliaError, match="E505"):
        check(path)


def test_numbers(path: Path, db: sqlite3.Connection, task: Task) -> None:
    with writing(db) as tx:
        for _ in range(5):
            events.append(tx, "x", "x" * 400)
    seen = statistics(path)
    assert (seen.step, seen.known) == (len(STEPS), len(STEPS))
    assert (seen.rows["tasks"], seen.rows["events"], seen.rows["sessions"]) == (1, 5, 0)
    assert set(seen.rows) >= {"meta", "counters", "containers", "heartbeats", "ledger", "intents", "attempts"}
    assert seen.bytes == path.stat().st_size
    assert seen.log_bytes == path.with_name("parhelia.db-wal").stat().st_size > 0


def test_room_in_the_file_is_counted(path: Path, db: sqlite3.Connection) -> None:
    with writing(db) as tx:
        for number in range(50):
            tasks.add(tx, make_task(f"t-{number}", prompt="x" * 4000))
    with writing(db) as tx:
        tx.execute("DELETE FROM tasks")
    assert statistics(path).free_bytes >= 50 * 4000


def test_a_copy_is_a_store(path: Path, db: sqlite3.Connection, task: Task, tmp_path: Path) -> None:
    target = tmp_path / "copies" / "copy.db"
    target.parent.mkdir()
    steps: list[tuple[int, int]] = []
    backup(path, target, lambda done, whole: steps.append((done, whole)))
    assert [each.name for each in target.parent.iterdir()] == ["copy.db"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert steps[-1][0] == steps[-1][1] > 0
    # The format of a file without a log beside it (sqlite.org/fileformat2.html, 1.3.3): it can be read from
    # where nothing can be written.
    assert target.read_bytes()[18:20] == b"\x01\x01"
    assert check(target) == []
    with closing(open_migrated(target)) as copy:
        assert tasks.get(copy, task.id) == task


def test_a_copy_never_replaces_a_file(path: Path, task: Task, tmp_path: Path) -> None:
    target = tmp_path / "there"
    target.write_text("mine")
    with pytest.raises(ParheliaError, match="E101"):
        backup(path, target)
    target.unlink()
    target.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ParheliaError, match="E101"):
        backup(path, target)
    with pytest.raises(ParheliaError, match="E101"):
        backup(path, tmp_path / "gone" / "copy.db")
    assert not [each for each in tmp_path.iterdir() if each.name.endswith(".part")]


WRITE_ON = """
import sys
from pathlib import Path
from parhelia_tui.core.store import events, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
db = open_migrated(Path(sys.argv[1]))
while True:
    with writing(db) as tx:
        task = tasks.get(tx, "t-00000001")
        tasks.update(tx, task, exit_code=(task.exit_code or 0) + 1)
        events.append(tx, "task.counted", "x" * 400)
    print("wrote", flush=True)
"""


@pytest.mark.real
def test_a_copy_is_of_one_moment_while_another_process_writes(
    path: Path, db: sqlite3.Connection, task: Task, tmp_path: Path
) -> None:
    with writing(db) as tx:
        for number in range(400):
            tasks.add(tx, make_task(f"t-filler-{number}", prompt="x" * 8000))
    process = start(WRITE_ON, path)
    try:
        assert process.stdout is not None
        process.stdout.readline()

        def wait_for_a_write(done: int, whole: int) -> None:
            # Between two steps of the copy another process writes, and the copy does not begin anew.
            assert process.stdout is not None
            for _ in range(3):
                process.stdout.readline()
            steps.append(done)

        steps: list[int] = []
        backup(path, tmp_path / "copy.db", wait_for_a_write)
    finally:
        process.kill()
        process.communicate()
    assert steps == sorted(set(steps))
    assert len(steps) > 2
    assert check(tmp_path / "copy.db") == []
    with closing(open_migrated(tmp_path / "copy.db")) as copy:
        assert tasks.get(copy, task.id).exit_code == events.last_seq(copy)
