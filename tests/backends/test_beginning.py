"""How long is waited for a container's beginning."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from parhelia_tui.core.backends.local.beginning import START_S, begun
from parhelia_tui.core.backends.local.ends import Ends
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.paths import Paths


async def test_what_was_taken_away_while_it_began_is_waited_for_no_longer(tmp_path: Path) -> None:
    ends = Ends(Paths(tmp_path))
    # This process stands for a pane that lives.
    waits = asyncio.create_task(begun(tmp_path / "containers" / "c-12345678", os.getpid(), ends))
    await asyncio.wait_for(waits, START_S / 2)


async def test_a_pane_that_ended_without_a_word_is_told_of(tmp_path: Path) -> None:
    run = tmp_path / "containers" / "c-12345678"
    run.mkdir(parents=True)
    with pytest.raises(ParheliaError, match="before it could say why"):
        await begun(run, 1 << 22, Ends(Paths(tmp_path)))
