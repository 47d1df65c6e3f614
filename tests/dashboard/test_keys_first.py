"""What is drawn by itself waits for a key, and not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from parhelia_tui.screens import keys_first
from parhelia_tui.screens.keys_first import AFTER_KEY_S, LONGEST_S, TYPING_S, Keys, KeysFirst, Turns


class Watch:
    """A clock that somebody sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_nothing_waits_where_nobody_typed() -> None:
    assert KeysFirst(Keys(Watch())).wait_s() == 0.0


def test_what_comes_after_a_key_waits_for_what_is_left_of_its_time() -> None:
    watch = Watch()
    keys = Keys(watch)
    first = KeysFirst(keys)
    keys.pressed()
    watch.now += AFTER_KEY_S / 3
    assert first.wait_s() == pytest.approx(AFTER_KEY_S * 2 / 3)
    watch.now += AFTER_KEY_S * 2 / 3
    assert first.wait_s() == 0.0


def test_keys_without_end_hold_it_up_no_longer_than_it_may_wait() -> None:
    watch = Watch()
    keys = Keys(watch)
    first = KeysFirst(keys)
    keys.pressed()
    began = watch.now
    while wait_s := first.wait_s():
        watch.now += wait_s / 2
        keys.pressed()
    assert LONGEST_S <= watch.now - began < LONGEST_S + AFTER_KEY_S
    # The next one has the whole time again.
    assert first.wait_s() > 0.0


def test_nothing_waits_once_what_the_key_did_is_painted() -> None:
    keys = Keys(Watch())
    first = KeysFirst(keys)
    keys.pressed()
    assert not keys.painted(), "something else was painted before the key did anything"
    assert first.wait_s() > 0.0
    keys.acted()
    assert keys.painted()
    assert first.wait_s() == 0.0


def test_a_key_that_came_before_the_paint_of_the_one_before_it_goes_first_too() -> None:
    watch = Watch()
    keys = Keys(watch)
    first = KeysFirst(keys)
    keys.pressed()
    keys.acted()
    watch.now += AFTER_KEY_S / 2
    keys.pressed()
    assert not keys.painted()
    assert first.wait_s() == pytest.approx(AFTER_KEY_S)


async def test_pieces_are_done_in_order_each_once_and_in_a_turn_of_its_own() -> None:
    done: list[str] = []

    def one() -> None:
        done.append("one")
        asyncio.get_running_loop().call_soon(done.append, "what came meanwhile")

    def two() -> None:
        done.append("two")

    turns = Turns(Keys())
    turns.want(one, two, one)
    turns.want(two)
    await taken(turns, lambda: "two" in done)
    assert done == ["one", "what came meanwhile", "two"]


async def test_a_key_between_two_pieces_goes_before_the_second_and_that_right_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AFTER_KEY_S", "LONGEST_S"):
        monkeypatch.setattr(keys_first, name, 1000.0)
    keys = Keys()
    turns, done = Turns(keys), list[str]()

    def one() -> None:
        done.append("one")
        keys.pressed()
        asyncio.get_running_loop().call_soon(key_is_done)

    def key_is_done() -> None:
        assert done == ["one"]
        done.append("key")
        keys.acted()
        assert keys.painted()
        turns.go_on()

    turns.want(one, lambda: done.append("two"))
    await taken(turns, lambda: "two" in done)
    assert done == ["one", "key", "two"]


def test_a_key_that_lies_at_the_terminal_goes_first() -> None:
    watch = Watch()
    keys = Keys(watch)
    first = KeysFirst(keys)
    ready = [False]
    keys.lie_ready = lambda: ready[0]
    assert first.wait_s() == 0.0
    assert not keys.come
    ready[0] = True
    assert first.wait_s() == pytest.approx(AFTER_KEY_S)
    assert keys.come
    ready[0] = False
    watch.now += TYPING_S
    assert not keys.come


async def test_a_piece_is_done_after_a_key_that_paints_nothing() -> None:
    keys = Keys()
    turns, done = Turns(keys), list[bool]()
    keys.pressed()
    turns.want(lambda: done.append(keys.left_s() <= 0))
    await taken(turns, lambda: bool(done))
    assert done == [True]


async def taken(turns: Turns, until: Callable[[], bool]) -> None:
    """Let pieces be done until a condition holds."""
    over = asyncio.Event()

    def look() -> None:
        if until():
            over.set()
        else:
            turns.want(look)

    turns.want(look)
    worker = asyncio.create_task(turns.take())
    async with asyncio.timeout(10):
        await over.wait()
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
