"""The numbered steps that bring a database to the present form: one file each, `NNNN_what.sql`.

A step is never changed once it has been released: a new need is a new file and a new line at the end.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

    Step = Callable[[Database], None]

APPLICATION_ID = 0x50415248
"""Marks a file as a store of Parhelia (sqlite.org/pragma.html, application_id): "PARH"."""


def _script(name: str) -> Step:
    """A step that is a file of SQL, read when it is applied."""

    def apply(db: Database) -> None:
        for statement in _statements(Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")):
            db.execute(statement)

    return apply


def _first(db: Database) -> None:
    _script("0001_first")(db)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.table("meta").insert({"key": "installation_id", "value": str(uuid.uuid4())})


def _statements(script: str) -> Iterator[str]:
    """Cut a script into statements; `executescript` would commit the transaction around it."""
    text = ""
    for line in script.splitlines(keepends=True):
        text += line
        if sqlite3.complete_statement(text):
            yield text
            text = ""


STEPS: tuple[Step, ...] = (
    _first,
    _script("0002_checkpoints"),
    _script("0003_approvals"),
    _script("0004_agent_states"),
    _script("0005_providers"),
    _script("0006_replies"),
    _script("0007_egress"),
    _script("0008_memories"),
    _script("0009_subscriptions"),
    _script("0015_groups"),
    _script("0016_trash"),
    _script("0017_mounts"),
    _script("0018_images"),
    _script("0019_drift"),
    _script("0020_gates"),
    _script("0021_making"),
    _script("0022_spares"),
)
"""Step n brings `PRAGMA user_version` from n to n + 1."""
