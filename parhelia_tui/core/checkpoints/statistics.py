"""How big a store is."""

from __future__ import annotations

from dataclasses import dataclass

from parhelia_tui.core.checkpoints.repository import Repository, reporting


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts of a store.

    Attributes:
        trees: checkpoints with different content.
        packs: files that hold objects.
        objects: what they hold.
        packed_bytes: on the disk.
        unpacked_bytes: before compression, each object once.
    """

    trees: int
    packs: int
    objects: int
    packed_bytes: int
    unpacked_bytes: int


def statistics(repository: Repository) -> Statistics:
    """Measure a store.

    Raises:
        ParheliaError: E600 when it cannot be read.
    """
    with repository.locked(), reporting("measure the checkpoint store"):
        segments = repository.objects.index.segments()
        files = list((repository.root / "packs").glob("*.pack"))
        return Statistics(
            len(repository.trees()),
            len(files),
            sum(segment.count for segment in segments.values()),
            sum(file.stat().st_size for file in files),
            sum(place.length for segment in segments.values() for _, place in segment.places()),
        )
