"""A program in a container that asks, and writes down what it was told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Approval, Task
from tests.support.fleet import create
from tests.support.waiting import wait_until

PROGRAM = r"""
import json, os, socket, sys, threading
asked = json.load(open("/workspace/asked.json"))
def ask(number, fields):
    with socket.socket(socket.AF_UNIX) as to:
        to.connect(os.environ["PARHELIA_AGENT_SOCKET"])
        line = {"type": "approval", "id": f"q{number}", "kind": "permission", "tool": "Bash", **fields}
        to.sendall(json.dumps(line).encode() + b"\n")
        if fields.get("message") == "hang up":
            sys.stdin.readline()
            return
        got = b""
        while piece := to.recv(4096):
            got += piece
            if got.endswith(b"\n"):
                break
        with open(f"/workspace/told{number}", "ab") as file:
            file.write(got or b"nothing\n")
threads = [threading.Thread(target=ask, args=each) for each in enumerate(asked)]
for each in threads:
    each.start()
for each in threads:
    each.join()
"""


def asker(client: Client, place: Path, *asked: dict[str, Any], after: str = "true", **fields: Any) -> Task:
    """Create a task that asks all of these at once, ends when all were answered, then runs a command."""
    (place / "asked.json").write_text(json.dumps(asked))
    (place / "ask.py").write_text(PROGRAM)
    return create(client, f"python3 -I -S ask.py; {after}", place, **fields)


def bash(command: str, **fields: Any) -> dict[str, Any]:
    """A question whether a command may run."""
    return {"input": {"command": command}, **fields}


def waiting(client: Client, task: Task, count: int = 1) -> list[Approval]:
    """Wait until so many questions of a task wait for a person, and give them."""
    wait_until(lambda: len(client.approvals.waiting(task)) == count, 30)
    return client.approvals.waiting(task)


def told(place: Path, number: int = 0) -> list[dict[str, Any]]:
    """Wait until a question was answered, and give every line that came."""
    wait_until(lambda: was_told(place, number), 30)
    return [json.loads(line) for line in (place / f"told{number}").read_text().splitlines()]


def was_told(place: Path, number: int = 0) -> bool:
    """Say whether a question was answered; the file is there before the line is in it."""
    file = place / f"told{number}"
    return file.exists() and file.read_text().endswith("\n")


def one_that_says(client: Client, place: Path, **state: str) -> Task:
    """A program that reports a state, and reads lines."""
    program = f"""
import os, socket
to = socket.socket(socket.AF_UNIX); to.connect(os.environ["PARHELIA_AGENT_SOCKET"])
to.sendall({json.dumps({"type": "state", **state})!r}.encode() + b"\\n")
while True:
    input()
"""
    (place / "say.py").write_text(program)
    return create(client, "python3 -I -S say.py", place)
