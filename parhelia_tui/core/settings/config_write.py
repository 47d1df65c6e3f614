"""Setting one key in a configuration file of the user's; every other line of it stays as it is."""

from __future__ import annotations

import json
import os
import tempfile
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.config_environment import typed
from parhelia_tui.core.settings.config_layers import KeyPath, Layer, check, nested, shown, value_at
from parhelia_tui.core.settings.toml_files import read_text
from parhelia_tui.core.settings.toml_places import places


def read_value(key: str, text: str) -> Any:
    """Understand a value as it was typed: as text, else as TOML has it, else a word for yes or no.

    Raises:
        ParheliaError: E100 for what the key does not take.
    """
    path = tuple(key.split("."))
    value = typed(path, text)
    check(Layer("what was typed", nested(path, value), {path: "what was typed"}, code="E100"))
    return value


def set_key(file: Path, key: str, value: Any) -> None:
    """Set a key in a file, which is made if it is not there.

    Args:
        key: dotted.
        value: a text, a number, yes or no, or a list of such.

    Raises:
        ParheliaError: E700 where the file cannot be used or would be wrong with it, or has the key in a form that
            is for a person to change; E500 when it cannot be written.
    """
    path = tuple(key.split("."))
    before = read_text(file) or ""
    after = with_key(before, path, value, str(file))
    try:
        data = tomllib.loads(after)
    except tomllib.TOMLDecodeError:
        # A character that TOML does not take as it is.
        data = {}
    if value_at(data, path) != (list(value) if isinstance(value, tuple) else value):
        raise ParheliaError("E700", f"{file}: {shown(path)} cannot be set there; change it by hand")
    check(Layer(str(file), data, {each: f"{file}:{line}" for each, line in places(after).items()}))
    write_whole(file, after)


def with_key(text: str, path: KeyPath, value: Any, name: str) -> str:
    """Give a TOML document with one key set.

    Args:
        name: what the document is called in an error.

    Raises:
        ParheliaError: E700 where the document is none, or has the key in a form that is for a person to change.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ParheliaError("E700", f"{name}: no TOML: {error}") from None
    lines = text.split("\n")
    where = places(text)
    line = (
        f"{path[-1]} = {json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)}"
    )
    if value_at(data, path) is not None:
        first = where[path] - 1
        end = _end_of(lines, first, path[-1], f"{name}:{first + 1}")
        return "\n".join([*lines[:first], line, *lines[end:]])
    header = _header(lines, path[:-1])
    if header is not None:
        return "\n".join([*lines[: header + 1], line, *lines[header + 1 :]])
    gap = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{gap}{chr(10) if text else ''}[{'.'.join(path[:-1])}]\n{line}\n"


def _end_of(lines: list[str], first: int, key: str, place: str) -> int:
    """Find the line after a key and its value, which may go over several lines."""
    for end in range(first + 1, len(lines) + 1):
        with suppress(tomllib.TOMLDecodeError):
            if list(tomllib.loads("\n".join(lines[first:end]))) == [key]:
                return end
    raise ParheliaError("E700", f"{place}: {key!r} stands in a form that is for you to change")


def _header(lines: list[str], table: KeyPath) -> int | None:
    wanted = ".".join(table)
    for number, line in enumerate(lines):
        head = line.split("#")[0].strip()
        if head.startswith("[") and head.endswith("]") and head[1:-1].replace(" ", "") == wanted:
            return number
    return None


def write_whole(file: Path, text: str) -> None:
    """Write a file whole or not at all, also when the machine goes down; one that is a link stays one.

    Raises:
        ParheliaError: E500 when it cannot be written.
    """
    target = file.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            with suppress(FileNotFoundError):
                Path(draft).chmod(target.stat().st_mode & 0o777)
            Path(draft).replace(target)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ParheliaError("E500", f"{file} cannot be written: {error.strerror}") from error
