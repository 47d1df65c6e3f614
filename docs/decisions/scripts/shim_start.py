"""Instructions (user) of a supervisor's interpreter until it could begin: `python shim_start.py`, needs perf(1)."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from parhelia_tui.core.backends.local import shim_code  # noqa: E402 (found by the path above)

LAST = "parhelia_tui.core.shim.supervisor"
END = "import posix; posix._exit(0)"


def instructions(code: str) -> float:
    """Millions of them, of Python with this code; of nine runs the median."""
    perf = ["perf", "stat", "-x,", "-e", "instructions:u", "--"]
    words = [*perf, shim_code.PYTHON, "-I", "-S", "-X", "utf8", "-c", code]
    seen = [subprocess.run(words, capture_output=True, text=True, check=True).stderr for _ in range(9)]
    return sorted(int(each.split(",")[0]) for each in seen)[4] / 1e6


def main() -> None:
    """Print one line for each way."""
    with tempfile.TemporaryDirectory() as home:
        command = shim_code.command(Path(home), "run", "nowhere")
        begin = command[command.index("-c") + 1].partition("from parhelia_tui")[0]
        for name, code in (
            ("the interpreter alone", END),
            ("with the module os", f"import os\n{END}"),
            ("with os, json and signal", f"import os, json, signal\n{END}"),
            ("modules as files", f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {LAST}\n{END}"),
            ("modules in one file", f"{begin}import {LAST}\n{END}"),
        ):
            print(f"{name:28}{instructions(code):6.1f} million")


if __name__ == "__main__":
    main()
