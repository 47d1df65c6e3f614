"""Reports that are attacks: the shim stays small and alive, and what is true is still told."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import TASK_ENDED, TaskState
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

SMALL_KB = 24 * 1024
"""Far above what a shim needs (about 9 MB), far below what it would take to keep what these send."""

BEGIN = """
import json, os, socket, sys, threading, time
PATH = os.environ["PARHELIA_AGENT_SOCKET"]

def connect():
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(1.0)
    made.connect(PATH)
    return made

def send(data):
    with connect() as connection:
        connection.sendall(data)

def usage(**changed):
    fields = {"type": "usage", "model": "m", "input_tokens": 1, "output_tokens": 1, "cost_usd": 1.0}
    return json.dumps({**fields, **changed}).encode() + b"\\n"
"""

# The truth is told again and again, because a flood may take its place once.
TRUTH = """
line = json.dumps({"type": "state", "state": "waiting", "message": "the truth"}).encode() + b"\\n"
while not os.path.exists("/workspace/go"):
    try:
        send(line)
    except OSError:
        pass
    time.sleep(0.1)
sys.exit(7)
"""

ATTACKS = {
    "no JSON": r'send(b"hello\n\xff\xfe\x00\n}{\n" + os.urandom(100000))',
    "JSON of another form": r'send(b"null\n[]\n5\n{}\n" + b"{\"type\": \"state\", \"state\": [\"done\"]}\n")',
    "orders": """
send(b'{"op": "terminate", "reason": "x", "grace_s": 0}\\n')
send(b'{"type": "exited", "exit_code": 0}\\n')
""",
    "a huge line": 'send(b"{\\"type\\": \\"state\\", \\"message\\": \\"" + b"x" * 30_000_000 + b"\\"}\\n")',
    "deep nesting": 'send(b"[" * 8000 + b"\\n" + b"{\\"a\\":" * 1300 + b"\\n")',
    "false counts": """
for count in (-1, -10**9, 10**30, 1.5, True, "5", None, [], 10**12 + 1):
    send(usage(input_tokens=count) + usage(output_tokens=count))
for cost in (-1, 1e9, "1", True):
    send(usage(cost_usd=cost))
send(usage().replace(b"1.0", b"NaN") + usage().replace(b"1.0", b"1e999"))
""",
    "connections that say nothing": """
held = []
for _ in range(200):
    try:
        held.append(connect())
    except OSError:
        pass
for each in held:
    each.close()
""",
    "half a line on every connection": """
held = [connect() for _ in range(16)]
for each in held:
    try:
        each.sendall(b"x" * 8000)
    except OSError:
        pass
for each in held:
    each.close()
""",
    "answers that are never read": 'held = connect(); held.sendall(b"\\n" * 5)',
    "many connections one after the other": """
for _ in range(300):
    try:
        send(b"x\\n")
    except OSError:
        pass
""",
}


def started(product: Product, tmp_path: Path, script: str) -> tuple[Client, Task, Path]:
    """Start a task whose container runs a script, and give its run directory."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "attack.py").write_text(script)
    client = product.client()
    task = client.create_task(
        client.request({"prompt": "exec python3 /workspace/attack.py", "workspace": str(workspace)})
    )
    client.ensure_controller()
    wait_until(lambda: client.task(task.id).state is not TaskState.PENDING, 20)
    wait_until(lambda: client.containers_of(task.id) != [], 20)
    return client, task, client.paths.container(client.containers_of(task.id)[0].id)


def shim_of(run: Path) -> int:
    """The pid of the shim."""
    wait_until(lambda: (run / "shim.pid").exists() and (run / "shim.pid").stat().st_size > 0)
    return int(json.loads((run / "shim.pid").read_text())["pid"])


