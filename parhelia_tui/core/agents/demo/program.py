"""The demo agent's program: plans, edits, runs, asks and reports, all from a seed. Standard library only."""

import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time
from typing import Any

BOLD, DIM, RED, GREEN, CYAN, YELLOW, PLAIN = (
    "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[36m", "\x1b[33m", "\x1b[0m",
)  # fmt: skip
MODEL = "claude-sonnet-5"
INPUT_USD, OUTPUT_USD = 2.0, 10.0
NAMES = ("parser", "cache", "router", "ledger", "intake", "pages", "config", "tokens")
VERBS = ("load", "merge", "count", "split", "check", "format", "resolve", "expire")
QUESTIONS = (
    "Shall I also rename the old function? [Y/n]",
    "The tests write to disk. Use a temporary directory? [Y/n]",
    "Two modules could own this. Keep it in {name}.py? [Y/n]",
)


class Reports:
    """Tells the supervisor; works without one."""

    def __init__(self) -> None:
        self._connection: socket.socket | None = socket.socket(socket.AF_UNIX)
        try:
            self._connection.connect(os.environ.get("PARHELIA_AGENT_SOCKET", ""))
        except OSError:
            self._connection = None

    def send(self, **report: object) -> None:
        """Send one report."""
        if self._connection is not None:
            try:
                self._connection.sendall(json.dumps(report).encode() + b"\n")
            except OSError:
                self._connection = None


