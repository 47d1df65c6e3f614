"""Following the modes that an agent sets, through a stream that is cut anywhere."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from parhelia_tui.core.shim.modes import Modes

STREAMS = st.lists(
    st.sampled_from(
        [b"\x1b[?", b"\x1b[", b"\x1b", b"25", b"1049", b"2004", b"9999999", b";", b"h", b"l", b"text"]
    )
    | st.binary(max_size=12),
    max_size=30,
).map(b"".join)


@given(STREAMS, st.lists(st.integers(0, 200), max_size=8))
def test_where_the_stream_is_cut_changes_nothing(stream: bytes, cuts: list[int]) -> None:
    whole, pieces = Modes(), Modes()
    whole.take(stream)
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    for begin, end in pairwise(places):
        pieces.take(stream[begin:end])
    assert pieces.sequence() == whole.sequence()


def test_the_last_word_on_a_mode_counts() -> None:
    modes = Modes()
    modes.take(b"\x1b[?25l some text \x1b[?1049;2004h\x1b[?25h")
    assert modes.sequence() == b"\x1b[?25h\x1b[?1049h\x1b[?2004h"


def test_modes_that_act_on_more_than_the_picture_are_not_followed() -> None:
    modes = Modes()
    modes.take(b"\x1b[?3h\x1b[?5h\x1b[?40h\x1b[?1005;69h\x1b[?99999999999999999999h")
    assert modes.sequence() == b"\x1b[?1005h"


@given(st.binary(max_size=2000))
def test_what_is_kept_for_later_is_small(stream: bytes) -> None:
    modes = Modes()
    for _ in range(3):
        modes.take(b"\x1b[?" + b"1;" * 500 + stream.replace(b"\n", b"0"))
        assert len(modes._rest) <= 64
