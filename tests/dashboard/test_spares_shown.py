"""The first line of the dashboard says what is kept ready, as it costs."""

from __future__ import annotations

import time

from parhelia_tui.core.model.spares import GONE_S, SpareState
from parhelia_tui.core.store import containers, spares
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.dashboard.conftest import Opens
from tests.support.still_fleet import StillFleet


async def test_spares_stand_beside_what_runs_elsewhere_until_they_are_gone(
    still: StillFleet, opened: Opens
) -> None:
    db = open_migrated(still.paths.database)
    like = containers.live(db)[0]
    async with opened((100, 40)) as seen:
        assert "spare" not in seen.line_with("● controller")
        with writing(db) as tx:
            for name in ("c-aaaaaaa1", "c-aaaaaaa2"):
                spares.add(tx, name, like, "shell", time.time())
            tx.execute("UPDATE spares SET backend = 'modal'")
        await seen.wait_line("● controller", "   2 spares at modal   ")
        with writing(db) as tx:
            spares.update(tx, "c-aaaaaaa1", state=SpareState.ENDED)
        await seen.wait_line("● controller", "   1 spare at modal   ")
        with writing(db) as tx:
            # Nobody was there to end it, so it has ended by itself.
            spares.update(tx, "c-aaaaaaa2", asked_at=time.time() - GONE_S - 1)
        await seen.wait_gone("spare")
    db.close()
