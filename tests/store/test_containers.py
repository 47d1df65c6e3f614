"""Containers, their numbers and their heartbeats."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.model.states import CONTAINER_LIVE, ContainerState, Health
from parhelia_tui.core.store import containers
from parhelia_tui.core.store.connection import writing
from tests.support.store import finish_together, start


def add(db: sqlite3.Connection, task: Task, container_id: str, slot: int, workspace: str = "/w") -> Container:
    with writing(db) as tx:
        return containers.add(tx, container_id, task, attempt=1, workspace=workspace, slot=slot, at=1.0)


def test_a_container_comes_back_as_it_was_stored(container: Container) -> None:
    assert (container.state, container.wanted, container.health) == ("creating", "run", Health.UNKNOWN)
    assert container.owner.environment_id == container.id


def test_numbers_are_the_smallest_that_are_free(db: sqlite3.Connection, task: Task) -> None:
    one, two = add(db, task, "c-1", 1), add(db, task, "c-2", 2)
    add(db, task, "c-4", 4)
    with writing(db) as tx:
        assert containers.free_slot(tx, "/w") == 3
        assert containers.free_slot(tx, "/another") == 1
        containers.move(tx, one, ContainerState.FAILED)
        assert containers.free_slot(tx, "/w") == 1
        assert containers.slot_holder(tx, "/w", 1) is None
        assert containers.slot_holder(tx, "/w", 2) == two.id


@pytest.mark.parametrize("state", sorted(CONTAINER_LIVE))
def test_two_live_containers_never_share_a_number(
    db: sqlite3.Connection, task: Task, state: ContainerState
) -> None:
    add(db, task, "c-1", 1)
    db.execute("UPDATE containers SET state = ?", (state,))
    with pytest.raises(ParheliaError):
        add(db, task, "c-2", 1)
    add(db, task, "c-3", 1, workspace="/another")


HAND_OUT = """
import sys
from pathlib import Path
from parhelia_tui.core.store import containers, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
db = open_migrated(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(10):
    with writing(db) as tx:
        task = tasks.get(tx, "t-00000001")
        slot = containers.free_slot(tx, "/w")
        containers.add(tx, f"c-{sys.argv[2]}-{number}", task, attempt=1, workspace="/w", slot=slot, at=1.0)
"""


@pytest.mark.real
def test_numbers_are_unique_when_four_processes_hand_them_out(
    path: Any, db: sqlite3.Connection, task: Task
) -> None:
    finish_together([start(HAND_OUT, path, str(number)) for number in range(4)])
    assert sorted(each.slot for each in containers.live(db)) == list(range(1, 41))


def test_a_container_that_comes_back_gets_its_number_or_a_free_one(
    db: sqlite3.Connection, task: Task
) -> None:
    first = add(db, task, "c-1", 1)
    with writing(db) as tx:
        lost = containers.move(tx, first, ContainerState.LOST)
        back = containers.move(tx, lost, ContainerState.RUNNING)
        assert back.slot == 1
        lost = containers.move(tx, back, ContainerState.LOST)
    add(db, task, "c-2", 1)
    with writing(db) as tx:
        back = containers.move(tx, lost, ContainerState.RUNNING)
    assert back.slot == 2


def test_finding_by_id_and_beginning(db: sqlite3.Connection, task: Task) -> None:
    add(db, task, "c-aaaa1111", 1)
    add(db, task, "c-aaaa2222", 2)
    assert containers.resolve(db, "c-aaaa1111").id == containers.resolve(db, "aaaa1").id == "c-aaaa1111"
    with pytest.raises(ParheliaError, match=r"E101.*c-aaaa1111, c-aaaa2222"):
        containers.resolve(db, "aaaa")
    for text in ("", "b", "%", "\udcff", "\0", "t-aaaa"):
        with pytest.raises(ParheliaError, match="E203"):
            containers.resolve(db, text)


def beats(*numbers: int, at: float = 0.0) -> list[dict[str, Any]]:
    return [{"seq": number, "at": at + number, "cpu_percent": 1.5, "uptime_s": 1.0} for number in numbers]


def test_a_heartbeat_that_is_read_twice_is_stored_once(db: sqlite3.Connection, container: Container) -> None:
    with writing(db) as tx:
        containers.add_heartbeats(tx, container.id, beats(1, 2, 3))
        containers.add_heartbeats(tx, container.id, beats(2, 3, 4, at=50.0))
    found = containers.heartbeats(db, container.id, 10)
    assert [(beat.seq, beat.at) for beat in found] == [(1, 1.0), (2, 2.0), (3, 3.0), (4, 54.0)]
    assert [beat.seq for beat in containers.heartbeats(db, container.id, 2)] == [3, 4]
    assert [beat.seq for beat in containers.heartbeats_since(db, container.id, 2)] == [3, 4]
    assert containers.heartbeats(db, "c-other", 10) == []


def test_a_heartbeat_of_a_wrong_form_is_no_silence(db: sqlite3.Connection, container: Container) -> None:
    with pytest.raises(ParheliaError), writing(db) as tx:
        containers.add_heartbeats(tx, container.id, [*beats(1), {"seq": 2, "at": None}])
    assert containers.heartbeats(db, container.id, 10) == []


def test_old_heartbeats_go_in_pieces(db: sqlite3.Connection, container: Container) -> None:
    with writing(db) as tx:
        containers.add_heartbeats(tx, container.id, beats(*range(1, 26)))
    gone: list[int] = []
    while not gone or gone[-1]:
        with writing(db) as tx:
            gone.append(containers.remove_heartbeats_before(tx, 23.0, 10))
    assert gone == [10, 10, 2, 0]
    assert [beat.seq for beat in containers.heartbeats(db, container.id, 99)] == [23, 24, 25]


def test_lists(db: sqlite3.Connection, task: Task) -> None:
    for number in (1, 2, 3):
        with writing(db) as tx:
            containers.add(
                tx, f"c-{number}", task, attempt=number, workspace="/w", slot=number, at=float(number)
            )
    with writing(db) as tx:
        containers.move(tx, containers.get(tx, "c-2"), ContainerState.STOPPED)
    assert [each.id for each in containers.live(db)] == ["c-1", "c-3"]
    assert [each.id for each in containers.listed(db)] == ["c-3", "c-2", "c-1"]
    assert [each.id for each in containers.listed(db, states=(ContainerState.STOPPED,))] == ["c-2"]
    assert [each.id for each in containers.listed(db, limit=1)] == ["c-3"]
    assert [each.id for each in containers.of_task(db, task.id)] == ["c-1", "c-2", "c-3"]
