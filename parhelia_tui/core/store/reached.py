"""Which hosts containers called, and which they were denied."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from parhelia_tui.core.model.records import Container

MOST_HOSTS = 500
"""Hosts of one container that are remembered; a program can think up any number."""


@dataclass(frozen=True, slots=True)
class Reached:
    """One host of one container: how often it was called and denied, and when last (epoch seconds)."""

    host: str
    called: int
    denied: int
    last_at: float


def count(
    tx: sqlite3.Connection, container: Container, host: str, at: float, *, denied: bool, times: int = 1
) -> bool:
    """Count calls, or denials.

    Returns:
        True when it is the first of this host and kind.
    """
    column = "denied" if denied else "called"
    row = tx.execute(
        "SELECT called, denied FROM reached WHERE container_id = ? AND host = ?", (container.id, host)
    ).fetchone()
    if row is None:
        known = tx.execute("SELECT count(*) FROM reached WHERE container_id = ?", (container.id,)).fetchone()[
            0
        ]
        if known >= MOST_HOSTS:
            return False
    tx.execute(
        f"INSERT INTO reached (container_id, host, {column}, last_at, owner_user, owner_session,"
        " owner_environment) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (container_id, host) DO UPDATE SET"
        f" {column} = {column} + excluded.{column}, last_at = excluded.last_at",
        (container.id, host, times, at, container.owner.user_id, container.owner.session_id, container.id),
    )
    return row is None or row[column] == 0


def of_container(db: sqlite3.Connection, container_id: str) -> list[Reached]:
    """Read the hosts of a container, the last one first."""
    return [
        Reached(*row)
        for row in db.execute(
            "SELECT host, called, denied, last_at FROM reached WHERE container_id = ?"
            " ORDER BY last_at DESC, host",
            (container_id,),
        )
    ]
