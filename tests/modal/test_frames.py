"""What a sandbox tells: none of it is kept in memory beyond what an honest one sends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest

from parhelia_tui.core.backends.modal.follower import _Frames, _is_end
from parhelia_tui.core.backends.modal.homecoming import without_results
from parhelia_tui.core.model.errors import ParheliaError

PIECE = 1 << 16
NESTED = b"[" * 100_000


class Told:
    """A stream of pieces that counts them."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            self.taken += 1
            yield piece


def test_frames_come_as_they_were_however_they_are_cut() -> None:
    async def all_of() -> list[tuple[str, bytes] | None]:
        frames = _Frames(Told([b"lo", b"g 3\nab", b"ccut 1\n2", b"beat 0\nspool 9\nhalf"]))
        return [await frames.next() for _ in range(4)]

    assert asyncio.run(all_of()) == [("log", b"abc"), ("cut", b"2"), ("beat", b""), None]


@pytest.mark.parametrize(
    "head", [b"", b"log 99999999999\n", b"log -5\n", b"log x\n", b"log\n", b"log \xff\n"]
)
def test_a_frame_without_end_and_one_that_is_none_are_refused(head: bytes) -> None:
    told = Told([head, *[b"x" * PIECE] * 1000])
    with pytest.raises(ParheliaError) as caught:
        asyncio.run(_Frames(told).next())
    assert caught.value.code == "E503"
    assert told.taken < 10


def test_a_record_that_is_nested_too_deep_is_no_end() -> None:
    assert not _is_end(NESTED)
    assert without_results(NESTED, "why") == NESTED
