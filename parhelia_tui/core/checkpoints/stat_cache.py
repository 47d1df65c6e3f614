"""What the last capture of a workspace saw, so that the next one reads only what changed. It may be lost at any time."""

from __future__ import annotations

import marshal
import os
import stat
import sys
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from parhelia_tui.core.checkpoints.files import READ
from parhelia_tui.core.checkpoints.folder import Folder, from_plain, to_plain
from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.model.ids import random_hex

_VERSION = b"PS3 %d.%d\n" % sys.version_info[:2]
"""marshal's form belongs to the Python that wrote it."""

_SEAL = 16


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was written last by this process: to make folders of the file takes a fifth of a walk over nothing new."""

    place: Path
    seal: bytes
    tree: str
    rules: bytes
    top: Folder


def load(repository: Repository, source: Path, rules: bytes) -> Remembered | None:
    """Give what the last capture saw. Whoever gets it may change the folders; unchanged, `repository` may keep it.

    Args:
        source: absolute.
        rules: key of the rules for exclusion; folders that were scanned by others are of no use.

    Returns:
        None when there is none that can be trusted: without its tree, what it names may be gone from the store.
    """
    remembered, repository.remembered = repository.remembered, None
    place = _file(repository, source)
    try:
        with os.fdopen(os.open(place, READ), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            head, seal = file.read(len(_VERSION)), file.read(_SEAL)
            if head != _VERSION:
                return None
            if remembered is not None and (remembered.place, remembered.seal) == (place, seal):
                found = remembered
            else:
                body = file.read()
                if _seal(repository, body) != seal:
                    return None
                tree, key, plain = marshal.loads(body)
                found = Remembered(place, seal, tree, key, from_plain(plain))
    except OSError:
        return None
    return found if found.rules == rules and repository.has_tree(found.tree) else None


def save(repository: Repository, source: Path, rules: bytes, tree: str, top: Folder) -> None:
    """Keep what a capture saw; its tree is published. Where it cannot be written, the next capture reads more."""
    body = marshal.dumps((tree, rules, to_plain(top)))
    seal = _seal(repository, body)
    place = _file(repository, source)
    new = place.with_name(f"{place.name}.{random_hex(8)}.new")
    try:
        # No fsync: after a crash the seal tells whether it is whole.
        new.write_bytes(_VERSION + seal + body)
        new.replace(place)
    except OSError:
        new.unlink(missing_ok=True)
        return
    repository.remembered = Remembered(place, seal, tree, rules, top)


def _seal(repository: Repository, body: bytes) -> bytes:
    """Seal it for this store in this place: marshal may not be given what somebody else wrote."""
    here = (repository.root / "stat").stat()
    return blake2b(body, digest_size=_SEAL, key=b"%d %d" % (here.st_dev, here.st_ino)).digest()


def _file(repository: Repository, source: Path) -> Path:
    return repository.root / "stat" / blake2b(os.fsencode(source), digest_size=16).hexdigest()
