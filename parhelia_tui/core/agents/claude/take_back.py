"""What was changed inside a container in the configuration that had gone along, and what of it a person may take back.

The container is hostile: its files are read without following a link, and what cannot be seen whole in a diff is not
taken. What runs programs or says what may run (hooks, MCP servers, permissions, environment) is listed and never
taken; a text that can make its reader run something is told of as that.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from parhelia_tui.core.agents import home as homes
from parhelia_tui.core.agents.claude import filters
from parhelia_tui.core.agents.claude.carry import FILE_BYTES, MOST_FILES, TEXTS, manifest
from parhelia_tui.core.model.comparing import STEPS, too_long
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.redaction import HIDDEN, redacted
from parhelia_tui.core.model.text import one_line, plain

SETTINGS = "settings.json"
_RUNS = re.compile(r"(?m)^\s*(hooks|mcpServers|mcp-servers|allowed-tools|tools|permissionMode)\s*:|!`|^#!")
MOST_NAMES = 5000
"""Names below one of the kinds that go along that are looked at."""
COMPARED = STEPS // 50
"""Steps of the comparison of one text, a fiftieth of a second: there may be hundreds, and all are looked at."""
DEEPEST = 8
"""Directories in each other that are looked into."""
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is other inside than what had gone along.

    Args:
        name: as it is called below `~/.claude`; of a setting `settings.json: NAME`.
        diff: lines, from what the user has to what would be written; safe to show.
        why_not: why it is not taken; empty where it can be.
        warning: what it may lead to; empty for nothing.
        data: what would be written; of a setting its value as JSON.
    """

    name: str
    diff: tuple[str, ...] = ()
    why_not: str = ""
    warning: str = ""
    data: bytes = b""


def changes(home: Path, project: Path, container_home: Path) -> list[Change]:
    """Compare a container's home with what of the user's configuration goes along.

    Args:
        home: of the user.
        project: the task's workspace on this machine.
        container_home: on this machine; nothing in it is trusted.
    """
    went = manifest(home, project, homes.INSIDE)
    back = ((f"{homes.INSIDE}/.claude", str(home / ".claude")), ("/workspace", str(project)))
    found: list[Change] = []
    for name, data in _inside(container_home):
        if data == went.files.get(name):
            continue
        if name == SETTINGS:
            found += _settings(data, went.files.get(name, b"{}"))
        else:
            found.append(_text(home / ".claude", name, data, back))
    return found


def take(home: Path, change: Change) -> None:
    """Write one change that was shown into the user's configuration; that very content, not what is there by now.

    Raises:
        ParheliaError: E101 when it is none that can be taken, E507, E602 when it cannot be written.
    """
    own = home / ".claude"
    why_not = change.why_not or _linked(own, change.name.partition(":")[0])
    if why_not:
        raise ParheliaError("E101", f"{one_line(change.name, 100)} is not taken: {why_not}")
    if change.name.startswith(f"{SETTINGS}: "):
        path = own / SETTINGS
        known = _own_settings(path)
        known[change.name.partition(": ")[2]] = json.loads(change.data)
        homes.put(own, SETTINGS, json.dumps(known, indent=2) + "\n")
    else:
        homes.put(own, change.name, change.data)


def _own_settings(path: Path) -> dict[str, Any]:
    """Read the user's own settings. Raises E101 where they cannot be understood, and so not be kept."""
    try:
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (OSError, ValueError, RecursionError):
        known = None
    if not isinstance(known, dict):
        raise ParheliaError(
            "E101", f"{one_line(str(path), 200)} is no JSON object; nothing was written to it"
        )
    return known


def _text(own: Path, name: str, data: bytes, back: tuple[tuple[str, str], ...]) -> Change:
    if _linked(own, name):
        return Change(name, why_not=_linked(own, name))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return Change(name, why_not="it is no text")
    if plain(text) != text or plain(name) != name:
        return Change(one_line(name, 200), why_not="it holds characters that cannot be seen")
    if redacted(text) != text or HIDDEN in text:
        return Change(
            name, why_not="it holds a key, or had one that stayed behind; change your own file by hand"
        )
    text = filters.rewritten(text, back)
    path = own / name
    before = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    if before == text:
        return Change(name, why_not="yours is the same already")
    lines, others = before.splitlines(), text.splitlines()
    if too_long(lines, others, COMPARED):
        return Change(name, why_not="it is too different to be compared; change your own file by hand")
    diff = difflib.unified_diff(lines, others, name, f"{name} (inside)", lineterm="")
    shown = tuple(plain(redacted(line)) for line in diff)
    warning = (
        "it may make its reader run something"
        if _RUNS.search(text) or name.endswith((".sh", ".py", ".js"))
        else ""
    )
    return Change(name, shown, warning=warning, data=text.encode())


