"""One directory as an object of the store: columns, because 60,000 entries are read and written at once.

Layout, little-endian: `PM1\\0`, entries (u32), bytes of all names (u32); names joined by NUL, ascending; modes (u32
each), mtimes (s64, ns), sizes (u64), uids (u32), gids (u32), contents (32 bytes each); the rest is JSON for what
few entries have: `targets` of symbolic links, `links` (the same number on entries that are one file), `xattrs`
(base64), `chunked` (content names a list of pieces, see `pieces.py`), and `skipped` (what was there, is no part of a
checkpoint and why). Numbers of entries are keys as decimal text.
"""

from __future__ import annotations

import json
import os
import stat
import struct
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter, ge
from types import MappingProxyType
from typing import Any

from parhelia_tui.core.checkpoints.coding import DIGEST, damaged

_MAGIC = b"PM1\0"
_HEAD = struct.Struct("<4sII")
_CONTENT = struct.Struct(f"{DIGEST}s")
_KINDS = (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)
_NAME_MAX = 255
_name = attrgetter("name")
_FIXED = 4 + 8 + 8 + 4 + 4
"""Bytes of an entry before its content."""


NO_XATTRS: Mapping[str, bytes] = MappingProxyType({})


@dataclass(slots=True)
class Entry:
    """One name in a directory.

    Attributes:
        name: as `os.fsdecode` gives it.
        mode: type and permissions, as in st_mode.
        mtime: in nanoseconds.
        size: in bytes; 0 for a directory.
        content: what a file holds or a directory lists; `NOTHING` for a symbolic link and an empty file.
        target: where a symbolic link points.
        link: the same number on names of one file; None for a file with one name.
        xattrs: `user.` attributes.
        chunked: `content` names a list of pieces.
    """

    name: str
    mode: int
    mtime: int
    size: int
    uid: int
    gid: int
    content: bytes
    target: str | None = None
    link: int | None = None
    xattrs: Mapping[str, bytes] = field(default_factory=dict)
    chunked: bool = False

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)

    @property
    def is_symlink(self) -> bool:
        return stat.S_ISLNK(self.mode)


def encode(entries: Sequence[Entry], skipped: Mapping[str, str]) -> bytes:
    """Write a directory.

    Args:
        entries: in any order.
        skipped: name and reason of what is no part of the checkpoint.
    """
    ordered = sorted(entries, key=_name)
    joined = "\0".join([each.name for each in ordered])
    if joined.isascii():
        # Then letters are in the order of their bytes: a third of the time of fsencode for every name.
        names = joined.encode()
    else:
        ordered.sort(key=_name_bytes)
        names = b"\0".join(map(_name_bytes, ordered))
    count = len(ordered)
    extras: dict[str, Any] = {}
    if skipped:
        extras["skipped"] = dict(sorted(skipped.items()))
    for number, each in enumerate(ordered):
        if each.target is not None:
            extras.setdefault("targets", {})[number] = each.target
        if each.link is not None:
            extras.setdefault("links", {})[number] = each.link
        if each.xattrs:
            coded = {key: b64encode(value).decode() for key, value in sorted(each.xattrs.items())}
            extras.setdefault("xattrs", {})[number] = coded
        if each.chunked:
            extras.setdefault("chunked", []).append(number)
    return b"".join(
        (
            _HEAD.pack(_MAGIC, count, len(names)),
            names,
            struct.pack(f"<{count}I", *[each.mode for each in ordered]),
            _times([each.mtime for each in ordered]),
            struct.pack(f"<{count}Q", *[each.size for each in ordered]),
            struct.pack(f"<{count}I", *[each.uid for each in ordered]),
            struct.pack(f"<{count}I", *[each.gid for each in ordered]),
            b"".join([each.content for each in ordered]),
            json.dumps(extras, sort_keys=True, separators=(",", ":")).encode() if extras else b"",
        )
    )


def _times(mtimes: Sequence[int]) -> bytes:
    form = f"<{len(mtimes)}q"
    try:
        return struct.pack(form, *mtimes)
    except struct.error:
        # Before 1677 and after 2262 nanoseconds do not fit into 64 bits.
        return struct.pack(form, *[max(-(1 << 63), min((1 << 63) - 1, each)) for each in mtimes])


def _name_bytes(entry: Entry) -> bytes:
    return os.fsencode(entry.name)


