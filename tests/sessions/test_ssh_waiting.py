"""The line while there is no connection fits into the terminal, and the key that leaves is never what is cut."""

from __future__ import annotations

import pytest

from parhelia_tui.core.sessions.ssh_waiting import LEAVES, _fitted


@pytest.mark.parametrize("columns", [16, 20, 40, 60, 120])
@pytest.mark.parametrize("what", ["Connecting to c-1", "The connection broke; connecting again"])
def test_the_key_stays_whole(what: str, columns: int) -> None:
    said = _fitted(what, columns)
    assert said.endswith(LEAVES)
    assert len(said) <= max(columns - 2, len(LEAVES))
    assert said.startswith(what) == (len(what) + len(f" ...  {LEAVES}") <= columns - 2)
