"""Keys of every known shape, put in wherever something is typed, printed or reported: nowhere are they found again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.support.asking import waiting
from tests.support.fleet import RELEASE, configure, container_of, create, reach
from tests.support.key_shapes import SHAPES, files_with_keys, seen_in
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.real, pytest.mark.long]

# Prints and reports what it is given in a file, where no key can be recognised.
PROGRAM = r"""
import json, os, socket, time
shapes = json.loads(bytes.fromhex(open("/workspace/shapes").read()))
reports = [
    {"type": "state", "state": "tool", "source": "hook", "tool": "Bash %s", "detail": "run %s", "message": "with %s"},
    {"type": "progress", "message": "at %s", "percent": 1},
    {"type": "talk", "turns": 1, "input_tokens": 1, "output_tokens": 1, "message": "said %s"},
    {"type": "usage", "model": "%s", "input_tokens": 1, "output_tokens": 1, "cost_usd": None},
    {"type": "risky", "message": "removes %s"},
    {"type": "outcome", "ok": False, "reason": "stopped at %s", "message": "because of %s"},
]
for shape in shapes:
    print("printed", shape, flush=True)
    # More than fifty in a second are not listened to.
    time.sleep(0.15)
    for report in reports:
        with socket.socket(socket.AF_UNIX) as to:
            to.connect(os.environ["PARHELIA_AGENT_SOCKET"])
            filled = {
                name: value.replace("%s", shape)[:900] if isinstance(value, str) else value
                for name, value in report.items()
            }
            to.sendall(json.dumps(filled).encode() + b"\n")
to = socket.socket(socket.AF_UNIX)
to.connect(os.environ["PARHELIA_AGENT_SOCKET"])
asked = {"command": "curl " + " ".join(shapes), shapes[0]: {"deep": shapes}}
line = {"type": "approval", "id": "q", "kind": "permission", "tool": "Bash", "input": asked, "message": shapes[0]}
to.sendall(json.dumps(line).encode() + b"\n")
to.recv(65536)
"""


def test_no_key_that_was_typed_printed_or_reported_is_stored_or_shown(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    hook = tmp_path / "hook"
    configure(
        tmp_path,
        "[controller]\nhealth_s = 0.2\n[policy]\nreview_on_completion = true\n[notify]\n"
        f'command = ["sh", "-c", "cat >> {hook}"]\non = ["waiting", "needs_review", "failed", "completed"]\n',
    )
    every = " ".join(SHAPES.values())
    (place / "shapes").write_text(json.dumps(list(SHAPES.values())).encode().hex())
    (place / "says.py").write_text(PROGRAM)
    task = create(client, f"python3 -I -S says.py; touch told; {RELEASE}", place)
    shown: list[str] = []

    def run(*words: str, **how: Any) -> str:
        done = product.run(*words, **how)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        shown.extend((done.stdout, done.stderr))
        return done.stdout

    # What is typed about something that runs.
    [asked] = waiting(client, task)
    run("approval", "list")
    run("approval", "show", asked.id, "--json")
    run("checkpoint", "create", task.id, "--note", every)
    checkpoint, *_ = product.json("checkpoint", "list", task.id)
    run("checkpoint", "note", checkpoint["id"], every)
    run("approval", "deny", task.id, "--reason", every)
    wait_until((place / "told").exists, 60)
    for words in (
        ("session", "new", task.id, "--", "echo", SHAPES["sandboxes"]),
        ("checkpoint", "tag", checkpoint["id"], SHAPES["a payment"]),
        ("task", "create", "true", "--workspace", str(place), "--env", f"A={SHAPES['mail']}"),
    ):
        done = product.run(*words)
        assert (done.returncode, "looks like a key" in done.stderr) == (2, True), words
        shown.append(done.stdout + done.stderr)
    run("memory", "edit", "--text", every, cwd=place)
    (place / "go").touch()
    reach(client, task.id, TaskState.NEEDS_REVIEW, deadline_s=60)
    run("task", "reject", task.id, "--reason", every)
    run("task", "cancel", create(client, "sleep 600", place).id, "--reason", every)
    # What is shown and handed out.
    shows: tuple[tuple[str, ...], ...] = (
        ("task", "list", "--json"),
        ("task", "show", task.id),
        ("task", "logs", task.id),
        ("checkpoint", "show", checkpoint["id"]),
        ("memory", "show", "--workspace", str(place)),
        ("events", "list", "--json"),
        ("events", "export", "-"),
        (
            "events",
            "replay",
            "--at",
            str(int(client.task(task.id).finished_at or 0)),
            "--to",
            str(tmp_path / "report.md"),
        ),
        ("controller", "logs", "--json"),
    )
    for asked_for in shows:
        run(*asked_for)
    shown += [
        product.run("task", "results", task.id).stdout,
        hook.read_text(),
        (tmp_path / "report.md").read_text(),
    ]
    # What is kept, when the container's own files have been gone over.
    runs = product.paths.container(container_of(client, task.id).id)
    wait_until((runs / "scrubbed").exists, 120)
    product.run("controller", "stop")
    assert seen_in("".join(shown).encode()) == []
    assert list(files_with_keys(product.home)) == []
    # It was there, and not left out: what is hidden says so.
    assert "[hidden]" in "".join(shown)


@pytest.mark.parametrize("way", ["file", "batch", "template", "targets"])
def test_a_key_in_a_file_that_tasks_are_made_of_is_refused(
    product: Product, place: Path, tmp_path: Path, way: str
) -> None:
    shape, given = SHAPES["a hub of models"], tmp_path / "given"
    words: tuple[str, ...] = ("task", "create", "--workspace", str(place))
    if way == "file":
        given.write_text(f"do it with {shape}")
        words = (*words, "--file", str(given))
    elif way == "batch":
        given.write_text(json.dumps([{"prompt": f"echo {shape}", "workspace": str(place)}]))
        words = ("--batch", str(given))
    elif way == "targets":
        given.write_text(shape)
        words = (*words, "do {target}", "--targets-from", str(given))
    else:
        configure(tmp_path, f"[templates.keys]\nprompt = {json.dumps(f'echo {shape}')}\n")
        words = (*words, "--template", "keys")
    done = product.run(*words)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert "looks like a key" in done.stdout + done.stderr
    assert seen_in((done.stdout + done.stderr).encode()) == []
    assert list(files_with_keys(product.home)) == []
