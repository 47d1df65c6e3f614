"""A pane that joins a running container: in a new tmux server, after the first one died."""

from __future__ import annotations

import os
import sys
import termios

from parhelia_tui.core.shim.caller import Call, NoShim
from parhelia_tui.core.shim.relay import Relay
from parhelia_tui.core.shim.spec import load


def join(directory: str) -> int:
    """Show the container's main terminal in ours until one of the two ends.

    Args:
        directory: the run directory.

    Returns:
        0; 1 when there is no shim to join.
    """
    try:
        path = load(directory).shim_socket
        rows, columns = termios.tcgetwinsize(0)
        call = Call(path)
        call.ask({"op": "join", "rows": rows, "cols": columns})
    except (OSError, ValueError, NoShim, termios.error) as error:
        sys.stderr.write(f"the container cannot be joined: {error}\r\n")
        return 1
    Relay(call.descriptor, lambda rows, columns: _resize(path, rows, columns)).run()
    os.close(call.descriptor)
    return 0


def _resize(path: str, rows: int, columns: int) -> None:
    try:
        call = Call(path)
        call.ask({"op": "resize", "rows": rows, "cols": columns})
    except NoShim:
        # The shim is about to end; so is this pane.
        return
    call.close()
