"""Instructions (user) of what starts for a container: `python shim_start.py`, needs valgrind and tmux.

They are counted and not timed, so load on the machine does not change them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from parhelia_tui.core.backends.local import shim_code  # noqa: E402 (found by the path above)
from parhelia_tui.core.sessions.tmux_config import config_text, write_config  # noqa: E402

LAST = "parhelia_tui.core.shim.supervisor"
END = "import posix; posix._exit(0)"
COUNTED = re.compile(r"Collected : (\d+)")


def instructions(words: list[str], logs: Path) -> float:
    """Millions of them, of the process that takes most: of tmux that is the server, which its client forks."""
    valgrind = [
        *("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"),
        *("--log-file=" + str(logs / "%p"), "--"),
    ]
    for old in logs.iterdir():
        old.unlink()
    subprocess.run([*valgrind, *words], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=True)
    # What becomes another program is counted no further; the server ends with its session.
    while any((Path("/proc") / each.name).exists() for each in logs.iterdir()):
        time.sleep(0.1)
    found = [COUNTED.search(each.read_text()) for each in logs.iterdir()]
    return max(int(count[1]) for count in found if count) / 1e6


def main() -> None:
    """Print one line for each way."""
    with tempfile.TemporaryDirectory() as place:
        home, logs = Path(place) / "home", Path(place) / "logs"
        home.mkdir(mode=0o700)
        logs.mkdir()
        command = shim_code.command(home, "run", "nowhere")
        begin = command[command.index("-c") + 1].partition("from parhelia_tui")[0]
        python = [shim_code.PYTHON, "-I", "-S", "-X", "utf8", "-c"]
        (home / "whole.conf").write_text(config_text())
        session = ["new-session", "-d", "-s", "x", "-x", "120", "-y", "40", "--", "sleep", "1"]
        tmux = ["tmux", "-u", "-S", str(home / "socket"), "-f"]
        # Once for the caches of compiled code.
        subprocess.run([*python, f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {LAST}"], check=True)
        for name, words in (
            ("the interpreter alone", [*python, END]),
            ("with the module os", [*python, f"import os\n{END}"]),
            ("with os, json and signal", [*python, f"import os, json, signal\n{END}"]),
            (
                "modules as files",
                [*python, f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {LAST}\n{END}"],
            ),
            ("modules in one file", [*python, f"{begin}import {LAST}\n{END}"]),
            ("tmux, no configuration", [*tmux, "/dev/null", *session]),
            ("tmux, all of ours at once", [*tmux, str(home / "whole.conf"), *session]),
            ("tmux, ours", [*tmux, str(write_config(home)), *session]),
        ):
            print(f"{name:28}{instructions(words, logs):6.1f} million")


if __name__ == "__main__":
    main()
