"""The tables of moves, and the catalogue of errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from parhelia_tui.core.model.errors import CATALOGUE, Exit, ParheliaError
from parhelia_tui.core.model.states import (
    CONTAINER_ENDED,
    CONTAINER_LIVE,
    CONTAINER_MOVES,
    SESSION_ENDED,
    SESSION_MOVES,
    TASK_ALIVE,
    TASK_ENDED,
    TASK_MOVES,
    ContainerState,
    SessionState,
    TaskState,
    check_move,
)

TABLES: list[tuple[type[StrEnum], Mapping[Any, frozenset[Any]]]] = [
    (TaskState, TASK_MOVES),
    (ContainerState, CONTAINER_MOVES),
    (SessionState, SESSION_MOVES),
]


@pytest.mark.parametrize(("states", "moves"), TABLES)
def test_every_state_has_its_moves_and_none_moves_to_itself(
    states: type[StrEnum], moves: Mapping[Any, frozenset[Any]]
) -> None:
    assert set(moves) == set(states)
    for old, allowed in moves.items():
        assert old not in allowed
        assert allowed <= set(states)


@pytest.mark.parametrize(("states", "moves"), TABLES)
def test_everything_can_end(states: type[StrEnum], moves: Mapping[Any, frozenset[Any]]) -> None:
    ends = TASK_ENDED | CONTAINER_ENDED | SESSION_ENDED
    for state in states:
        reached, edge = {state}, {state}
        while edge:
            edge = {new for old in edge for new in moves[old]} - reached
            reached |= edge
        assert reached & ends, state


def test_the_sets_part_the_states() -> None:
    assert set(ContainerState) == CONTAINER_ENDED | CONTAINER_LIVE
    assert not CONTAINER_ENDED & CONTAINER_LIVE
    assert not TASK_ENDED & TASK_ALIVE
    assert set(TaskState) - TASK_ENDED - TASK_ALIVE == {TaskState.PENDING, TaskState.NEEDS_REVIEW}


def test_an_ended_task_can_only_be_tried_again() -> None:
    for state in TASK_ENDED:
        assert TASK_MOVES[state] == {TaskState.PENDING}


def test_a_forbidden_move_says_what_is_allowed() -> None:
    with pytest.raises(ParheliaError) as caught:
        check_move(TASK_MOVES, "task t-1", TaskState.COMPLETED, TaskState.RUNNING)
    assert str(caught.value) == "E103: task t-1 is completed and cannot become running"
    assert caught.value.details == {"from": "completed", "to": "running", "allowed": "pending"}
    with pytest.raises(ParheliaError) as caught:
        check_move(SESSION_MOVES, "session s", SessionState.FAILED, SessionState.RUNNING)
    assert caught.value.details["allowed"] == "none, it has ended"


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_error_has_a_meaning_and_ways_out(code: str) -> None:
    entry = CATALOGUE[code]
    assert re.fullmatch(r"E[1-9]\d\d", code)
    assert re.fullmatch(r"[A-Z]+(_[A-Z]+)*", entry.name)
    assert entry.meaning.endswith(".")
    assert 1 <= len(entry.recovery) <= 4
    assert entry.exit is not Exit.OK
    error = ParheliaError(code, "it happened", details={"a": 1})
    assert (str(error), error.exit, error.recovery) == (f"{code}: it happened", entry.exit, entry.recovery)
    assert ParheliaError(code, "x", recovery=["ls"]).recovery == ("ls",)


def test_names_of_errors_are_told_apart() -> None:
    assert len({entry.name for entry in CATALOGUE.values()}) == len(CATALOGUE)


def test_codes_that_users_know_from_before() -> None:
    exits = {"E103": 6, "E300": 4, "E400": 3, "E401": 5, "E500": 8, "E501": 9, "E100": 2, "E201": 1}
    assert {code: int(CATALOGUE[code].exit) for code in exits} == exits
