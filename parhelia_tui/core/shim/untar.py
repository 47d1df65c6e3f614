"""Reading the archives that this program writes for a sandbox: gzip over tar in its GNU form.

`tarfile` would take 30 ms of a processor to import, while somebody waits for the first output.
"""

from __future__ import annotations

import os
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BLOCK = 512
PIECE = 1 << 18
_GZIP = 31
_FILE, _LINK, _SYMLINK, _FOLDER = b"0", b"1", b"2", b"5"
_LONG_NAME, _LONG_TARGET = b"L", b"K"


class BadArchive(ValueError):
    """It is none of ours, or a part of it is missing."""


def extract(source: Any, root: str) -> None:
    """Unpack an archive that is trusted.

    Args:
        source: has `read`.
        root: the directory that the names in it are below.

    Raises:
        BadArchive: it is none.
        OSError: there is no place for it.
    """
    stream = _Unzipped(source)
    folders: list[tuple[str, int]] = []
    long: dict[bytes, str] = {}
    while (head := stream.take(BLOCK)).strip(b"\0"):
        if int(head[148:156].strip(b" \0") or b"0", 8) != sum(head[:148]) + sum(head[156:]) + 8 * 32:
            raise BadArchive("a head does not add up")
        kind, size = head[156:157], _number(head[124:136])
        if kind in (_LONG_NAME, _LONG_TARGET):
            long[kind] = _text(stream.take(size))
            stream.skip(-size % BLOCK)
            continue
        name = long.pop(_LONG_NAME, None) or _text(head[:100])
        target = long.pop(_LONG_TARGET, None) or _text(head[157:257])
        place = os.path.join(root, name.lstrip("/"))
        mode, at = _number(head[100:108]) & 0o7777, _number(head[136:148])
        if kind == _FOLDER:
            os.makedirs(place, exist_ok=True)
            # When it was changed is lost with what comes into it; its mode may forbid that something does.
            folders.append((place, mode))
        elif kind in (_FILE, _LINK, _SYMLINK):
            _make_way(place)
            if kind == _LINK:
                os.link(os.path.join(root, target.lstrip("/")), place)
            elif kind == _SYMLINK:
                os.symlink(target, place)
            else:
                _write(stream, place, size, mode, at)
                continue
        stream.skip(size + -size % BLOCK)
    for place, mode in reversed(folders):
        os.chmod(place, mode)


def _make_way(place: str) -> None:
    folder = os.path.dirname(place)
    if not os.path.isdir(folder):
        os.makedirs(folder)
    if os.path.lexists(place):
        os.unlink(place)


def _write(stream: _Unzipped, place: str, size: int, mode: int, at: int) -> None:
    with open(place, "wb") as file:
        left = size
        while left:
            piece = stream.take(min(left, PIECE))
            file.write(piece)
            left -= len(piece)
        os.fchmod(file.fileno(), mode)
    os.utime(place, (at, at))
    stream.skip(-size % BLOCK)


def _number(field: bytes) -> int:
    """Octal digits, or base 256 where the first bit is set (GNU tar): sizes of 8 GiB and more, times before 1970."""
    if field[0] & 0x80:
        return int.from_bytes(field if field[0] == 0xFF else field[1:], "big", signed=field[0] == 0xFF)
    return int(field.strip(b" \0") or b"0", 8)


def _text(field: bytes) -> str:
    return os.fsdecode(field.partition(b"\0")[0])


class _Unzipped:
    """What a compressed stream holds, by number of bytes."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._unzip = zlib.decompressobj(_GZIP)
        self._data = b""

    def take(self, size: int) -> bytes:
        """Give exactly so many bytes. Raises BadArchive where there are fewer."""
        parts = [self._data]
        have = len(self._data)
        try:
            while have < size:
                more = self._unzip.unconsumed_tail or self._source.read(PIECE)
                if not more:
                    raise BadArchive("it ends too early")
                parts.append(self._unzip.decompress(more, PIECE))
                have += len(parts[-1])
        except zlib.error as error:
            raise BadArchive(str(error)) from error
        whole = b"".join(parts)
        self._data = whole[size:]
        return whole[:size]

    def skip(self, size: int) -> None:
        """Pass over so many bytes."""
        while size:
            size -= len(self.take(min(size, PIECE)))
