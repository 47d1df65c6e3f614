"""What is drawn by itself waits for a key, and not for ever."""

from __future__ import annotations

import pytest

from parhelia_tui.screens.keys_first import AFTER_KEY_S, LONGEST_S, KeysFirst


class Watch:
    """A clock that somebody sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_nothing_waits_where_nobody_typed() -> None:
    assert KeysFirst(Watch()).wait_s() == 0.0


def test_what_comes_after_a_key_waits_for_what_is_left_of_its_time() -> None:
    watch = Watch()
    first = KeysFirst(watch)
    first.pressed()
    watch.now += AFTER_KEY_S / 3
    assert first.wait_s() == pytest.approx(AFTER_KEY_S * 2 / 3)
    watch.now += AFTER_KEY_S * 2 / 3
    assert first.wait_s() == 0.0


def test_keys_without_end_hold_it_up_no_longer_than_it_may_wait() -> None:
    watch = Watch()
    first = KeysFirst(watch)
    first.pressed()
    began = watch.now
    while wait_s := first.wait_s():
        watch.now += wait_s / 2
        first.pressed()
    assert LONGEST_S <= watch.now - began < LONGEST_S + AFTER_KEY_S
    # The next one has the whole time again.
    assert first.wait_s() > 0.0
