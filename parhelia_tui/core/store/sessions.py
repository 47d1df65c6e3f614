"""tmux sessions in the store."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from parhelia_tui.core.model.records import Container, Session
from parhelia_tui.core.model.states import SESSION_ENDED, SESSION_MOVES, SessionState, check_move
from parhelia_tui.core.store import rows
from parhelia_tui.core.store.changes import Value, change, insert, next_rev
from parhelia_tui.core.store.naming import NAMED, Kind, several

KIND = Kind("sessions", "s-", "session", "E200")

_ENDED = "state IN ('terminated', 'failed')"


def add(
    tx: sqlite3.Connection,
    session_id: str,
    name: str,
    container: Container,
    kind: str,
    command: str,
    at: float,
) -> Session:
    """Store a session that is about to be started.

    Args:
        kind: `main` for the agent's own terminal, `extra` for further ones.
        command: what runs in it, in words.
    """
    insert(
        tx,
        "sessions",
        {
            "id": session_id,
            "name": name,
            "container_id": container.id,
            "task_id": container.task_id,
            "kind": kind,
            "command": command,
            "state": SessionState.CREATED,
            "created_at": at,
            "rev": next_rev(tx),
            "owner_user": container.owner.user_id,
            "owner_session": container.owner.session_id,
            "owner_environment": container.id,
        },
    )
    return get(tx, session_id)


def find(db: sqlite3.Connection, session_id: str) -> Session | None:
    """Read one session, None when there is none."""
    row = db.execute("SELECT * FROM sessions WHERE id = ?", (session_id,)).fetchone()
    return rows.session(row) if row else None


def get(db: sqlite3.Connection, session_id: str) -> Session:
    """Read one session.

    Raises:
        ParheliaError: E200 when there is none.
    """
    found = find(db, session_id)
    if found is None:
        raise KIND.missing(session_id)
    return found


def resolve(db: sqlite3.Connection, text: str) -> Session:
    """Find a session by its id or name, or the main one of a task or container by that id.

    Living ones go before ended ones, newer before older.

    Raises:
        ParheliaError: E200 when there is none, E101 when several living ones have this name.
    """
    found = []
    # Names are ASCII, and half a character from the command line could not even be asked for.
    if text.isascii():
        found = db.execute(
            "SELECT * FROM sessions"
            " WHERE id = ? OR name = ? OR (kind = 'main' AND (task_id = ? OR container_id = ?))"
            f" ORDER BY {_ENDED}, created_at DESC LIMIT {NAMED}",
            (text, text, text, text),
        ).fetchall()
    if not found:
        raise KIND.missing(text)
    sessions = [rows.session(row) for row in found]
    # A name holds four digits of the id, so among some hundred tasks of one name two may be equal.
    same = [each.id for each in sessions if each.name == text and each.state not in SESSION_ENDED]
    if len(same) > 1:
        raise several(text, KIND.noun, same)
    return sessions[0]


def of_container(db: sqlite3.Connection, container_id: str) -> list[Session]:
    """Read the sessions of a container, oldest first."""
    found = db.execute(
        "SELECT * FROM sessions WHERE container_id = ? ORDER BY created_at, id", (container_id,)
    )
    return [rows.session(row) for row in found]


def listed(
    db: sqlite3.Connection,
    *,
    ended_too: bool,
    states: Sequence[SessionState] = (),
    container_id: str | None = None,
    limit: int | None = None,
) -> list[Session]:
    """Read sessions, newest first.

    Args:
        ended_too: also those that have ended; `states`, where given, say it instead.
    """
    tests = ["TRUE" if ended_too or states else f"NOT {_ENDED}"]
    if states:
        tests.append(f"state IN ({', '.join('?' * len(states))})")
    if container_id is not None:
        tests.append("container_id = ?")
    found = db.execute(
        f"SELECT * FROM sessions WHERE {' AND '.join(tests)} ORDER BY created_at DESC, id LIMIT ?",
        (*states, *([] if container_id is None else [container_id]), -1 if limit is None else limit),
    )
    return [rows.session(row) for row in found]


def changed_since(db: sqlite3.Connection, rev: int) -> list[Session]:
    """Read the sessions that changed after `rev`."""
    return [
        rows.session(row) for row in db.execute("SELECT * FROM sessions WHERE rev > ? ORDER BY rev", (rev,))
    ]


def unwanted(db: sqlite3.Connection) -> list[Session]:
    """Read the sessions that somebody wants to end and that have not ended."""
    return [
        rows.session(row)
        for row in db.execute(f"SELECT * FROM sessions WHERE wanted <> 'run' AND NOT {_ENDED}")
    ]


def move(tx: sqlite3.Connection, session: Session, to: SessionState, **columns: Value) -> Session:
    """Bring a session to another state, together with other columns.

    Raises:
        ParheliaError: E103 for a forbidden move, E104 when it changed since it was read.
    """
    check_move(SESSION_MOVES, f"session {session.name}", session.state, to)
    change(tx, "sessions", session.id, session.version, {"state": to, **columns})
    return get(tx, session.id)


def again(tx: sqlite3.Connection, session: Session, at: float) -> None:
    """Let a session be started after all whose container never was anywhere (`containers.again`)."""
    columns = {
        "state": SessionState.CREATED,
        "reason": "",
        "exit_code": None,
        "created_at": at,
        "finished_at": None,
    }
    change(tx, "sessions", session.id, session.version, columns)


def update(tx: sqlite3.Connection, session: Session, **columns: Value) -> Session:
    """Change columns of a session without a move.

    Raises:
        ParheliaError: E104 when it changed since it was read.
    """
    change(tx, "sessions", session.id, session.version, columns)
    return get(tx, session.id)