def largest_kb(pid: int) -> int:
    """The most memory that a process ever had, in KiB."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmHWM"].split()[0])


def processor_s(pid: int) -> float:
    """The processor time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_leaves_the_shim_small_and_the_truth_told(
    product: Product, tmp_path: Path, attack: str
) -> None:
    tolerant = f"try:\n{_indented(ATTACKS[attack])}\nexcept OSError:\n    pass\n"
    client, task, run = started(product, tmp_path, BEGIN + tolerant + TRUTH)
    shim = shim_of(run)
    wait_until(lambda: client.task(task.id).question == "the truth", 20)
    assert largest_kb(shim) < SMALL_KB
    (tmp_path / "workspace" / "go").touch()
    wait_until(lambda: client.task(task.id).state in TASK_ENDED, 20)
    ended = client.task(task.id)
    assert (ended.state, ended.exit_code) == (TaskState.FAILED, 7)
    assert (ended.input_tokens, ended.output_tokens, ended.cost_usd) == (0, 0, None)


def _indented(script: str) -> str:
    return "\n".join("    " + line for line in script.strip().splitlines())


FLOODS = {
    "reports": "piece = usage() * 200",
    "bytes without a line's end": 'piece = b"x" * 65536',
    "empty lines": 'piece = b"\\n" * 65536',
    "lines without form": 'piece = b"{}\\n" * 20000',
}
FLOOD = """
def flood():
    while not os.path.exists("/workspace/stop"):
        try:
            with connect() as connection:
                while not os.path.exists("/workspace/stop"):
                    connection.sendall(piece)
        except OSError:
            pass
for _ in range(4):
    threading.Thread(target=flood).start()
while not os.path.exists("/workspace/stop"):
    time.sleep(0.05)
"""


@pytest.mark.long
@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_costs_the_machine_little_and_the_end_is_still_true(
    product: Product, tmp_path: Path, kind: str
) -> None:
    client, task, run = started(product, tmp_path, BEGIN + FLOODS[kind] + FLOOD + TRUTH)
    shim = shim_of(run)
    wait_until(lambda: client.task(task.id).state is TaskState.RUNNING, 20)
    before, began = processor_s(shim), time.monotonic()
    # Time itself is measured here: what the flood costs in two seconds of it.
    wait_until(lambda: time.monotonic() - began > 2.0, 5)
    spent = (processor_s(shim) - before) / (time.monotonic() - began)
    assert spent < 0.3
    assert largest_kb(shim) < SMALL_KB
    reports = sum(
        json.loads(line)["type"] == "agent" for line in (run / "spool.jsonl").read_text().splitlines()
    )
    assert reports <= 50 * (time.monotonic() - began + 3)
    (tmp_path / "workspace" / "stop").touch()
    wait_until(lambda: client.task(task.id).question == "the truth", 20)
    (tmp_path / "workspace" / "go").touch()
    wait_until(lambda: client.task(task.id).state in TASK_ENDED, 20)
    assert client.task(task.id).exit_code == 7


def test_what_a_message_says_acts_on_no_terminal(product: Product, tmp_path: Path) -> None:
    hostile = "\x1b]52;c;SE9T\x07\x1b[2Jred\x9b31m\r\n\u202etxt\x00 end"
    script = (
        BEGIN
        + f"""
message = {hostile!r}
for kind in ({{"type": "state", "state": "waiting"}}, {{"type": "progress", "percent": 5}}):
    send(json.dumps({{**kind, "message": message}}).encode() + b"\\n")
send(usage(model=message))
while not os.path.exists("/workspace/go"):
    time.sleep(0.05)
"""
    )
    client, task, _ = started(product, tmp_path, script)
    wait_until(lambda: client.task(task.id).input_tokens == 1, 20)
    assert client.task(task.id).question.endswith("end")
    shown = [
        product.run(*words, env={"CLICOLOR_FORCE": "1"}).stdout
        for words in (("task", "show", task.id), ("task", "list"), ("events", "list"), ("budget",))
    ]
    (tmp_path / "workspace" / "go").touch()
    for text in shown:
        for evil in ("\x1b]", "\x1b[2J", "\x07", "\x9b", "\r", "\u202e", "\x00"):
            assert evil not in text
