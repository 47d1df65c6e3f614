"""A task of its own from the checkpoint of another one."""

from __future__ import annotations

import dataclasses
import sqlite3
from pathlib import Path

from parhelia_tui.core.client.resuming import ResumingCheckpoints
from parhelia_tui.core.model.records import Owner
from parhelia_tui.core.model.states import CheckpointState, Trigger
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.store import checkpoints, containers, tasks
from parhelia_tui.core.store.connection import writing
from tests.support.store import make_task


def test_what_goes_on_from_a_part_of_a_group_is_no_part_of_it(db: sqlite3.Connection, tmp_path: Path) -> None:
    with writing(db) as tx:
        group = tasks.add(tx, make_task("t-00000001", parts=1))
        part = tasks.add(tx, make_task("t-00000002", parent_id=group.id, target="a.py"))
        container = containers.add(
            tx, "c-00000001", part, attempt=1, workspace=part.workspace, slot=1, at=1000.0
        )
        wanted = checkpoints.add(
            tx, "cp-0000001", part, container, Trigger.MANUAL, 1000.0, workspace=part.workspace
        )
    ready = dataclasses.replace(wanted, state=CheckpointState.READY, tree="ab" * 32)
    woken: list[bool] = []
    door = ResumingCheckpoints(
        Paths(tmp_path), Owner(), lambda: db, lambda: 2000.0, lambda: woken.append(True)
    )
    made = door.fork(ready)
    assert (made.parent_id, made.target, made.resume_from) == (None, "", wanted.id)
    assert [each.id for each in tasks.of_group(db, group.id)] == [part.id]
    assert woken == [True]
