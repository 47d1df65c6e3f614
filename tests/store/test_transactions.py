"""What the transactions promise: all or nothing, one after the other, and kept when a process is killed."""

from __future__ import annotations

import random
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.store import containers, events, ledger, maintenance, tasks
from parhelia_tui.core.store.changes import current_rev
from parhelia_tui.core.store.connection import reading, translated, writing, writing_durably
from parhelia_tui.core.store.migrations import open_migrated
from tests.support.in_namespace import run_on_small_disk
from tests.support.store import finish_together, start


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_fault_inside_rolls_everything_back(
    db: sqlite3.Connection, task: Task, fault: type[BaseException]
) -> None:
    def change_and_fail() -> None:
        with writing(db) as tx:
            tasks.update(tx, task, title="changed")
            events.append(tx, "task.changed", "changed")
            raise fault

    with pytest.raises(fault):
        change_and_fail()
    assert tasks.get(db, task.id) == task
    assert events.newest(db, 10) == []
    assert current_rev(db) == task.rev
    with writing(db) as tx:
        tasks.update(tx, task, title="changed")


def test_a_fault_of_sqlite_is_said_in_our_words(db: sqlite3.Connection) -> None:
    with pytest.raises(ParheliaError, match="E900") as caught, writing(db) as tx:
        tx.execute("INSERT INTO meta VALUES ('installation_id', 'second')")
    assert caught.value.details["sqlite"] == "SQLITE_CONSTRAINT_PRIMARYKEY"
    assert not db.in_transaction


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("tasks", "priority", "high"),
        ("tasks", "created_at", "yesterday"),
        ("tasks", "title", None),
        ("tasks", "title", b"bytes"),
        ("tasks", "priority", 1.5),
        ("containers", "slot", "one"),
        ("containers", "spool_offset", None),
        ("containers", "state", b"running"),
    ],
)
def test_strict_tables_refuse_wrong_types(
    db: sqlite3.Connection, container: Container, table: str, column: str, value: object
) -> None:
    before = [tuple(row) for row in db.execute(f"SELECT * FROM {table}")]
    with pytest.raises(ParheliaError), writing(db) as tx:
        tx.execute(f"UPDATE {table} SET {column} = ?", (value,))
    assert [tuple(row) for row in db.execute(f"SELECT * FROM {table}")] == before


def test_strict_tables_keep_what_looks_like_a_number(db: sqlite3.Connection, task: Task) -> None:
    with writing(db) as tx:
        assert tasks.update(tx, task, title="007").title == "007"


def test_the_history_cannot_be_rewritten(db: sqlite3.Connection) -> None:
    with writing(db) as tx:
        events.append(tx, "task.created", "one")
    for statement in ("UPDATE events SET message = 'another'", "UPDATE events SET seq = 7"):
        with pytest.raises(ParheliaError, match="append-only"), writing(db) as tx:
            tx.execute(statement)
    assert [(event.seq, event.message) for event in events.newest(db, 10)] == [(1, "one")]


def test_a_number_of_the_history_is_never_used_twice(db: sqlite3.Connection) -> None:
    with writing(db) as tx:
        first = [events.append(tx, "x", "x", at=1.0) for _ in range(3)]
        assert events.remove_before(tx, 2.0, 10) == 3
    with writing(db) as tx:
        assert events.append(tx, "x", "x") == first[-1] + 1


def test_reading_sees_one_state(path: Path, db: sqlite3.Connection, task: Task) -> None:
    with closing(open_migrated(path)) as other, reading(other):
        before = tasks.get(other, task.id)
        with writing(db) as tx:
            tasks.update(tx, task, title="changed")
        assert tasks.get(other, task.id) == before
    with closing(open_migrated(path)) as other:
        assert tasks.get(other, task.id).title == "changed"


def test_a_reader_does_not_hold_up_a_writer(path: Path, db: sqlite3.Connection, task: Task) -> None:
    db.execute("PRAGMA busy_timeout = 0")
    with closing(open_migrated(path)) as other, reading(other):
        tasks.get(other, task.id)
        with writing(db) as tx:
            tasks.update(tx, task, title="changed")


def test_a_writer_that_holds_on_too_long_is_named(path: Path, db: sqlite3.Connection) -> None:
    with closing(open_migrated(path)) as other:
        other.execute("PRAGMA busy_timeout = 20")
        with writing(db), pytest.raises(ParheliaError) as caught, writing(other):
            pass
        assert caught.value.code == "E504"
        with writing(other) as tx:
            events.append(tx, "x", "goes on")


def test_durable_writing_is_full_and_ends_so(db: sqlite3.Connection) -> None:
    with writing_durably(db) as tx:
        assert tx.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert db.execute("PRAGMA synchronous").fetchone()[0] == 1
    with pytest.raises(ValueError), writing_durably(db):
        raise ValueError
    assert db.execute("PRAGMA synchronous").fetchone()[0] == 1


def test_what_a_statement_may_have_to_undo_lies_in_no_file(db: sqlite3.Connection) -> None:
    memory = 2
    assert db.execute("PRAGMA temp_store").fetchone()[0] == memory


def test_the_version_of_the_data_tells_of_another_process(path: Path, db: sqlite3.Connection) -> None:
    def seen() -> int:
        return int(db.execute("PRAGMA data_version").fetchone()[0])

    before = seen()
    with writing(db) as tx:
        events.append(tx, "x", "from here")
    assert seen() == before
    script = """
import sys
from pathlib import Path
from parhelia_tui.core.store import events
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
db = open_migrated(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
with writing(db) as tx:
    events.append(tx, "x", "from there")
"""
    process = start(script, path)
    assert seen() == before
    finish_together([process])
    assert seen() != before
    assert events.newest(db, 1)[0].message == "from there"


