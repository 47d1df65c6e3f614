"""Terminals of containers: several in one, typed into, read, left and found again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance_cases.shells import PROMPT, Shell
from tests.support.outer_terminal import OuterTerminal
from tests.support.product import PARHELIA, Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

CTRL_Q = b"\x11"


def begin(product: Product, place: Path, command: str = "exec bash --norc -i") -> str:
    """Start a task and wait until it runs; give the name of its session."""
    task = product.json("task", "create", "-w", str(place), command)["id"]
    wait_until(lambda: product.json("task", "show", task)["state"] == "running", 30)
    (session,) = product.json("session", "list", "--container", task)
    return str(session["name"])


def screen(product: Product, session: str, *words: str) -> str:
    """What a session shows."""
    return "\n".join(product.json("session", "capture", session, *words)["lines"])


@pytest.mark.long
def test_what_is_sent_is_executed_and_what_it_shows_is_read(product: Product, place: Path) -> None:
    session = begin(product, place)
    product.json("session", "send", session, "echo $((6 * 7)) > answer; cat answer; seq 1 99")
    wait_until(lambda: "\n99" in screen(product, session), 30)
    assert (place / "answer").read_text() == "42\n"
    assert "\n42\n" not in screen(product, session)
    assert "\n42\n" in screen(product, session, "--lines", "200")
    assert "\n99\n" in product.run("session", "capture", session).stdout
    # It goes on: the same shell takes the next line.
    product.json("session", "send", session, "cat answer answer")
    wait_until(lambda: "42\n42" in screen(product, session), 30)


@pytest.mark.long
def test_several_sessions_are_listed_attached_by_name_and_survive_being_left(
    product: Product, place: Path
) -> None:
    main = begin(product, place)
    names = [main]
    for word in ("dev", "logs"):
        done = product.run(
            "session", "new", "--json", main, "--", "bash", "-c", f"echo I am {word}; exec cat"
        )
        names.append(json.loads(done.stdout)["data"]["name"])
    listed = product.run("session", "list", "--container", main).stdout
    assert all(name in listed for name in names)
    assert len({each["name"] for each in product.json("session", "list")}) == 3
    for name, said in zip(names[1:], (b"I am dev", b"I am logs"), strict=True):
        with OuterTerminal([PARHELIA, "session", "attach", name]) as terminal:
            terminal.wait_for(said, 30)
            terminal.write(b"typed by hand\r")
            terminal.wait_for(rb"typed by hand.*typed by hand", 30)
            terminal.write(CTRL_Q)
            assert terminal.wait_end(30) == 0
        assert "typed by hand\ntyped by hand" in screen(product, name)
    assert {each["state"] for each in product.json("session", "list")} == {"running"}
    assert len(product.json("session", "list")) == 3


@pytest.mark.long
def test_a_fourth_session_is_taken_and_a_fifth_is_refused_in_words(product: Product, place: Path) -> None:
    main = begin(product, place)
    for _ in range(3):
        product.json("session", "new", main)
    code, error = product.error("session", "new", main)
    assert (code, error["code"]) == (1, "E205")
    assert "holds 4 sessions and may hold 4" in error["message"]


@pytest.mark.long
def test_a_shell_that_is_left_goes_on_and_is_found_again_as_it_was(
    shell: Shell, product: Product, place: Path
) -> None:
    first = shell("--persistent", "-w", str(place))
    first.write(b"only=in-this-shell; (until [ -e go ]; do sleep 0.05; done; echo done > end) & \r")
    # Only now: what comes in one piece with other keys is a paste to tmux, in which no key leaves.
    first.wait_for(rb"\[1\] \d+\r\n.*" + PROMPT, 30)
    first.write(CTRL_Q)
    assert first.wait_end(30) == 0
    assert b"it goes on" in first.received
    (session,) = product.json("session", "list")
    # Who opens a shell there again gets one of his own, and the first is still there.
    shell("--persistent", "-w", str(place)).write(CTRL_Q)
    assert session["name"] in [each["name"] for each in product.json("session", "list", "--state", "running")]
    with OuterTerminal([PARHELIA, "attach", session["name"]]) as again:
        again.write(b'echo "<$only $(kill -0 $! && echo lives)>"\r')
        again.wait_for(rb"<in-this-shell lives>", 30)
        # Its window is closed, or the connection to it breaks.
        again.process.kill()
        again.process.wait()
    (place / "go").touch()
    wait_until((place / "end").exists, 30)
    assert session["name"] in [each["name"] for each in product.json("session", "list", "--state", "running")]


@pytest.mark.long
def test_a_process_that_goes_on_is_watched_from_outside(product: Product, tmp_path: Path) -> None:
    counted = "number=0; while :; do number=$((number + 1)); echo {name} $number; sleep 0.05; done"
    sessions = {}
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
        sessions[name] = begin(product, tmp_path / name, counted.format(name=name))

    def newest(name: str) -> int:
        lines = [line for line in screen(product, sessions[name]).splitlines() if line.startswith(name)]
        return int(lines[-1].split()[1]) if lines else 0

    seen = {name: newest(name) for name in sessions}
    wait_until(lambda: all(newest(name) > seen[name] + 2 for name in sessions), 60)
    assert len(product.json("container", "list")) == 3


@pytest.mark.long
def test_an_agent_is_answered_from_a_script(product: Product) -> None:
    words = ("--agent", "demo", "--mode", "empty", "--option", "ask=always", "--option", "pace=0")
    task = product.json("task", "create", *words, "Write a parser")["id"]
    wait_until(lambda: product.json("task", "show", task)["state"] == "waiting", 60)
    asked = product.json("task", "show", task)["question"]
    assert asked
    # What it prints and what it reports come on two ways.
    wait_until(lambda: asked.split()[0] in screen(product, task, "--lines", "200"), 30)
    product.json("session", "send", task, "y")
    wait_until(lambda: product.json("task", "show", task)["state"] == "completed", 60)


def test_the_name_of_a_session_says_what_it_is_for_and_what_it_is(product: Product, place: Path) -> None:
    task = product.json("task", "create", "-w", str(place), "--title", "test task", "exec cat")["id"]
    wait_until(lambda: product.json("session", "list", "--container", task) != [], 30)
    (session,) = product.json("session", "list", "--container", task)
    assert session["name"].startswith("ph-test-task-")
    wait_until(lambda: product.json("task", "show", task)["state"] == "running", 30)
    assert product.run("session", "capture", session["name"]).returncode == 0
