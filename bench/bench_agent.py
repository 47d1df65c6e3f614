"""Agents: what watching costs at the start of Claude Code, and how soon a state is on the screen."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.harness import Result, percentile, ratio, seconds
from bench.home import benchmark_home
from bench.terminal import OnTerminal
from parhelia_tui.core.agents import watcher
from parhelia_tui.core.model.request import TaskRequest
from tests.support.real_claude import NEW, path_of
from tests.support.scripted_api import ScriptedApi

PARHELIA = str(Path(sys.executable).with_name("parhelia"))
STATES = 200
ROUNDS = 15

# Reports states as an agent's watcher does, at moments that are in step with nothing, and notes each moment. It
# stays a while after the last one, whose paint the end of the container would otherwise paint over.
TELLS = """
import json, os, socket, time
connection = socket.socket(socket.AF_UNIX)
connection.connect(os.environ["PARHELIA_AGENT_SOCKET"])
with open("/workspace/times", "w") as times:
    for number in range(COUNT):
        time.sleep(0.1 + (number * 37 % 100) / 1000)
        state = {"type": "state", "state": "tool", "source": "hook", "tool": "Bash", "detail": f"state {number:04d}."}
        times.write(f"{time.perf_counter()}\\n")
        times.flush()
        connection.sendall(json.dumps(state).encode() + b"\\n")
time.sleep(5)
""".replace("COUNT", str(STATES))


def measure() -> list[Result]:
    """The watcher beside the program against the program alone; then states of a container on a dashboard."""
    results = []
    if path_of(NEW).is_file():
        run, alone, watched = start_costs()
        results = [
            Result.reported("agent", "a headless turn of Claude Code alone", alone * 1000, "ms"),
            Result.reported("agent", "the same with the watcher beside it", watched * 1000, "ms"),
            Result.at_most("agent", "watched / alone", run, "x", 1.10),
        ]
    delays = state_delays()
    return [
        *results,
        Result.reported(
            "agent", "state in a container to its paint, median", percentile(delays, 0.5) * 1000, "ms"
        ),
        Result.at_most(
            "agent", "state in a container to its paint, 99 %", percentile(delays, 0.99) * 1000, "ms", 300
        ),
    ]


def start_costs() -> tuple[float, float, float]:
    """Ratio and seconds of one headless turn: with the watcher, and alone."""
    with (
        tempfile.TemporaryDirectory(prefix="parhelia-bench-") as place,
        ScriptedApi(Path(place, "api.sock")) as api,
    ):
        env = {
            **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
            "HOME": place,
            "ANTHROPIC_UNIX_SOCKET": str(api.path),
            "ANTHROPIC_BASE_URL": "http://parhelia",
            "ANTHROPIC_API_KEY": "dummy",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_TELEMETRY": "1",
        }
        prompt = Path(place, "prompt")
        prompt.write_text("SCENARIO=text say it")
        words = [str(path_of(NEW)), "-p", "--output-format", "stream-json", "--verbose"]
        both = [*words, "--input-format", "stream-json", "--permission-prompt-tool", "stdio"]
        plan = Path(place, "plan")
        plan.write_bytes(watcher.plan("headless", "00000000-0000-4000-8000-000000000000", str(prompt), both))
        python = [sys.executable, "-I", "-S", "-B", str(watcher.PROGRAM / "__main__.py"), str(plan)]

        def run(command: list[str]) -> float:
            return seconds(
                lambda: subprocess.run(
                    command, env=env, cwd=place, stdin=subprocess.DEVNULL, capture_output=True, check=True
                )
            )

        found = ratio(lambda: run(python), lambda: run([*words, prompt.read_text()]), ROUNDS)
        return found.value, found.base_seconds, found.seconds


def state_delays() -> list[float]:
    """Seconds from a report inside a container to its words on the terminal of a dashboard."""
    with (
        benchmark_home() as client,
        tempfile.TemporaryDirectory(prefix="parhelia-bench-") as workspace,
    ):
        request = TaskRequest(
            prompt=f"python3 -I -c '{TELLS}'", title="tells its states", workspace=workspace
        )
        with OnTerminal((PARHELIA,)) as terminal:
            terminal.until_drawn("parhelia")
            client.create_task(request)
            painted = [terminal.until_drawn(f"state {number:04d}.") for number in range(STATES)]
        told = [float(line) for line in Path(workspace, "times").read_text().split()]
        # What is not in front of its report was drawn by it.
        return [after - before for before, after in zip(told, painted, strict=False)]


if __name__ == "__main__":
    began = time.perf_counter()
    for each in measure():
        print(each)
    print(time.perf_counter() - began)
