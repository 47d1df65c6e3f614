"""How the store names and packs bytes: SHA-256 for names, zstd for blocks, and the limits of both."""

from __future__ import annotations

from hashlib import blake2b, sha256
from typing import TYPE_CHECKING

from parhelia_tui.core.model.errors import ParheliaError

if TYPE_CHECKING:
    from zstandard import ZstdCompressor, ZstdDecompressor

DIGEST = 32
"""Bytes of a name."""

NOTHING = bytes(DIGEST)
"""The name of no content: an empty file, a hole."""

CHUNK = 1 << 20
"""A file is cut into pieces of this many bytes, so that a change in a big one costs a piece."""

BLOCK = 256 << 10
"""Objects are compressed together until they have this many bytes: more compresses better, less reads faster."""

BLOCK_LIMIT = 64 << 20
"""No block unpacks to more, whatever its table says: a store may come from somebody else."""

LEVEL = 1
"""zstd's; docs/decisions/0002-checkpoint-store.md has what the others cost."""

HASH_LOG, MIN_MATCH = 16, 7
"""Beside the level: a tenth faster than what it has for a block, and a fiftieth smaller."""


def digest(data: bytes) -> bytes:
    """Name some bytes; SHA-256, because processors have instructions for it: a first checkpoint is a quarter cheaper."""
    return sha256(data).digest()


def is_name(name: bytes, data: bytes) -> bool:
    """Say whether these bytes have this name; stores of before have names of BLAKE2b."""
    return digest(data) == name or blake2b(data, digest_size=DIGEST).digest() == name


def compressor() -> ZstdCompressor:
    """Give a compressor for blocks; one per thread."""
    # zstandard costs 8 ms to import: a listing and a walk that finds nothing new do without.
    from zstandard import ZstdCompressionParameters, ZstdCompressor

    settings = ZstdCompressionParameters.from_level(
        LEVEL, source_size=BLOCK, hash_log=HASH_LOG, min_match=MIN_MATCH, write_checksum=True
    )
    return ZstdCompressor(compression_params=settings)


def decompressor() -> ZstdDecompressor:
    """Give a decompressor for blocks; one per thread."""
    from zstandard import ZstdDecompressor

    return ZstdDecompressor()


def unpack(frame: bytes, size: int, with_: ZstdDecompressor) -> bytes:
    """Unpack one frame that must give exactly `size` bytes; its checksum is checked by zstd.

    Raises:
        ParheliaError: E600 when it is damaged.
    """
    from zstandard import ZstdError, frame_content_size

    try:
        # The frame's own claim decides what zstd allocates, so it is looked at first.
        if size > BLOCK_LIMIT or frame_content_size(frame) != size:
            raise damaged("a block does not have the size that is written down for it")
        return with_.decompress(frame)
    except ZstdError as error:
        raise damaged(f"a block cannot be unpacked: {error}") from error


def damaged(what: str) -> ParheliaError:
    """Make the error for a store that cannot be trusted."""
    return ParheliaError("E600", f"the checkpoint store is damaged: {what}", details={"damaged": True})
