"""Large workspaces on their way through the volume, in pieces whose names give their order."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parhelia_tui.core.backends.modal.trouble import patiently

PIECE, AT_ONCE = 3 * 1024 * 1024, 16
"""Bytes of a piece, below what the SDK sends by another way; and how many are in memory and under way together."""


async def put(volume: Any, folder: str, archive: Path) -> None:
    """Bring an archive into a folder of the volume. Raises E503."""
    with archive.open("rb") as file:
        number = 0
        while pieces := [each for _ in range(AT_ONCE) if (each := file.read(PIECE))]:
            first = number
            number += len(pieces)

            async def upload(first: int = first, pieces: Sequence[bytes] = pieces) -> None:
                async with volume.batch_upload(force=True) as batch:
                    for place, piece in enumerate(pieces, first):
                        batch.put_file(io.BytesIO(piece), f"/{folder}/{place:08d}")

            await patiently(upload, "the workspace could not be brought into the volume")


async def drop(volume: Any, folder: str) -> None:
    """Remove a folder of the volume, if it is there. Raises E503."""

    async def remove() -> None:
        with contextlib.suppress(FileNotFoundError):
            await volume.remove_file.aio(f"/{folder}", recursive=True)

    await patiently(remove, "the volume could not be cleared")