class Directory:
    """A directory that was read; its entries are made when asked for.

    Raises:
        ParheliaError: E600 when the bytes are no directory, or a name in it could lead out of it.
    """

    __slots__ = ("_data", "_extras", "_kinds", "_offset", "contents", "count", "modes", "names")

    def __init__(self, data: bytes) -> None:
        try:
            magic, count, length = _HEAD.unpack_from(data)
            at = _HEAD.size + length
            fixed = at + count * (_FIXED + DIGEST)
            if magic != _MAGIC or len(data) < fixed:
                raise ValueError("not a directory")
            raw = data[_HEAD.size : at]
            self.count: int = count
            self._data = data
            self._offset = at
            self.names: list[str] = os.fsdecode(raw).split("\0") if count else []
            self._extras = json.loads(data[fixed:]) if len(data) > fixed else {}
            self.modes: Sequence[int] = struct.unpack_from(f"<{count}I", data, at)
            at += count * _FIXED
            self.contents = [content for (content,) in _CONTENT.iter_unpack(data[at:fixed])]
            self._check(raw)
        except (struct.error, ValueError, RecursionError) as error:
            raise damaged(f"a directory cannot be read ({error})") from error

    def _check(self, raw: bytes) -> None:
        # All in one go: a comparison, a rollback or a clean-up reads many thousands of names.
        parts = raw.split(b"\0") if self.count else []
        if len(parts) != self.count or b"/" in raw:
            raise ValueError("bad names")
        if b"" in parts or b"." in parts or b".." in parts:
            raise ValueError("bad names")
        if len(raw) > _NAME_MAX and max(map(len, parts)) > _NAME_MAX:
            raise ValueError("bad names")
        if any(map(ge, parts, parts[1:])):
            raise ValueError("names are not in order")
        self._kinds = {mode & 0o170000 for mode in set(self.modes)}
        if not self._kinds.issubset(_KINDS):
            raise ValueError("bad kind of file")
        if not isinstance(self._extras, dict) or not isinstance(self._extras.get("skipped", {}), dict):
            raise ValueError("bad extras")

    @property
    def skipped(self) -> dict[str, str]:
        """Names that were there and are no part of the checkpoint, with the reason."""
        return {str(name): str(why) for name, why in self._extras.get("skipped", {}).items()}

    def directories(self) -> list[bytes]:
        """What its subdirectories list."""
        if stat.S_IFDIR not in self._kinds:
            return []
        return [
            content
            for mode, content in zip(self.modes, self.contents, strict=True)
            if mode & 0o170000 == stat.S_IFDIR
        ]

    def chunked(self) -> list[bytes]:
        """The contents that are lists of pieces."""
        try:
            return [self.contents[int(number)] for number in self._extras.get("chunked", ())]
        except (TypeError, ValueError, IndexError) as error:
            raise damaged("a directory names pieces that it does not have") from error

    def entries(self) -> list[Entry]:
        """Give all entries, ordered by the bytes of their names.

        Raises:
            ParheliaError: E600 when what it says about them makes no sense.
        """
        found = list(map(Entry, self.names, self.modes, *self._columns(), self.contents))
        try:
            for number, target in self._extras.get("targets", {}).items():
                if not isinstance(target, str) or not target or b"\0" in os.fsencode(target):
                    raise ValueError("bad target")
                found[int(number)].target = target
            for number, link in self._extras.get("links", {}).items():
                found[int(number)].link = int(link)
            for number, coded in self._extras.get("xattrs", {}).items():
                if not all(key.startswith("user.") and b"\0" not in os.fsencode(key) for key in coded):
                    raise ValueError("bad attribute")
                found[int(number)].xattrs = {key: b64decode(value) for key, value in coded.items()}
            for number in self._extras.get("chunked", ()):
                found[int(number)].chunked = True
            if stat.S_IFLNK in self._kinds and any(each.is_symlink and each.target is None for each in found):
                raise ValueError("a symbolic link without a target")
        except (AttributeError, IndexError, TypeError, ValueError) as error:
            raise damaged(f"a directory cannot be read ({error})") from error
        return found

    def rows(self) -> list[tuple[Any, ...]]:
        """Give what there is to say about each name as a tuple, the name first: to compare, for a quarter of the cost.

        Raises:
            ParheliaError: E600 when what it says about them makes no sense.
        """
        found: list[tuple[Any, ...]] = list(
            zip(self.names, self.modes, *self._columns(), self.contents, strict=True)
        )
        try:
            for kind in ("targets", "links", "xattrs"):
                for number, said in self._extras.get(kind, {}).items():
                    found[int(number)] += (kind, str(said))
        except (AttributeError, IndexError, ValueError) as error:
            raise damaged(f"a directory cannot be read ({error})") from error
        return found

    def _columns(self) -> tuple[Sequence[int], ...]:
        """Give the mtimes, sizes, uids and gids."""
        count, data, at = self.count, self._data, self._offset + 4 * self.count
        return (
            struct.unpack_from(f"<{count}q", data, at),
            struct.unpack_from(f"<{count}Q", data, at + 8 * count),
            struct.unpack_from(f"<{count}I", data, at + 16 * count),
            struct.unpack_from(f"<{count}I", data, at + 20 * count),
        )

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries())
