"""Reading the tasks of a batch file, with the place of each."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parhelia_tui.cli.options import standard_input
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.request import MERGED
from parhelia_tui.core.model.text import one_line

Entries = list[tuple[str, dict[str, Any]]]
RECOVERY = ("parhelia help batch", "parhelia examples batch")
FORMS = {".toml": "toml", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl"}


def read_entries(source: str, form: str | None) -> Entries:
    """Read the entries of a batch.

    Args:
        source: a path, or - for standard input.
        form: jsonl, json or toml; by the name's ending where it is not given, else jsonl.

    Returns:
        For each task where it stands, for messages, and its fields.

    Raises:
        ParheliaError: E100 with every fault when it cannot be read as what it is, or holds no task.
    """
    name = "standard input" if source == "-" else one_line(source, 400)
    text = standard_input() if source == "-" else _text(source, name)
    form = form or FORMS.get(Path(source).suffix.lower(), "jsonl")
    # An array is nothing that a line of JSONL could begin with.
    if form == "jsonl" and text.lstrip().startswith("["):
        form = "json"
    entries = {"toml": _toml, "json": _json, "jsonl": _json_lines}[form](name, text.removeprefix("\ufeff"))
    if not entries:
        raise refused([f"{name} holds no task"])
    return entries


def refused(faults: list[str], ways: tuple[str, ...] = ()) -> ParheliaError:
    """The error that names every fault of a batch.

    Args:
        ways: commands that may help, before those that always do.
    """
    said = f"{'; '.join(faults)}; no task was started"
    return ParheliaError("E100", said, details={"faults": faults}, recovery=(*ways, *RECOVERY))


def _text(source: str, name: str) -> str:
    try:
        return Path(source).read_bytes().decode()
    except UnicodeDecodeError as error:
        raise refused([f"{name} is not UTF-8 text, at byte {error.start + 1}"]) from None
    except (OSError, ValueError) as error:
        raise refused([f"{name} cannot be read: {getattr(error, 'strerror', None) or error}"]) from error


def _json_lines(name: str, text: str) -> Entries:
    entries: Entries = []
    faults: list[str] = []
    # Not splitlines: a line separator of Unicode may stand inside a JSON string.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line, object_pairs_hook=_each_key_once)
            entries.append((f"{name}:{number}", _object(value)))
        except json.JSONDecodeError as error:
            # Its own line is always the first.
            faults.append(f"{name}:{number}: {error.msg.removesuffix(' at')} at column {error.colno}")
        except (ValueError, RecursionError) as error:
            faults.append(f"{name}:{number}: {_said(error)}")
    if faults:
        raise refused(faults)
    return entries


def _json(name: str, text: str) -> Entries:
    try:
        values = json.loads(text, object_pairs_hook=_each_key_once)
        if isinstance(values, dict):
            values = [values]
        if not isinstance(values, list):
            raise ValueError("a batch is a list of objects")
    except (ValueError, RecursionError) as error:
        raise refused([f"{name}: {_said(error)}"]) from None
    entries: Entries = []
    faults: list[str] = []
    for number, value in enumerate(values, 1):
        try:
            entries.append((f"{name}, task {number}", _object(value)))
        except ValueError as error:
            faults.append(f"{name}, task {number}: {error}")
    if faults:
        raise refused(faults)
    return entries


def _toml(name: str, text: str) -> Entries:
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise refused([f"{name}: {_said(error)}"]) from None
    given, defaults = data.pop("task", []), data.pop("defaults", {})
    if data:
        raise refused(
            [f"{name}: unknown {', '.join(data)}; a batch holds [[task]] tables and at most [defaults]"]
        )
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise refused([f"{name}: the tasks are [[task]] tables"])
    if not isinstance(defaults, dict):
        raise refused([f"{name}: [defaults] is a table"])
    return [(f"{name}, task {number}", laid_over(defaults, each)) for number, each in enumerate(given, 1)]


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """One task's fields over defaults; tables in it merge by key, None says nothing."""
    fields = dict(below)
    for key, value in above.items():
        under = fields.get(key)
        if key in MERGED and isinstance(value, Mapping) and isinstance(under, Mapping):
            fields[key] = {**under, **{inner: each for inner, each in value.items() if each is not None}}
        elif value is not None:
            fields[key] = value
    return fields


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("a task is one JSON object")
    return value


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"{', '.join(twice)} stands twice")
    return found


def _said(error: Exception) -> str:
    return "it lies too deep in itself" if isinstance(error, RecursionError) else one_line(str(error), 300)
