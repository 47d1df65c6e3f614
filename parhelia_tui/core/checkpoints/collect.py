"""Room made in the store: trees that nobody needs, then what no tree needs. It may be killed at any instant."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from dataclasses import dataclass

from parhelia_tui.core.checkpoints.packs import PackWriter
from parhelia_tui.core.checkpoints.progress import Progress, Teller, quiet
from parhelia_tui.core.checkpoints.reach import reachable
from parhelia_tui.core.checkpoints.repository import Repository, reporting
from parhelia_tui.core.checkpoints.segment import Block, Place, Segment

_STEP_S = 2.0
"""Times of files go in steps of up to two seconds."""

_WASTE = 0.25
"""A pack is written anew when more than this part of it is dead: less would move much to win little."""

_SMALL = 1 << 20
"""Packs below this many bytes are put together once there are `_MANY` of them: each costs a little at every start."""

_MANY = 64


@dataclass(frozen=True, slots=True)
class Collected:
    """What was thrown away.

    Attributes:
        trees: names of trees.
        objects: how many objects went.
        freed_bytes: how much smaller the packs became.
    """

    trees: tuple[str, ...]
    objects: int
    freed_bytes: int


def collect(
    repository: Repository,
    live: Collection[str],
    *,
    dead: Collection[str] = (),
    grace_s: float = 3600.0,
    settled_at: float | None = None,
    progress: Progress = quiet,
) -> Collected:
    """Throw away what no checkpoint needs. It waits for captures and they wait for it.

    Args:
        repository: whose.
        live: trees of all checkpoints there are; they stay.
        dead: trees that are known to be needed no more: they go whatever their age.
        grace_s: a tree that is neither stays for so many seconds, since somebody may be about to record it.
        settled_at: when every tree that was there had been recorded (epoch seconds): older ones go whatever `grace_s`.
        progress: is told where this is; what it raises ends it.

    Raises:
        ParheliaError: E600 when a tree that stays is damaged: then no object is thrown away; or when the store is busy
            or cannot be written.
    """
    with repository.locked(alone=True), reporting("clean the checkpoint store up"):
        teller = Teller(progress)
        gone = _old_trees(repository, live, dead, max(time.time() - grace_s, (settled_at or 0.0) - _STEP_S))
        kept = [repository.tree(name) for name in repository.trees() if name not in gone]
        needed = reachable(repository.objects, kept, teller)
        # Trees first: what is left when this is killed after that is only room.
        for name in gone:
            (repository.root / "trees" / name).unlink(missing_ok=True)
        _remove_unfinished(repository)
        objects, freed = _sweep(repository, needed, teller)
        repository.objects.refresh()
        return Collected(tuple(sorted(gone)), objects, freed)


def _old_trees(
    repository: Repository, live: Collection[str], dead: Collection[str], before: float
) -> set[str]:
    keep, drop = set(live), set(dead)
    gone: set[str] = set()
    for name in repository.trees():
        if name in keep:
            continue
        if name in drop or (repository.root / "trees" / name).stat().st_mtime <= before:
            gone.add(name)
    return gone


def _remove_unfinished(repository: Repository) -> None:
    """Remove what writers left that were killed; none is alive while the lock is held alone."""
    for folder in ("packs", "trees", "stat"):
        for file in (repository.root / folder).glob("*.new"):
            file.unlink(missing_ok=True)


def _sweep(repository: Repository, needed: set[bytes], teller: Teller) -> tuple[int, int]:
    segments = repository.objects.index.segments()
    sizes = {name: (repository.root / "packs" / f"{name}.pack").stat().st_size for name in segments}
    small = {name for name, size in sizes.items() if size < _SMALL}
    removed: list[str] = []
    moved: dict[str, list[int]] = {}
    dropped = 0
    # Bigger ones first, so that what is in two packs stays in the bigger one.
    for name in sorted(segments, key=lambda each: (-sizes[each], each)):
        segment = segments[name]
        objects = segment.names()
        alive = [row for row, each in enumerate(objects) if each in needed]
        waste = _waste(segment, alive)
        dropped += len(objects) - len(alive)
        if not alive:
            removed.append(name)
        elif waste > _WASTE or (len(small) >= _MANY and name in small):
            moved[name] = alive
        needed.difference_update(objects)
    writer = PackWriter(repository.packs)
    try:
        for number, (name, alive) in enumerate(moved.items()):
            _move(repository, writer, segments[name], alive)
            teller.tell("moving", number, len(moved))
        names = writer.finish()
    except BaseException:
        writer.abandon()
        raise
    # The new packs are on the disk: the old ones may go.
    repository.objects.close()
    for name in (*removed, *moved):
        os.unlink(f"{name}.pack", dir_fd=repository.packs)
    os.fsync(repository.packs)
    added = sum((repository.root / "packs" / f"{name}.pack").stat().st_size for name in names)
    return dropped, sum(sizes[name] for name in (*removed, *moved)) - added


def _waste(segment: Segment, alive: list[int]) -> float:
    """Say which part of the bytes of a pack is not needed."""
    lengths = segment.lengths()
    total = sum(lengths)
    return 1 - sum([lengths[row] for row in alive]) / total if total else 0.0


def _move(repository: Repository, writer: PackWriter, segment: Segment, alive: list[int]) -> None:
    names = segment.names()
    blocks: dict[Block, list[tuple[bytes, Place]]] = {}
    for row in alive:
        place = segment.place(row)
        blocks.setdefault(place.block, []).append((names[row], place))
    for block, objects in sorted(blocks.items(), key=lambda item: item[0].offset):
        if sum(place.length for _, place in objects) == block.unpacked:
            # All of it is needed: it moves as it is.
            rows = [(name, place.offset, place.length) for name, place in objects]
            writer.add_packed(repository.objects.frame(block), block.unpacked, rows)
            continue
        data = repository.objects.block(block)
        for name, place in sorted(objects, key=lambda each: each[1].offset):
            writer.add(name, data[place.offset : place.offset + place.length])
