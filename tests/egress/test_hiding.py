"""A secret is hidden however what holds it is cut."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from parhelia_tui.core.egress.hiding import Hiding

SECRET = b"aabaac"
# Few letters, so that beginnings of the secret stand everywhere.
pieces = st.lists(
    st.one_of(st.sampled_from([SECRET, b"aab", b"aac", b"a"]), st.binary(max_size=6)), max_size=12
)


@given(pieces, st.data())
def test_what_comes_out_is_the_same_for_every_cut(parts: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    ends = [0, *cuts, len(whole)]
    hiding = Hiding(SECRET)
    said = b"".join(hiding.piece(whole[start:end]) for start, end in pairwise(ends))
    said += hiding.rest()
    assert said == whole.replace(SECRET, b"*" * len(SECRET))
    assert SECRET not in said


@given(st.binary(max_size=40))
def test_without_a_secret_nothing_is_changed_or_kept(data: bytes) -> None:
    hiding = Hiding(b"")
    assert (hiding.piece(data), hiding.rest(), hiding.whole(data)) == (data, b"", data)
