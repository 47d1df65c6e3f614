"""`parhelia attach` in a real terminal: there, and back to the shell as it was."""

from __future__ import annotations

import json
import shlex

import pytest

from parhelia_tui.core.model.states import TaskState
from tests.support.fleet import reach
from tests.support.outer_terminal import OuterTerminal
from tests.support.product import PARHELIA, Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

CTRL_Q = b"\x11"
LEAVE_SCREEN = b"\x1b[?1049l"


def begun(product: Product, command: str) -> str:
    """Create a task, wait until it runs, and give its id."""
    task_id: str = product.json("task", "create", "--mode", "empty", command)["id"]
    client = product.client()
    reach(client, task_id, TaskState.RUNNING, deadline_s=30)
    client.close()
    return task_id


def attached(*words: str, term: str = "xterm-256color") -> OuterTerminal:
    """A shell that attaches on a terminal of a type, and then says the exit code."""
    line = f"TERM={term} {shlex.join([PARHELIA, 'attach', *words])}"
    return OuterTerminal(["bash", "-c", f"echo BEFORE; {line}; echo BACK=$?; read -r rest; echo GOT=$rest"])


def test_what_is_typed_arrives_and_ctrl_q_returns_to_the_shell_as_it_was(product: Product) -> None:
    task_id = begun(product, "echo READY; while read -r line; do echo got:$line:; done")
    with attached(task_id) as terminal:
        before = terminal.modes()
        terminal.wait_for(rb"READY", 30)
        terminal.write(b"hello\r")
        terminal.wait_for(rb"got:hello:", 30)
        terminal.write(CTRL_Q)
        said = terminal.wait_for(rb"BACK=0\r\n", 30)
        assert terminal.modes() == before
        terminal.write(b"typed\n")
        terminal.wait_for(rb"GOT=typed", 30)
    shown = said.rpartition(LEAVE_SCREEN)[2].decode()
    (session,) = product.json("session", "list")
    name = session["name"]
    assert f"left {name}; it goes on. Back to it: parhelia attach {name}\r\n" in shown
    assert "AttachResult" not in shown
    assert "{" not in shown
    assert product.json("task", "show", task_id)["state"] == "running"


def test_with_json_one_object_tells_how_it_was_left(product: Product) -> None:
    task_id = begun(product, "echo READY; sleep 600")
    with attached(task_id, "--json") as terminal:
        terminal.wait_for(rb"READY", 30)
        terminal.write(CTRL_Q)
        said = terminal.wait_for(rb"BACK=0\r\n", 30)
    line = next(line for line in said.decode().splitlines() if '"success"' in line)
    answer = json.loads(line[line.index('{"success"') :])
    assert answer["data"]["end"] == "detached"
    assert answer["data"]["task_id"] == task_id
    assert answer["next_actions"] == [f"parhelia attach {answer['data']['session']}"]


def test_a_task_that_ends_meanwhile_gives_the_shell_back_and_says_how_it_ended(product: Product) -> None:
    task_id = begun(product, "echo READY; read -r line; exit 3")
    with attached(task_id) as terminal:
        before = terminal.modes()
        terminal.wait_for(rb"READY", 30)
        terminal.write(b"\r")
        said = terminal.wait_for(rb"BACK=0\r\n", 30).rpartition(LEAVE_SCREEN)[2]
        assert terminal.modes() == before
    assert b"has ended: failed" in said
    assert b"exit code 3" in said


def test_a_further_session_is_attached_by_its_name_and_its_end_ends_no_task(product: Product) -> None:
    task_id = begun(product, "sleep 600")
    name = product.json("session", "new", task_id, "echo EXTRA; read -r line")["name"]
    with attached(name) as terminal:
        terminal.wait_for(rb"EXTRA", 30)
        terminal.write(b"\r")
        said = terminal.wait_for(rb"BACK=0\r\n", 30)
    assert f"{name} has ended\r\n" in said.decode()
    assert product.json("task", "show", task_id)["state"] == "running"


def test_what_cannot_be_attached_is_told_in_words(product: Product) -> None:
    task_id = product.json("task", "create", "--mode", "empty", "true")["id"]
    wait_until(lambda: product.json("task", "show", task_id)["state"] == "completed", 30)
    with attached(task_id) as terminal:
        said = terminal.wait_for(rb"BACK=\d+\r\n", 30).decode()
        assert "BACK=1" in said
        assert "E601" in said
        assert "ended" in said
        assert f"parhelia task logs {task_id}" in said
        assert LEAVE_SCREEN.decode() not in said
    with attached("nothing") as terminal:
        assert b"E200: there is no session 'nothing'" in terminal.wait_for(rb"BACK=1\r\n", 30)
    # Without a terminal nothing is attached, but it is said what else shows the same.
    done = product.run("attach", task_id)
    assert done.returncode == 1
    assert "there is no terminal here" in done.stderr


def test_a_terminal_of_a_type_that_shows_no_session_is_told_by_its_type(product: Product) -> None:
    task_id = begun(product, "echo READY; sleep 600")
    with attached(task_id, term="dumb") as terminal:
        said = terminal.wait_for(rb"BACK=1\r\n", 30).decode()
        assert "E601: tmux cannot use this terminal, whose type is TERM=dumb: open terminal failed" in said
        assert "  try: TERM=xterm-256color parhelia attach ph-" in said
        assert "\x1b" not in said
