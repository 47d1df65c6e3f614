"""The form of a sandbox: whole there and back, and the same only where another sandbox would be alike."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from parhelia_tui.core.backends.modal import forms
from parhelia_tui.core.backends.modal.provider import Wanted
from parhelia_tui.core.model.records import Limits

texts = st.text(max_size=20)
numbers = st.floats(0.125, 64, allow_nan=False)
limits = st.builds(
    Limits,
    cpus=st.none() | numbers,
    memory_mb=st.none() | st.integers(1, 1 << 20),
    pids=st.none() | st.integers(1, 1 << 20),
    lifetime_s=st.none() | numbers,
    gpu=st.none() | texts,
    region=st.none() | texts,
)
wanted = st.builds(
    Wanted,
    name=texts,
    tags=st.dictionaries(texts, texts, max_size=3),
    limits=limits,
    let_out=st.none() | st.tuples(st.lists(texts, max_size=3), st.lists(texts, max_size=3)),
    cargo=texts,
    secret=texts,
)


@given(wanted, texts, texts)
def test_another_is_made_of_it_that_has_the_same(one: Wanted, mark: str, name: str) -> None:
    form = forms.text(one, mark)
    other = forms.wanted(form, name, {"tag": name})
    assert (other.name, other.tags) == (name, {"tag": name})
    assert other == replace(one, name=name, tags={"tag": name}, limits=replace(one.limits, pids=None))
    assert forms.text(other, mark) == form


@given(wanted, wanted, texts, texts)
def test_two_are_alike_where_all_that_is_settled_is_the_same(
    one: Wanted, other: Wanted, mark: str, other_mark: str
) -> None:
    def settled(each: Wanted, by: str) -> tuple[object, ...]:
        return replace(each.limits, pids=None), each.let_out, each.cargo, each.secret, by

    alike = forms.text(one, mark) == forms.text(other, other_mark)
    assert alike == (settled(one, mark) == settled(other, other_mark))
