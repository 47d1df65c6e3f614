"""The word that a container has news: never in the way, and the last one waits for its place without working."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from parhelia_tui.core.shim.spool import Wake
from tests.support.waiting import quickest

# Less than it waits for a place.
SOON_S = 0.3


@pytest.fixture
def controller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A controller's socket; its queue takes as many datagrams as the kernel says."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as taker:
        taker.bind("wake.sock")
        taker.settimeout(30)
        yield taker


def fill() -> int:
    """Send until the queue is full; how many it took."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        for number in range(100_000):
            try:
                sender.sendto(b"c-1", "wake.sock")
            except BlockingIOError:
                return number
    raise AssertionError("the queue has no end")


def test_a_full_queue_never_holds_a_supervisor_up(controller: socket.socket) -> None:
    assert fill() > 0
    assert quickest(Wake("wake.sock", "c-2").send, SOON_S) < SOON_S


def test_the_last_word_arrives_when_there_is_a_place(controller: socket.socket) -> None:
    taken = fill()
    last = threading.Thread(target=Wake("wake.sock", "c-2").insist)
    last.start()
    heard = [controller.recv(64) for _ in range(taken + 1)]
    last.join(30)
    assert heard[-1] == b"c-2"


def test_who_waits_for_a_place_does_not_work_meanwhile_and_gives_up(controller: socket.socket) -> None:
    fill()
    began, worked = time.monotonic(), time.thread_time()
    Wake("wake.sock", "c-2").insist()
    assert time.monotonic() - began > SOON_S
    assert time.thread_time() - worked < 0.1


def test_nobody_waits_for_a_controller_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert quickest(Wake("wake.sock", "c-2").insist, SOON_S) < SOON_S
