"""Wishes to cancel beside the store: none that was said to be kept is lost, and none is acted on twice."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Owner
from parhelia_tui.core.store import kept_cancels, tasks
from parhelia_tui.core.store.connection import writing
from tests.support.store import make_task

WHO = Owner("somebody")


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A file that was laid out."""
    made = tmp_path / "cancel.kept"
    kept_cancels.lay_out(made)
    return made


def ids(kept: Path) -> list[str]:
    """The tasks whose wishes are kept."""
    return [each.task_id for each in kept_cancels.kept(kept)]


def test_a_kept_wish_comes_into_the_store_as_it_was_and_once(db: sqlite3.Connection, kept: Path) -> None:
    with writing(db) as tx:
        task, other = tasks.add(tx, make_task()), tasks.add(tx, make_task("t-00000002"))
    for _ in range(2):
        assert kept_cancels.keep(kept, task.id, "too slow", WHO, 1000.0)
    assert kept_cancels.keep(kept, "t-00000000", "there is none of that name", WHO, 1000.0)
    # A controller that begins meanwhile lays it out again.
    kept_cancels.lay_out(kept)
    assert ids(kept) == [task.id, "t-00000000"]
    kept_cancels.take(kept, db)
    kept_cancels.take(kept, db)
    seen = tasks.get(db, task.id)
    assert (seen.wanted, seen.reason, tasks.get(db, other.id).wanted) == ("cancel", "too slow", "run")
    told = db.execute("SELECT at, message, owner_user FROM events WHERE type = 'task.cancel_requested'")
    assert [tuple(row) for row in told] == [(1000.0, "too slow", "somebody")]
    assert ids(kept) == []
    assert kept.stat().st_blocks * 512 >= kept_cancels.PLACE


def test_wishes_stay_where_they_are_while_the_store_has_no_room(
    db: sqlite3.Connection, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(db) as tx:
        task = tasks.add(tx, make_task())
    kept_cancels.keep(kept, task.id, "", WHO, 1000.0)

    def full(*_: object, **__: object) -> None:
        raise ParheliaError("E507", "the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(tasks, "update", full)
        with pytest.raises(ParheliaError, match="E507"):
            kept_cancels.take(kept, db)
    assert ids(kept) == [task.id]


def test_what_was_written_by_half_spoils_no_other_wish(kept: Path) -> None:
    assert kept_cancels.keep(kept, "t-00000001", "", WHO, 1.0)
    with kept.open("r+b") as file:
        file.seek(len(kept.read_bytes().rstrip(b"\0")))
        file.write(b'\n{"task_id": "t-0000')
    assert kept_cancels.keep(kept, "t-00000003", "", WHO, 3.0)
    assert ids(kept) == ["t-00000001", "t-00000003"]


def test_what_finds_no_place_is_not_said_to_be_kept(kept: Path, tmp_path: Path) -> None:
    fits = 0
    while kept_cancels.keep(kept, f"t-{fits:08x}", "a reason " * 50, WHO, 1.0):
        fits += 1
    assert len(ids(kept)) == fits > 300
    assert kept.stat().st_size == kept_cancels.PLACE
    assert not kept_cancels.keep(tmp_path / "nothing was laid out", "t-00000001", "", WHO, 1.0)
    assert kept_cancels.kept(tmp_path / "nothing was laid out") == []
