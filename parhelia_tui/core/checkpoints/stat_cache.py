"""What the last capture of a workspace saw, so that the next one reads only what changed. It may be lost at any time."""

from __future__ import annotations

import marshal
import os
import sys
from hashlib import blake2b
from pathlib import Path

from parhelia_tui.core.checkpoints.folder import Folder, from_plain, to_plain
from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.model.ids import random_hex

_VERSION = b"PS1 %d.%d\n" % sys.version_info[:2]
"""marshal's form belongs to the Python that wrote it."""

_SEAL = 16


def load(repository: Repository, source: Path, rules: bytes) -> tuple[str, Folder] | None:
    """Give the tree and the folders of the last capture.

    Args:
        source: absolute.
        rules: key of the rules for exclusion; folders that were scanned by others are of no use.

    Returns:
        None when there is none that can be trusted: without its tree, what it names may be gone from the store.
    """
    try:
        data = _file(repository, source).read_bytes()
    except OSError:
        return None
    head, seal, body = data[: len(_VERSION)], data[len(_VERSION) :][:_SEAL], data[len(_VERSION) + _SEAL :]
    if head != _VERSION or blake2b(body, digest_size=_SEAL).digest() != seal:
        return None
    tree, key, plain = marshal.loads(body)
    if key != rules or not repository.has_tree(tree):
        return None
    return tree, from_plain(plain)


def save(repository: Repository, source: Path, rules: bytes, tree: str, top: Folder) -> None:
    """Keep what a capture saw; its tree is published.

    Raises:
        OSError: when it cannot be written; the capture is none the worse.
    """
    body = marshal.dumps((tree, rules, to_plain(top)))
    file = _file(repository, source)
    new = file.with_name(f"{file.name}.{random_hex(8)}.new")
    try:
        # No fsync: after a crash the seal tells whether it is whole.
        new.write_bytes(_VERSION + blake2b(body, digest_size=_SEAL).digest() + body)
        new.replace(file)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def _file(repository: Repository, source: Path) -> Path:
    return repository.root / "stat" / blake2b(os.fsencode(source), digest_size=16).hexdigest()