WORK = """
import sys
from pathlib import Path
from parhelia_tui.core.store import events, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
db = open_migrated(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[2])):
    with writing(db) as tx:
        task = tasks.get(tx, "t-00000001")
        tasks.update(tx, task, exit_code=(task.exit_code or 0) + 1)
        events.append(tx, "task.counted", str(task.version))
"""


@pytest.mark.real
def test_eight_processes_lose_nothing(path: Path, db: sqlite3.Connection, task: Task) -> None:
    """Read, change, write. A worker that sees "database is locked", or any error, ends with 1."""
    each = 100
    finish_together([start(WORK, path, str(each)) for _ in range(8)])
    after = tasks.get(db, task.id)
    assert after.exit_code == 8 * each
    assert after.version == task.version + 8 * each
    assert current_rev(db) == task.rev + 8 * each
    told = [int(event.message) for event in events.find(db, limit=8 * each + 1)]
    assert told == list(range(task.version, task.version + 8 * each))


KILLED = """
import itertools, sys
from pathlib import Path
from parhelia_tui.core.store import events, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
db = open_migrated(Path(sys.argv[1]))
for number in itertools.count():
    with writing(db) as tx:
        task = tasks.get(tx, "t-00000001")
        tasks.update(tx, task, exit_code=(task.exit_code or 0) + 1)
        seq = events.append(tx, "task.counted", "x" * 500)
    print(seq, flush=True)
"""


@pytest.mark.long
@pytest.mark.real
def test_a_killed_writer_loses_nothing_that_it_acknowledged(
    path: Path, db: sqlite3.Connection, task: Task
) -> None:
    dice = random.Random(20)
    for _ in range(20):
        process = start(KILLED, path)
        try:
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(dice.randint(1, 40))]
            process.send_signal(signal.SIGKILL)
            # The rest of the pipe was acknowledged too; a torn last line was not.
            rest = process.stdout.read()
        finally:
            process.kill()
            process.wait()
        whole = "".join(said) + rest
        assert process.returncode == -signal.SIGKILL
        acknowledged = [int(line) for line in whole[: whole.rfind("\n") + 1].split()]
        stored = [event.seq for event in events.find(db, limit=100_000)]
        assert set(acknowledged) <= set(stored)
        # No torn state: the counter and the history were written together.
        assert tasks.get(db, task.id).exit_code == len(stored)
        assert stored == list(range(1, len(stored) + 1))
        assert maintenance.check(path) == []


@pytest.mark.real
def test_a_full_disk_stores_nothing_by_half(tmp_path: Path) -> None:
    script = """
import os, sqlite3, sys
from pathlib import Path
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.store import events, maintenance, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.support.store import make_task
disk = Path(sys.argv[1])
path = disk / "parhelia.db"
db = open_migrated(path)
acknowledged = []
def fill():
    for number in range(1000):
        task_id = f"t-{len(acknowledged):08d}"
        with writing(db) as tx:
            tasks.add(tx, make_task(task_id, prompt="x" * 20_000))
            events.append(tx, "task.created", task_id, task_id=task_id)
        acknowledged.append(task_id)
for round in range(3):
    ballast = disk / "ballast"
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    ballast.write_bytes(b"x" * max(0, free - 300_000))
    try:
        fill()
    except ParheliaError as error:
        print(error.code, error.details["sqlite"])
    assert not db.in_transaction
    stored = [task.id for task in tasks.listed(db)]
    assert sorted(stored) == acknowledged, (len(stored), len(acknowledged))
    assert [event.task_id for event in events.find(db, limit=10_000)] == acknowledged
    try:
        maintenance.backup(path, disk / "copy.db")
    except ParheliaError as error:
        assert error.code in ("E507", "E101"), error
        assert not [each for each in disk.iterdir() if "copy" in each.name]
    else:
        raise SystemExit("a copy was made on a full disk")
    ballast.unlink()
    with writing(db) as tx:
        tasks.add(tx, make_task(f"t-{len(acknowledged):08d}"))
        events.append(tx, "task.created", "again", task_id=f"t-{len(acknowledged):08d}")
    acknowledged.append(f"t-{len(acknowledged):08d}")
    assert maintenance.check(path) == []
"""
    printed = run_on_small_disk(script, tmp_path / "disk", 4096).splitlines()
    assert printed == ["E507 SQLITE_FULL"] * 3


def test_errors_of_sqlite_and_their_codes(tmp_path: Path) -> None:
    def said(name: str) -> str:
        error = sqlite3.OperationalError("said")
        error.sqlite_errorname = name
        return translated(error).code

    assert said("SQLITE_BUSY_SNAPSHOT") == said("SQLITE_LOCKED") == "E504"
    assert said("SQLITE_FULL") == said("SQLITE_IOERR_WRITE") == "E507"
    assert said("SQLITE_CORRUPT") == said("SQLITE_NOTADB") == "E506"
    assert said("SQLITE_CANTOPEN") == said("SQLITE_READONLY") == "E500"
    assert translated(sqlite3.ProgrammingError("no name")).code == "E900"


def test_a_spending_is_stored_with_its_sum_or_not_at_all(
    db: sqlite3.Connection, task: Task, container: Container
) -> None:
    def spend(tokens: int) -> None:
        with writing(db) as tx:
            ledger.add(
                tx,
                task,
                container_id=container.id,
                spool_seq=1,
                at=1.0,
                model="m",
                input_tokens=tokens,
                output_tokens=0,
                cost_usd=None,
            )
            containers.update(tx, containers.get(tx, container.id), spool_offset=tokens)

    for wild in (-1, 2**62, 2**70):
        with pytest.raises(ValueError):
            spend(wild)
    assert containers.get(db, container.id).spool_offset == 0
    spend(5)
    assert ledger.spent(db).input_tokens == 5
