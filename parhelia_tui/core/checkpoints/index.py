"""Where the objects of a store lie: the tables of all its packs."""

from __future__ import annotations

import os

from parhelia_tui.core.checkpoints.coding import damaged
from parhelia_tui.core.checkpoints.pack_table import read_table
from parhelia_tui.core.checkpoints.segment import Place, Segment
from parhelia_tui.core.model.errors import ParheliaError

_SMALL = 8192
"""Tables of fewer objects go into one dict: a thousand of them, asked one after the other, would be slow."""


class Index:
    """The tables of all packs; read when first asked.

    Args:
        packs: descriptor of the directory of packs; it stays the caller's.
    """

    def __init__(self, packs: int) -> None:
        self._packs = packs
        self._segments: dict[str, Segment] = {}
        self._small: dict[bytes, tuple[Segment, int]] = {}
        self._big: list[Segment] = []
        self._searches = 0
        self.damaged: dict[str, str] = {}
        """Packs whose table cannot be read, with the reason: their objects count as missing."""

    def refresh(self) -> None:
        """Take in packs that came and forget those that went."""
        there = {name[:-5] for name in os.listdir(self._packs) if name.endswith(".pack")}
        if gone := self._segments.keys() - there:
            for name in gone:
                del self._segments[name]
            self._small.clear()
            self._big, self._searches = [], 0
            for segment in self._segments.values():
                self._add(segment)
        self.damaged = {name: why for name, why in self.damaged.items() if name in there}
        for name in there - self._segments.keys() - self.damaged.keys():
            try:
                self._segments[name] = segment = read_table(self._packs, name)
            except FileNotFoundError:
                continue
            except (OSError, ParheliaError) as error:
                self.damaged[name] = error.message if isinstance(error, ParheliaError) else str(error)
                continue
            self._add(segment)

    def _add(self, segment: Segment) -> None:
        if segment.count < _SMALL:
            self._enter(segment)
        else:
            self._big.append(segment)

    def _enter(self, segment: Segment) -> None:
        for row, name in enumerate(segment.names()):
            self._small[name] = (segment, row)

    def __contains__(self, name: bytes) -> bool:
        # Every new content is asked for, mostly in a store that has no big tables.
        return name in self._small if not self._big else self._search(name) is not None

    def _search(self, name: bytes) -> tuple[Segment, int] | None:
        if self._searches > _SMALL:
            # By now a dict of all of them has paid for itself.
            for segment in self._big:
                self._enter(segment)
            self._big, self._searches = [], 0
        for segment in self._big:
            self._searches += 1
            if (row := segment.find(name)) is not None:
                return segment, row
        # Another thread may just have moved them.
        return self._small.get(name)

    def place(self, name: bytes) -> Place:
        """Say where an object lies.

        Raises:
            ParheliaError: E600 when no pack has it.
        """
        if found := self._small.get(name) or self._search(name):
            return found[0].place(found[1])
        raise damaged(f"object {name.hex()} is missing")

    def segments(self) -> dict[str, Segment]:
        """Give the table of each pack by the pack's name."""
        return dict(self._segments)
