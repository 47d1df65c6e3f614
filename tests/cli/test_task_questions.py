"""`parhelia task create` on a terminal, where nothing was said: it asks, and offers what was answered last."""

from __future__ import annotations

import json

import pytest

from parhelia_tui.core.model.states import TaskState
from tests.support.fleet import reach
from tests.support.outer_terminal import OuterTerminal
from tests.support.product import PARHELIA, Product

pytestmark = pytest.mark.real


def answer(terminal: OuterTerminal, question: bytes, text: bytes) -> bytes:
    """Wait for a question and type; what was seen since the last one."""
    seen = terminal.wait_for(question)
    terminal.write(text + b"\r")
    return seen


def test_what_is_needed_is_asked_for_and_the_last_answers_are_offered_again(product: Product) -> None:
    with OuterTerminal([PARHELIA, "task", "create"], columns=200) as terminal:
        answer(terminal, rb"Agent \([^)]*demo[^)]*\) \[\w+\]: ", b"shell")
        answer(terminal, rb"Command line: ", b"")
        answer(terminal, rb"Command line: ", b"echo asked and answered")
        answer(terminal, rb"Where \(local, modal, auto\) \[local\]: ", b"moon")
        answer(terminal, rb"'moon' is not one of.*\[local\]: ", b"")
        answer(terminal, rb"Works in \(shared, clone, empty\) \[shared\]: ", b"empty")
        assert terminal.wait_end(20) == 0
    (task,) = product.json("task", "list")
    assert (task["agent"], task["workspace_mode"], task["backend"]) == ("shell", "empty", "local")
    reach(product.client(), task["id"], TaskState.COMPLETED, deadline_s=30)
    assert product.run("task", "logs", task["id"]).stdout == "asked and answered\n"

    with OuterTerminal([PARHELIA, "task", "create", "--backend", "local"], columns=200) as terminal:
        answer(terminal, rb"\[shell\]: ", b"demo")
        answer(terminal, rb"Prompt: ", b"Tidy up")
        # What an option has said is not asked.
        assert b"Where" not in answer(terminal, rb"Works in \(shared, clone, empty\) \[empty\]: ", b"")
        assert terminal.wait_end(20) == 0
    newest = product.json("task", "list")[0]
    assert (newest["agent"], newest["workspace_mode"], newest["prompt"]) == ("demo", "empty", "Tidy up")
    remembered = json.loads((product.home / "dashboard.json").read_text())
    # The form of the dashboard begins with the same; what was not asked is as it was.
    assert (remembered["new_agent"], remembered["new_mode"], remembered["new_network"]) == (
        "demo",
        "empty",
        "",
    )


def test_ctrl_c_at_a_question_makes_nothing(product: Product) -> None:
    with OuterTerminal([PARHELIA, "task", "create"], columns=200) as terminal:
        terminal.wait_for(rb"Agent \(.*: ")
        terminal.wait_asleep()
        terminal.write(b"\x03")
        assert terminal.wait_end(20) == 130
        assert b"Traceback" not in terminal.received
    assert product.json("task", "list") == []


def test_a_program_is_not_asked(product: Product) -> None:
    with OuterTerminal([PARHELIA, "task", "create", "--json"], columns=200) as terminal:
        terminal.wait_for(rb"a prompt is missing")
        assert terminal.wait_end(20) == 2
    assert product.error("task", "create")[1]["code"] == "E102"
