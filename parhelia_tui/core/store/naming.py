"""What a person calls a thing: its id, or a beginning of it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from parhelia_tui.core.model.errors import ParheliaError

NAMED = 6
"""How many of those that a word may mean are read, and named where there are several."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing.

    Args:
        table: where they are.
        prefix: with which their ids begin.
        noun: what one is called.
        code: of the error where there is none.
        also: a column by whose value one may be called as well.
    """

    table: str
    prefix: str
    noun: str
    code: str
    also: str = ""

    def missing(self, text: str) -> ParheliaError:
        """Give the error that there is no such thing."""
        return ParheliaError(self.code, f"there is no {self.noun} {text!r}")

    def id_of(self, db: sqlite3.Connection, text: str) -> str | None:
        """Find the id that a person means by an id, a beginning of one, with or without its prefix, or by `also`.

        Returns:
            None where there is nothing of this name.

        Raises:
            ParheliaError: E101 when several answer to it.
        """
        # Ids are ASCII, and half a character from the command line could not even be asked for.
        if not text or not text.isascii():
            return None
        if db.execute(f"SELECT 1 FROM {self.table} WHERE id = ?", (text,)).fetchone():
            return text
        begin = text if text.startswith(self.prefix) else f"{self.prefix}{text}"
        where, values = "(id >= ? AND id < ?)", [begin, begin + "\x7f"]
        if self.also:
            where += f" OR {self.also} = ?"
            values.append(text)
        found = db.execute(
            f"SELECT id FROM {self.table} WHERE {where} ORDER BY created_at DESC LIMIT {NAMED}", values
        ).fetchall()
        ids = [str(row[0]) for row in found]
        if len(ids) > 1:
            raise several(text, self.noun, ids)
        return ids[0] if ids else None


def several(text: str, noun: str, ids: list[str]) -> ParheliaError:
    """Give the error that a word may mean several things."""
    return ParheliaError("E101", f"{text!r} may be several {noun}s: {', '.join(ids)}", details={"ids": ids})
