"""How long a sandbox whose container has ended stays for who fetches from it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from parhelia_tui.core.shim import elsewhere
from parhelia_tui.core.shim.keeper import FETCHED_S, is_done_with


def said(run: Path, word: bytes, ago_s: float = 0.0) -> None:
    """Have somebody who follows have said something, so many seconds ago."""
    elsewhere.renew(str(run), word)
    at = time.time() - ago_s
    for name in (elsewhere.LEASE, elsewhere.FETCHED):
        if (run / name).exists():
            os.utime(run / name, (at, at))


def test_it_stays_its_time_and_leaves_at_once_when_all_was_taken(tmp_path: Path) -> None:
    now = time.monotonic()
    assert not is_done_with(str(tmp_path), now + 60)
    assert is_done_with(str(tmp_path), now - 1)
    (tmp_path / elsewhere.TAKEN).touch()
    assert is_done_with(str(tmp_path), now + 60)


def test_a_download_that_goes_on_keeps_it_and_one_that_stands_still_does_not(tmp_path: Path) -> None:
    over = time.monotonic() - 1
    said(tmp_path, elsewhere.HERE)
    assert is_done_with(str(tmp_path), over)
    said(tmp_path, elsewhere.HERE + elsewhere.FETCHING, FETCHED_S / 2)
    assert not is_done_with(str(tmp_path), over)
    # Who is there and fetches nothing is no reason to stay.
    elsewhere.renew(str(tmp_path))
    said(tmp_path, elsewhere.FETCHING, FETCHED_S + 1)
    elsewhere.renew(str(tmp_path))
    assert is_done_with(str(tmp_path), over)
