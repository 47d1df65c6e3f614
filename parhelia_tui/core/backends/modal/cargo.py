"""Archives on the volume, in pieces whose names give their order."""

from __future__ import annotations

import asyncio
import contextlib
import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parhelia_tui.core.backends.modal.trouble import is_absent, patiently
from parhelia_tui.core.backends.steps import Progress

CONFIG, PLUGINS, CHECKPOINTS, WORKSPACES = "config/claude", "plugins", "checkpoints", "workspaces"
FOLDERS = (CONFIG, PLUGINS, CHECKPOINTS, WORKSPACES)
"""What the volume holds from its setup on."""
_SENDING = {
    CONFIG: "sending the configuration by the volume",
    PLUGINS: "sending the plugins by the volume",
    WORKSPACES: "sending the workspace by the volume",
}
PIECE, AT_ONCE = 3 * 1024 * 1024, 16
"""Bytes of a piece, below what the SDK sends by another way; and how many are in memory and under way together."""
WHOLE = ".whole"
"""Ends the name of a file beside a folder: all of it is there."""
FRESH_S = 7 * 86_400.0
"""Seconds for which a folder that is kept is taken as it is; then it is put anew, and after twice that it is old."""


@dataclass(frozen=True, slots=True)
class Cargo:
    """An archive that goes by the volume.

    Args:
        archive: of this machine.
        folder: of the volume, which the sandbox sees.
        digest: SHA-256 of the archive, in hexadecimal digits.
        kind: which of `FOLDERS` it is.
        carried: the names below the home that it holds.
    """

    archive: Path
    folder: str
    digest: str
    kind: str
    carried: Sequence[str] = ()

    @property
    def is_kept(self) -> bool:
        """It stays on the volume for the next sandbox."""
        return self.kind != WORKSPACES


async def put(volume: Any, folder: str, archive: Path) -> None:
    """Bring an archive into a folder of the volume. Raises E503."""
    with archive.open("rb") as file:
        number = 0
        progress = Progress(_SENDING[folder.rpartition("/")[0]], archive.stat().st_size)
        while pieces := [each for _ in range(AT_ONCE) if (each := file.read(PIECE))]:
            named = {f"/{folder}/{number + place:08d}": piece for place, piece in enumerate(pieces)}
            number += len(pieces)
            await _upload(volume, named)
            progress.add(sum(map(len, pieces)))


async def _upload(volume: Any, files: dict[str, bytes]) -> None:
    async def upload() -> None:
        async with volume.batch_upload(force=True) as batch:
            for name, data in files.items():
                batch.put_file(io.BytesIO(data), name)

    await patiently(upload, "something could not be brought into the volume")


async def drop(volume: Any, folder: str) -> None:
    """Remove a file or folder of the volume, if it is there. Raises E503."""

    async def remove() -> None:
        with contextlib.suppress(FileNotFoundError):
            await volume.remove_file.aio(f"/{folder}", recursive=True)

    await patiently(remove, "the volume could not be cleared")


class Kept:
    """Folders that stay on the volume, each named after the hash of what it holds."""

    def __init__(self) -> None:
        self._putting = asyncio.Lock()

    async def put(self, volume: Any, folder: str, archive: Path) -> None:
        """See to it that a folder is there and whole; what is old of its kind is removed. Raises E503."""
        kind, _, name = folder.rpartition("/")
        # A hundred that begin at once bring it once.
        async with self._putting:
            since = await _whole(volume, kind)
            now = time.time()
            if since.get(name, 0.0) > now - FRESH_S:
                return
            await put(volume, folder, archive)
            await _upload(volume, {f"/{folder}{WHOLE}": b"whole\n"})
            for other in _old(since, now, name):
                # In this order: one that is half gone must not look whole.
                await drop(volume, f"{kind}/{other}{WHOLE}")
                await drop(volume, f"{kind}/{other}")

    async def has(self, volume: Any, folder: str) -> bool:
        """Say whether a folder is there and whole. Raises E503."""
        kind, _, name = folder.rpartition("/")
        return name in await _whole(volume, kind)

    async def forget(self, volume: Any, folder: str) -> None:
        """Have a folder put anew by the next who needs it. Raises E503."""
        await drop(volume, f"{folder}{WHOLE}")


def _old(since: dict[str, float], now: float, kept: str) -> Sequence[str]:
    """Those that no sandbox can be looking at any more: none was made for them since they were no longer fresh."""
    return [name for name, at in since.items() if name != kept and at < now - 2 * FRESH_S]


async def _whole(volume: Any, kind: str) -> dict[str, float]:
    """Which folders of a kind are whole, and since when, in epoch seconds."""

    try:
        found = await patiently(lambda: volume.listdir.aio(f"/{kind}"), "the volume could not be listed")
    except Exception as error:
        if not is_absent(error):
            raise
        return {}
    return {
        Path(each.path).name.removesuffix(WHOLE): float(each.mtime)
        for each in found
        if each.path.endswith(WHOLE)
    }
