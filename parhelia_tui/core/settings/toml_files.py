"""Reading a file of TOML with the place of each key; without pydantic, as one is read before the first frame."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.toml_places import Path as KeyPath
from parhelia_tui.core.settings.toml_places import places

SIZE_LIMIT = 1 << 20
"""Largest file, in bytes. Ours have some hundred; a project's file may be anything."""


def read_toml(path: Path) -> tuple[dict[str, Any], dict[KeyPath, str]] | None:
    """Read a file; None when it does not exist.

    Returns:
        Its tables and values, and "FILE:LINE" of each key.

    Raises:
        ParheliaError: E700 when it is there and cannot be read, is no text or no TOML.
    """
    text = read_text(path)
    if text is None:
        return None
    name = str(path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(name, text, str(error)) from None
    except RecursionError:
        raise ParheliaError("E700", f"{one_line(name, 1000)}: tables lie too deep in each other") from None
    return data, {key: f"{name}:{line}" for key, line in places(text).items()}


def read_text(path: Path) -> str | None:
    """Read the text of a file; None when it does not exist. Raises E700 for what is no file or no text."""
    name = one_line(str(path), 1000)
    try:
        # Not waiting, for a name that is a pipe; what is no plain file is then refused.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ParheliaError("E700", f"{name}: is not a file")
            # Of a plain file one read gives all that was asked for.
            raw = os.read(descriptor, SIZE_LIMIT + 1)
        finally:
            os.close(descriptor)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ParheliaError("E700", f"{name}: cannot be read: {error.strerror}") from error
    if len(raw) > SIZE_LIMIT:
        raise ParheliaError("E700", f"{name}: is larger than {SIZE_LIMIT} bytes")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ParheliaError(
            "E700", f"{name}:{line}: is not UTF-8", details={"file": name, "line": line}
        ) from None


def placed_error(place: str, sentence: str, about: str, code: str = "E700") -> ParheliaError:
    """Make the error about something at a place.

    Args:
        place: "FILE:LINE", or a name alone.
        about: the key that it is about, with dots.
    """
    file, _, line = place.rpartition(":")
    details: dict[str, object] = {"key": about, "place": one_line(place, 1000)}
    if file and line.isdigit():
        details |= {"file": one_line(file, 1000), "line": int(line)}
    return ParheliaError(code, f"{one_line(place, 1000)}: {sentence}", details=details)


def _syntax_error(name: str, text: str, said: str) -> ParheliaError:
    """Move the place, which tomllib tells in its sentence, to the front."""
    found = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", said)
    what = said[: found.start()] if found else said
    line, column = text.count("\n") + 1, len(text.rpartition("\n")[2]) + 1
    if found and found.group(1):
        line, column = int(found.group(1)), int(found.group(2))
    safe = one_line(name, 1000)
    return ParheliaError(
        "E700",
        f"{safe}:{line}:{column}: no TOML: {one_line(what, 200)}",
        details={"file": safe, "line": line, "column": column},
    )
