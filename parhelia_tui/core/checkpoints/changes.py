"""What differs between two trees: only where the names of their listings differ is anything read."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass

from parhelia_tui.core.checkpoints.bounds import Counted
from parhelia_tui.core.checkpoints.coding import NOTHING
from parhelia_tui.core.checkpoints.manifest import Entry
from parhelia_tui.core.checkpoints.objects import Listing


@dataclass(frozen=True, slots=True)
class Change:
    """One path that differs.

    Attributes:
        path: from the top; empty for the top itself.
        before: what was there; None when nothing was.
        after: what is there; None when nothing is.
    """

    path: str
    before: Entry | None
    after: Entry | None


def changes(
    listing: Listing, before: Entry, after: Entry, path: str = "", *, whole: bool = False
) -> Iterator[Change]:
    """Give all differences, those of a directory before those within.

    Args:
        listing: reads a directory.
        before: a directory.
        after: a directory.
        path: of both.
        whole: a directory that came or went is one change; otherwise all that was in it follows.

    Raises:
        ParheliaError: E600 when a directory is missing or damaged.
    """
    yield from _changes(listing, before, after, path, Counted(2), whole=whole)


def _changes(
    listing: Listing, before: Entry, after: Entry, path: str, counted: Counted, *, whole: bool
) -> Iterator[Change]:
    if not same(before, after):
        yield Change(path, before, after)
    if before.content == after.content:
        return
    olds = {each.name: each for each in listing(before.content)}
    news = {each.name: each for each in listing(after.content)}
    counted.go(len(olds) + len(news), path.count("/"))
    for name in sorted({*olds, *news}):
        below = f"{path}/{name}" if path else name
        old, new = olds.get(name), news.get(name)
        if old is not None and new is not None and old.is_directory and new.is_directory:
            yield from _changes(listing, old, new, below, counted, whole=whole)
            continue
        if old is not None and new is not None and same(old, new) and old.content == new.content:
            continue
        yield Change(below, old, new)
        if not whole:
            yield from _all(listing, old, below, counted, gone=True)
            yield from _all(listing, new, below, counted, gone=False)


def count_files(listing: Listing, before: bytes, after: bytes) -> int:
    """Count the names of files and symbolic links that came, went or changed.

    Args:
        listing: reads a directory.
        before: what a directory listed; `NOTHING` where there was none.
        after: what it lists now.

    Raises:
        ParheliaError: E600 when a directory is missing or damaged.
    """
    return _count_files(listing, before, after, Counted(2), 0)


def _count_files(listing: Listing, before: bytes, after: bytes, counted: Counted, depth: int) -> int:
    if before == after:
        return 0
    old, new = (listing(each).rows() if each != NOTHING else [] for each in (before, after))
    counted.go(len(old) + len(new), depth)
    differing = set(old) ^ set(new)
    found = len({row[0] for row in differing if not stat.S_ISDIR(row[1])})
    olds, news = ({row[0]: row[6] for row in rows if stat.S_ISDIR(row[1])} for rows in (old, new))
    for name in olds.keys() | news.keys():
        found += _count_files(listing, olds.get(name, NOTHING), news.get(name, NOTHING), counted, depth + 1)
    return found


def _all(listing: Listing, top: Entry | None, path: str, counted: Counted, *, gone: bool) -> Iterator[Change]:
    if top is None or not top.is_directory:
        return
    found = listing(top.content)
    counted.go(found.count, path.count("/"))
    for each in found:
        below = f"{path}/{each.name}"
        yield Change(below, each, None) if gone else Change(below, None, each)
        yield from _all(listing, each, below, counted, gone=gone)


def same(one: Entry, other: Entry) -> bool:
    """Say whether two entries differ in nothing but perhaps what they hold."""
    return (
        one.mode == other.mode
        and one.mtime == other.mtime
        and one.size == other.size
        and one.uid == other.uid
        and one.gid == other.gid
        and one.target == other.target
        and one.link == other.link
        and one.xattrs == other.xattrs
    )
