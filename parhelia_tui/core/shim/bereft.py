"""The end of a container whose supervisor was killed, recorded by the keeper of its sandbox.

Without a record nobody would fetch what it worked out, and its sandbox would cost until it leaves by itself.
"""

from __future__ import annotations

import time

from parhelia_tui.core.shim import elsewhere, exit_record, spool, system
from parhelia_tui.core.shim.lean import dumps, loads
from parhelia_tui.core.shim.output import LOG, OLDER, RECENT_BYTES
from parhelia_tui.core.shim.processes import kill_all_of
from parhelia_tui.core.shim.text import last_lines

DIED = "died"


def settle(directory: str) -> None:
    """End what is left of the container and record its end, unless its supervisor did.

    Args:
        directory: the run directory.
    """
    if system.exists(system.join(directory, exit_record.NAME)):
        return
    if system.getuid() != elsewhere.AGENT_ID:
        kill_all_of(elsewhere.AGENT_ID)
    seq, started_at = _recorded(directory)
    reason, detail = DIED, "its supervisor was killed, and the container with it"
    if not seq:
        reason, detail = "start_failed", "its supervisor could not begin"
    tail, size = _output(directory)
    record = exit_record.record(None, started_at, reason, detail, tail, size)
    last = {"seq": seq + 1, "at": time.time(), "type": "exited"}
    # The mirror takes the exit record for the end of all, so it comes last.
    _append(directory, dumps(last | record) + "\n")
    try:
        # The supervisor has kept a place for it, also on a disk that is full by now.
        exit_record.finish(exit_record.reserve(directory), directory, record, lambda: _make_room(directory))
    except OSError:
        # The sandbox goes as one of which nothing is known.
        return


def _recorded(directory: str) -> tuple[int, float | None]:
    """Give the number of the supervisor's last record, 0 for none, and when the container started."""
    seq, started_at = 0, None
    try:
        with open(system.join(directory, spool.NAME), "rb") as file:
            for line in file:
                # What it was writing when it was killed is no record.
                if line.endswith(b"}\n"):
                    record = loads(line.decode("ascii"))
                    seq = record["seq"]
                    started_at = record["at"] if record["type"] == "started" else started_at
    except OSError:
        return seq, started_at
    return seq, started_at


def _append(directory: str, line: str) -> None:
    try:
        with open(system.join(directory, spool.NAME), "a+b") as file:
            file.seek(max(0, file.tell() - 1))
            whole = file.read() in (b"", b"\n")
            file.write(line.encode("ascii") if whole else b"\n" + line.encode("ascii"))
    except OSError:
        # A full disk. The exit record says as much.
        return


def _output(directory: str) -> tuple[list[str], int]:
    """Give the last lines of what was printed, and how many bytes of it there are in the log."""
    try:
        with open(system.join(directory, LOG), "rb") as file:
            size = system.fstat(file.fileno()).st_size
            file.seek(max(0, size - RECENT_BYTES))
            return last_lines(file.read()), size
    except OSError:
        return [], 0


def _make_room(directory: str) -> None:
    try:
        system.unlink(system.join(directory, OLDER))
    except OSError:
        return
