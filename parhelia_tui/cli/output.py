"""What commands print: text for people, one JSON envelope for programs."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any

import click

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError

BEGAN = time.monotonic()


@dataclasses.dataclass(slots=True)
class Manner:
    """How this one process speaks; set by options that every command has.

    Args:
        json: one JSON envelope in place of text.
        fields: what is kept of each record; everything when empty.
        debug: show where a defect happened.
        command: the command as it was typed, without its arguments.
    """

    json: bool = False
    fields: tuple[str, ...] = ()
    debug: bool = False
    command: str = ""


MANNER = Manner()


class Out:
    """Where one command's answer goes."""

    @property
    def json_wanted(self) -> bool:
        """Whether the answer is for a program."""
        return MANNER.json

    @cached_property
    def client(self) -> Client:
        """The door to the state directory that the environment names."""
        return Client.open()

    def answer(
        self,
        data: Any,
        text: str | Callable[[], str],
        *,
        next_actions: Sequence[str] = (),
        cost_usd: float | None = None,
        beside: Mapping[str, Any] | None = None,
    ) -> None:
        """Print the answer of a command.

        Args:
            data: for programs: records, lists and mappings of them, plain values.
            text: for people; a function where making it takes time that a program need not pay.
            next_actions: commands that may come next.
            cost_usd: what the thing that is shown has cost, where that is known.
            beside: for programs: what is no record of the data, by the name that it has in the envelope.
        """
        if MANNER.json:
            said = {
                "success": True,
                "data": selected(plain_data(data), MANNER.fields),
                "metadata": metadata(cost_usd),
                "next_actions": list(next_actions),
                **plain_data(beside or {}),
            }
            click.echo(json.dumps(said))
            return
        if MANNER.fields:
            from parhelia_tui.cli.tables import fields_table

            text = fields_table(selected(plain_data(data), MANNER.fields), MANNER.fields)
        words = text if isinstance(text, str) else text()
        if words:
            click.echo(words)

    def record(self, data: Any, text: str | Callable[[], str]) -> None:
        """Print one of many: a line for people, or one JSON object on a line.

        What follows something tells of records of several kinds, so a field that one does not have is null.
        """
        if MANNER.json or MANNER.fields:
            said = plain_data(data)
            said = {name: said.get(name) for name in MANNER.fields} if MANNER.fields else said
            if MANNER.json:
                text = json.dumps(said)
            else:
                from parhelia_tui.cli.tables import fields_line

                text = fields_line(said)
        click.echo(text if isinstance(text, str) else text())


def metadata(cost_usd: float | None = None) -> dict[str, Any]:
    """What stands beside every answer: when, how long it took, what it cost."""
    now = time.time()
    return {
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}Z",
        "duration_ms": round((time.monotonic() - BEGAN) * 1000, 1),
        "cost_usd": cost_usd,
    }


def selected(data: Any, fields: Sequence[str]) -> Any:
    """Keep some fields of a record, or of each record of a list.

    Raises:
        ParheliaError: E101 for a field that the records do not have.
    """
    if not fields:
        return data
    if isinstance(data, list):
        return [selected(each, fields) for each in data]
    if not isinstance(data, dict):
        return data
    for name in fields:
        if name not in data:
            raise ParheliaError(
                "E101",
                f"there is no field {name!r}; there are {', '.join(data)}",
                details={"fields": [*data]},
            )
    return {name: data[name] for name in fields}


def plain_data(value: Any) -> Any:
    """Records as plain values for JSON."""
    kind = type(value)
    # First and by identity: nearly everything in a long list is one of these.
    if kind in _PLAIN:
        return value
    names, values_of = _fields_of(kind)
    if names:
        # Asked here and not by a call for each: a list of a thousand has sixty thousand.
        return {
            name: each if type(each) in _PLAIN else plain_data(each)
            for name, each in zip(names, values_of(value), strict=True)
        }
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain_data(each) for key, each in value.items()}
    return [plain_data(each) for each in value] if isinstance(value, list | tuple) else str(value)


_PLAIN = frozenset((str, int, float, bool, type(None)))


_Fields = tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]
_FIELDS: dict[type, _Fields] = {}


def _fields_of(kind: type) -> _Fields:
    """The names of a record's fields, and what gives their values in one call; none of what is no record."""
    if kind not in _FIELDS:
        known = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()
        names = tuple(each.name for each in known)
        if len(names) > 1:
            _FIELDS[kind] = names, attrgetter(*names)
        else:
            _FIELDS[kind] = names, lambda value: tuple(getattr(value, name) for name in names)
    return _FIELDS[kind]


def plain_wanted() -> bool:
    """Whether neither colours nor anything that moves may be shown (no-color.org)."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def on_terminal(*descriptors: int) -> bool:
    """Whether all of these descriptors are a terminal; by default standard input and output."""
    return all(_is_terminal(each) for each in descriptors or (0, 1))


def _is_terminal(descriptor: int) -> bool:
    # Closed streams are None for Python, and their descriptors stand for nothing.
    stream = (sys.stdin, sys.stdout, sys.stderr)[descriptor]
    return stream is not None and not stream.closed and os.isatty(descriptor)


def confirmed(question: str, yes: bool) -> None:
    """Ask on a terminal; elsewhere, and with `--yes`, the command itself is the answer.

    Raises:
        click.Abort: the answer was no.
    """
    if not yes and on_terminal():
        click.confirm(question, abort=True, err=True)


def need_answer(yes: bool, command: str) -> None:
    """Refuse to begin where nobody can be asked and nothing was answered before.

    For what ends or removes things that nobody named: who wrote the command does not know what it will find,
    so the command itself is no answer.

    Args:
        command: what to type instead.

    Raises:
        ParheliaError: E102.
    """
    if not yes and not on_terminal():
        raise ParheliaError(
            "E102",
            "nobody can be asked here, as there is no terminal; -y (--yes) is the answer",
            recovery=(f"{command} --yes", f"{command} --dry-run"),
        )
