"""How a container on this machine begins: its supervisor has written its first record, or has said why it cannot."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from parhelia_tui.core.backends.local import run_directory
from parhelia_tui.core.backends.local.ends import Ends
from parhelia_tui.core.backends.local.waiting import until
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.disk import is_full
from parhelia_tui.core.shim import spool
from parhelia_tui.core.shim.processes import is_running

START_S = 20.0
LIKELY_S = 0.03


async def begun(run: Path, pane: int | None, ends: Ends) -> None:
    """Wait until the shim has begun with the container, or has said why it cannot.

    Args:
        run: the container's run directory.
        pane: the process in which the shim was started; None where it had been started before.
        ends: ends a container that does not come to its start.

    Raises:
        ParheliaError: E501, E602.
        OSError: ENOSPC when it ended without a word on a full disk.
    """

    def settled() -> bool:
        return _has_records(run) or not run.is_dir() or (pane is not None and not is_running(pane))

    try:
        # Nothing waits for this but the next that is created; a supervisor takes 10 ms at best.
        await until(settled, START_S, first_s=LIKELY_S)
    except TimeoutError as error:
        await ends.abandon(run.name)
        raise ParheliaError("E602", f"the container did not start within {START_S:g} s") from error
    if run_directory.is_alive(run) or not run.is_dir():
        # What somebody took away may come back; what is true of the container the next look at it finds.
        return
    record = run_directory.exit_of(run)
    if record is None and not run_directory.was_started(run):
        if is_full(run) or not os.statvfs(run).f_favail:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise ParheliaError("E602", "the supervisor ended before it could say why")
    if record is not None and record.reason == "start_failed":
        raise ParheliaError("E602", f"the container could not be started: {record.detail}")


def _has_records(run: Path) -> bool:
    try:
        return (run / spool.NAME).stat().st_size > 0
    except FileNotFoundError:
        return False
