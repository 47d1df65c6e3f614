"""A sandbox that waits for its container, however long that is on its way."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from parhelia_tui.core.shim import elsewhere, handing, keeper, spec
from parhelia_tui.core.shim.calls import Calls

PATIENCE_S = 60.0
BEGIN_S = 1.0


def test_it_ends_where_nothing_comes(tmp_path: Path) -> None:
    elsewhere.renew(str(tmp_path))
    assert not keeper._is_brought(str(tmp_path), Calls(str(tmp_path)), BEGIN_S)


def test_it_waits_as_long_as_something_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then for three times as long as it would wait for the first."""
    reader, writer = os.pipe()
    piece = handing.Piece(reader, 1000, str(tmp_path))
    came = threading.Event()

    def bring() -> None:
        for _ in range(30):
            os.write(writer, b"x")
            assert piece.read(1) == b"x"
            came.wait(0.1)
        (tmp_path / spec.NAME).write_text("{}")

    elsewhere.renew(str(tmp_path))
    monkeypatch.setattr(handing, "RENEW_S", 0.0)
    bringing = threading.Thread(target=bring)
    bringing.start()
    try:
        assert keeper._is_brought(str(tmp_path), Calls(str(tmp_path)), BEGIN_S)
    finally:
        bringing.join(PATIENCE_S)
        os.close(reader)
        os.close(writer)