class Demo:
    """One run of the script.

    Args:
        script: prompt, seed, pace (seconds are multiplied by it), ask, fail, turns.
        workspace: where files are written; what is there already is never touched.
    """

    def __init__(self, script: dict[str, Any], workspace: str) -> None:
        self._script = script
        self._chance = random.Random(script["seed"])
        self._pace = float(script["pace"])
        self._workspace = workspace
        self._reports = Reports()
        self._name = self._chance.choice(NAMES)
        self._module = ""
        self._mine: set[str] = set()

    def run(self) -> int:
        """Play all turns; gives the exit code."""
        self._say(f"{BOLD}demo agent{PLAIN} {DIM}(scripted, seed {self._script['seed']}){PLAIN}")
        first = " ".join(self._script["prompt"].split())[:160]
        self._say(f"> {first}\n")
        self._reports.send(type="state", state="working", message="planning")
        self._plan()
        self._module = self._free_name(f"{self._name}.py")
        turns = self._script["turns"] or self._chance.randint(4, 8)
        asks_at = self._chance.randrange(turns) if self._chance.random() < self._asking() else -1
        for turn in range(turns):
            if turn == asks_at:
                self._ask()
            self._turn(turn, turns)
        if self._script["fail"]:
            self._say(f"\n{RED}● The tests still fail, and I do not know why. I stop here.{PLAIN}")
            self._reports.send(type="state", state="error", message="the tests still fail")
            return 1
        self._say(f"\n{GREEN}● Done.{PLAIN} {self._module} works and its tests pass.")
        self._reports.send(type="state", state="done", message=f"{self._module} works and its tests pass")
        return 0

    def _asking(self) -> float:
        return {"never": 0.0, "sometimes": 0.5, "always": 1.0}[self._script["ask"]]

    def _say(self, text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def _think(self, seconds: float, what: str) -> None:
        """A line that redraws in place, as such agents show that they work."""
        end = time.monotonic() + seconds * self._pace
        step = 0
        while (left := end - time.monotonic()) > 0:
            sys.stdout.write(f"\r{CYAN}{'·✢✳✻✽'[step % 5]}{PLAIN} {what}… {DIM}({left:.0f}s){PLAIN}\x1b[K")
            sys.stdout.flush()
            step += 1
            time.sleep(min(0.25, left))
        sys.stdout.write("\r\x1b[K")

    def _plan(self) -> None:
        self._think(1.5, "Reading the workspace")
        verb = self._chance.choice(VERBS)
        self._say(f"● I will do this in three steps:\n  1. write {self._name}.py with `{verb}`")
        self._say("  2. write a test that fails\n  3. make it pass, then tidy up\n")
        self._spend()

    def _turn(self, turn: int, turns: int) -> None:
        self._reports.send(
            type="progress", message=f"step {turn + 1} of {turns}", percent=100.0 * turn / turns
        )
        self._think(self._chance.uniform(1.0, 3.0), self._chance.choice(("Thinking", "Writing", "Checking")))
        step = turn % 3
        if step == 0:
            self._write_module(turn)
        elif step == 1:
            self._write_test()
        else:
            self._run(["sh", "-c", "ls -la && wc -l *.py"])
        self._spend()

    def _free_name(self, name: str) -> str:
        stem, _, ending = name.partition(".")
        number, free = 1, name
        while os.path.exists(os.path.join(self._workspace, free)) and free not in self._mine:
            number += 1
            free = f"{stem}_{number}.{ending}"
        return free

    def _edit(self, name: str, text: str) -> None:
        path = os.path.join(self._workspace, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        self._mine.add(name)
        lines = text.splitlines()
        self._say(f"{BOLD}● Write({name}){PLAIN} {DIM}{len(lines)} lines{PLAIN}")
        for number, line in enumerate(lines[:6], 1):
            self._say(f"  {DIM}{number:3}{PLAIN} {GREEN}+ {line}{PLAIN}")
        if len(lines) > 6:
            self._say(f"  {DIM}… {len(lines) - 6} more{PLAIN}")

    def _write_module(self, turn: int) -> None:
        verb = self._chance.choice(VERBS)
        bound = self._chance.randint(2, 9) + turn
        self._edit(
            self._module,
            f'"""A small {self._name}, written by the demo agent."""\n\n\n'
            f"def {verb}(items: list[int], limit: int = {bound}) -> list[int]:\n"
            f'    """Keep what is below the limit, in order and once."""\n'
            f"    return sorted({{item for item in items if item < limit}})\n\n\n"
            f"{verb.upper()}_LIMIT = {bound}\nKEEP = {verb}\n",
        )

    def _write_test(self) -> None:
        stem = self._module.partition(".")[0]
        name = self._free_name(f"test_{self._module}")
        self._edit(
            name,
            f"import unittest\n\nfrom {stem} import KEEP\n\n\nclass Keeps(unittest.TestCase):\n"
            "    def test_order(self) -> None:\n        self.assertEqual(KEEP([1, 0, 1], 5), [0, 1])\n",
        )
        self._run([sys.executable, "-m", "unittest", "-q", name.partition(".")[0]])

    def _run(self, command: list[str]) -> None:
        shown = " ".join("python3" if word == sys.executable else word for word in command)
        self._say(f"{BOLD}● Bash({shown}){PLAIN}")
        done = subprocess.run(
            command,
            cwd=self._workspace,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        for line in (done.stdout + done.stderr).splitlines()[:8]:
            self._say(f"  {DIM}⎿{PLAIN} {line}")
        if done.returncode:
            self._say(f"  {YELLOW}⎿ exit code {done.returncode}{PLAIN}")

    def _ask(self) -> None:
        question = self._chance.choice(QUESTIONS).format(name=self._name)
        self._reports.send(type="state", state="waiting", message=question)
        sys.stdout.write(f"\a\n{YELLOW}◆ {question}{PLAIN} ")
        sys.stdout.flush()
        select.select([0], [], [])
        answer = sys.stdin.readline().strip() or "Y"
        self._say(f"{DIM}answered: {answer[:60]}{PLAIN}\n")
        self._reports.send(type="state", state="working", message=f"answered: {answer[:60]}")

    def _spend(self) -> None:
        spent_in, spent_out = self._chance.randint(4_000, 30_000), self._chance.randint(200, 2_500)
        cost = (spent_in * INPUT_USD + spent_out * OUTPUT_USD) / 1_000_000
        self._reports.send(
            type="usage", model=MODEL, input_tokens=spent_in, output_tokens=spent_out, cost_usd=round(cost, 6)
        )


def main() -> int:
    """Read the script from the home directory and play it."""
    with open(os.path.join(os.environ["HOME"], ".demo.json"), encoding="utf-8") as file:
        script = json.load(file)

    def stopped(number: int, _: object) -> None:
        sys.stdout.write(f"\r\n{YELLOW}● stopped{PLAIN}\r\n")
        sys.stdout.flush()
        os._exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stopped)
    try:
        return Demo(script, os.getcwd()).run()
    except OSError as error:
        sys.stdout.write(f"{RED}● I cannot go on: {error}{PLAIN}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
