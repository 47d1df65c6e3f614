"""How a path of this machine is named that a container is to show, and where inside it may be."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Mount
from parhelia_tui.core.model.text import LONE_SURROGATES, one_line

HOME = "/home/agent"
MOST = 32
"""Mounts of one task; each is one more line for whoever wants to know what its container sees."""

_SYSTEM = (
    *("bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "lost+found", "opt", "proc"),
    *("root", "run", "sbin", "sys", "tmp", "usr", "var", "workspace"),
)
# What its agent keeps there, and believes.
_OWN = (".claude", ".claude.json")
_MANNERS = {"ro": False, "rw": True}


def apart(words: Iterable[str]) -> dict[str, str]:
    """Take `HOST:INSIDE[:ro|:rw]` apart into what a table of mounts holds.

    Returns:
        For each place inside the path of this machine, with `:rw` behind it where it may be written.

    Raises:
        ParheliaError: E101 for what has no place inside, or for a place that stands twice.
    """
    found: dict[str, str] = {}
    for each in words:
        rest, colon, manner = each.rpartition(":")
        rest, manner = (rest, manner) if colon and manner in _MANNERS else (each, "")
        source, colon, target = rest.rpartition(":")
        if not colon or not source or not target:
            raise ParheliaError(
                "E101",
                f"{one_line(each, 200)!r} is no mount; write HOST:INSIDE, or HOST:INSIDE:rw to write there",
                recovery=("parhelia help mounts",),
            )
        if target in found:
            raise ParheliaError("E101", f"two mounts are to be at {one_line(target, 200)}")
        found[target] = f"{source}:{manner}" if manner else source
    return found


def source_of(given: str) -> tuple[str, bool]:
    """Give the path of this machine that a table of mounts names, and whether it may be written."""
    source, colon, manner = given.rpartition(":")
    return (source, _MANNERS[manner]) if colon and manner in _MANNERS else (given, False)


def checked(mounts: dict[str, str]) -> dict[str, str]:
    """Refuse what no container can show, as far as words tell.

    Raises:
        ValueError: with the reason.
    """
    if len(mounts) > MOST:
        raise ValueError(f"{len(mounts)} mounts are more than {MOST}")
    for target, given in mounts.items():
        source, _ = source_of(given)
        for path in (target, source):
            if "\0" in path or LONE_SURROGATES.search(path):
                raise ValueError(f"{one_line(path, 80)!r} is no name of a file")
        if not source.startswith(("/", "~/")):
            raise ValueError(
                f"{one_line(source, 80)!r} begins neither with / nor with ~/, so it depends on where one is"
            )
        if ".." in source.split("/"):
            raise ValueError(f"{one_line(source, 80)!r} holds .., so it is not plain what it is")
        if why := _fault(target):
            raise ValueError(f"nothing can be shown at {one_line(target, 80)!r}: {why}")
    for one, other in _pairs(sorted(mounts)):
        raise ValueError(f"{one_line(other, 80)!r} lies in {one_line(one, 80)!r}, which is a mount itself")
    return mounts


def _pairs(targets: Sequence[str]) -> Iterable[tuple[str, str]]:
    return ((one, other) for one in targets for other in targets if other.startswith(f"{one}/"))


def _fault(target: str) -> str:
    if not target.startswith("/") or target == "/":
        return "it has to be a path that begins with /, and not / itself"
    if target.startswith("//") or posixpath.normpath(target) != target or ".." in target.split("/"):
        return "it has to be written without .., . and a / too many"
    if target.startswith(f"{HOME}/"):
        name = target.removeprefix(f"{HOME}/")
        if any(name == own or name.startswith(f"{own}/") or own.startswith(f"{name}/") for own in _OWN):
            return "that is the agent's own"
        return ""
    first = target.split("/")[1]
    if first == "workspace":
        return "the workspace is there"
    if first in _SYSTEM:
        return (
            f"/{first} is the container's own; take a name of its own such as /storage, or one below {HOME}"
        )
    return ""


def as_text(mounts: Sequence[Mount]) -> str:
    """Write mounts for the store."""
    return json.dumps(
        [{"source": str(each.source), "target": each.target, "writable": each.writable} for each in mounts]
    )


def from_text(text: str) -> tuple[Mount, ...]:
    """Read what `as_text` wrote."""
    # Most rows hold none.
    if text == "[]":
        return ()
    return tuple(
        Mount(Path(each["source"]), str(each["target"]), bool(each["writable"])) for each in json.loads(text)
    )


def are_copies(mounts: Sequence[Mount]) -> bool:
    """Say whether copies do as well: nothing is to be written. A socket is always written."""
    return not any(each.writable for each in mounts)


def in_words(mount: Mount) -> str:
    """Say what of this machine a container shows, and where."""
    manner = "written" if mount.writable else "read-only"
    return f"{one_line(str(mount.source), 300)} at {one_line(mount.target, 200)}, {manner}"


def environment(mounts: Sequence[Mount]) -> Mapping[str, str]:
    """Say for a checkpoint what its container showed beside what was taken; nothing where that is nothing."""
    return {"not part of it": "; ".join(map(in_words, mounts))} if mounts else {}