def _settings(data: bytes, went: bytes) -> Iterator[Change]:
    try:
        inside, known = json.loads(data), json.loads(went)
    except (ValueError, RecursionError):
        inside = None
    if not isinstance(inside, dict):
        yield Change(SETTINGS, why_not="it is no JSON any more")
        return
    for key, value in inside.items():
        name = f"{SETTINGS}: {one_line(str(key), 80)}"
        if value == known.get(key):
            continue
        if key not in filters.KEPT or not _is_simple(value):
            yield Change(
                name, why_not="it runs programs, or says what may run; change your own settings by hand"
            )
            continue
        said = json.dumps(value)
        yield Change(name, (f"- {json.dumps(known.get(key))}", f"+ {said}"), data=said.encode())


def _is_simple(value: Any) -> bool:
    text = value if isinstance(value, str) else ""
    return isinstance(value, str | bool | int) and len(text) <= 200 and plain(redacted(text)) == text


def _linked(own: Path, name: str) -> str:
    """Why a name is left alone: the user keeps it behind a link, which may lead to where a container writes."""
    place = own
    for part in name.split("/"):
        place = place / part
        if place.is_symlink():
            return f"your own {one_line(str(place), 200)} is a link; change what it leads to by hand"
    return ""


def _inside(home: Path) -> Iterator[tuple[str, bytes]]:
    """Read what lies there of the kinds that go along: ordinary files, through ordinary directories alone."""
    try:
        top = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        own = os.open(".claude", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=top)
    except OSError:
        os.close(top)
        return
    try:
        seen = 0
        for name in (SETTINGS, *TEXTS):
            for path, data in _below(own, name):
                yield path, data
                seen += 1
                if seen >= MOST_FILES:
                    return
    finally:
        os.close(own)
        os.close(top)


def _below(own: int, name: str) -> Iterator[tuple[str, bytes]]:
    data = _read(name, own)
    if data is not None:
        yield name, data
        return
    try:
        if not stat.S_ISDIR(os.stat(name, dir_fd=own, follow_symlinks=False).st_mode):
            return
    except OSError:
        return
    yield from _Below().files(own, name, DEEPEST)


class _Below:
    """Reads the files below a directory; a container can make names faster than anybody can look at them."""

    def __init__(self) -> None:
        self._left = MOST_NAMES

    def files(self, above: int, path: str, levels: int) -> Iterator[tuple[str, bytes]]:
        """Give each file with its path, directories in each other so many levels deep."""
        try:
            opened = os.open(path.rpartition("/")[2], _FLAGS | os.O_DIRECTORY, dir_fd=above)
        except OSError:
            return
        try:
            with os.scandir(opened) as found:
                entries = sorted(islice(found, self._left), key=lambda each: each.name)
            self._left -= len(entries)
            for each in entries:
                if each.is_dir(follow_symlinks=False):
                    if levels > 1:
                        yield from self.files(opened, f"{path}/{each.name}", levels - 1)
                elif (data := _read(each.name, opened)) is not None:
                    yield f"{path}/{each.name}", data
        except OSError:
            # What vanishes while it is looked at is not there.
            return
        finally:
            os.close(opened)


def _read(name: str, directory: int) -> bytes | None:
    """A file of ordinary size; None for everything else."""
    try:
        descriptor = os.open(name, _FLAGS, dir_fd=directory)
    except OSError:
        return None
    try:
        seen = os.fstat(descriptor)
        if not stat.S_ISREG(seen.st_mode) or seen.st_size > FILE_BYTES:
            return None
        data = b""
        while piece := os.read(descriptor, FILE_BYTES):
            data += piece
            if len(data) > FILE_BYTES:
                # It grows while it is read.
                return None
        return data
    finally:
        os.close(descriptor)
