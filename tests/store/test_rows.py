"""Rows become records by place, so the columns have to stand where the fields do."""

from __future__ import annotations

from dataclasses import fields

from parhelia_tui.core.model.records import Container, Limits, Owner, Task
from parhelia_tui.core.store import rows

OTHER_NAMES = {"pids": "process_count"}
"""Columns that are called otherwise than their field of a container."""


def names_of(record: type[Task] | type[Container]) -> list[str]:
    """The names of a record's fields, those of its parts in their place."""
    found: list[str] = []
    for each in fields(record):
        if each.name == "limits":
            found += [part.name for part in fields(Limits)]
        elif each.name == "owner":
            found += [f"owner_{part.name.rpartition('_')[0]}" for part in fields(Owner)]
        else:
            found.append(each.name)
    return found


def test_the_columns_of_a_task_stand_in_the_order_of_its_fields() -> None:
    assert rows.TASK_COLUMNS.split(", ") == names_of(Task)


def test_the_columns_of_a_container_stand_in_the_order_of_its_fields() -> None:
    names = names_of(Container)
    # The first of them is a limit.
    own = len(names) - 1 - names[::-1].index("pids")
    names[own] = OTHER_NAMES["pids"]
    assert rows.CONTAINER_COLUMNS.split(", ") == names
