"""The agent `demo`: its program is a script of ours that runs inside like any other agent."""

from __future__ import annotations

import json
import shutil
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path

from parhelia_tui.core.agents.base import Launch
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Mount, Task

PROGRAM = Path(__file__).with_name("program.py")
INSIDE = "/run/demo.py"
ASKS = ("never", "sometimes", "always")


class DemoAgent:
    """Plans, edits files, runs commands, sometimes asks, and reports tokens; the same seed does the same."""

    name = "demo"
    summary = "a scripted coding agent, to try everything without an account"

    def check(self, prompt: str, options: Mapping[str, object]) -> None:
        """Refuse unknown options and values out of range. Raises E100."""
        allowed = {
            "seed": lambda value: type(value) is int,
            "pace": lambda value: isinstance(value, int | float) and 0 <= value <= 100,
            "ask": lambda value: value in ASKS,
            "fail": lambda value: isinstance(value, bool),
            "turns": lambda value: type(value) is int and 1 <= value <= 500,
        }
        for name, value in options.items():
            if name not in allowed:
                raise ParheliaError(
                    "E100", f"the agent demo knows no option {name!r}; it knows {', '.join(allowed)}"
                )
            if not allowed[name](value):
                raise ParheliaError("E100", f"the option {name} of the agent demo cannot be {value!r}")

    def prepare_home(self, home: Path, task: Task) -> None:
        """Write what the script is to do."""
        script = {
            "prompt": task.prompt,
            "seed": task.agent_options.get("seed", zlib.crc32(task.id.encode())),
            "pace": task.agent_options.get("pace", 1.0),
            "ask": task.agent_options.get("ask", "sometimes"),
            "fail": task.agent_options.get("fail", False),
            "turns": task.agent_options.get("turns", 0),
        }
        (home / ".demo.json").write_text(json.dumps(script))

    def launch(self, task: Task) -> Launch:
        """Run the program with the system's Python, or with ours where the system has none."""
        system = shutil.which("python3", path="/usr/bin:/usr/local/bin")
        mounts = [Mount(PROGRAM, INSIDE)]
        if system is None:
            mounts.append(Mount(Path(sys.base_prefix), sys.base_prefix))
            system = getattr(sys, "_base_executable", sys.executable)
        program = str(PROGRAM) if task.unsandboxed else INSIDE
        return Launch([system, "-I", program], mounts=tuple(mounts))
