"""The inbox by keys, over agents that really ask: allow, always, refuse, answer, mark, attach."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.screens import inbox as inbox_screen
from parhelia_tui.screens.inbox import InboxScreen
from tests.support.asking import asker, bash, one_that_says, told, waiting, was_told
from tests.support.dashboard import Dashboard, dashboard
from tests.support.fleet import configure, create, end_of, kill_controller, reach
from tests.support.outer_terminal import OuterTerminal
from tests.support.product import Product

pytestmark = pytest.mark.real

DASHBOARD = str(Path(sys.executable).with_name("parhelia-tui"))
DEADLINE_S = 30.0
QUESTION: dict[str, Any] = {
    "kind": "question",
    "tool": "AskUserQuestion",
    "input": {
        "questions": [
            {"question": "Which colour?", "options": [{"label": "Red"}, {"label": "Blue"}]},
            {"question": "Which name?"},
        ]
    },
}


def inbox(seen: Dashboard) -> InboxScreen:
    """The inbox, while it is on top."""
    screen = seen.app.screen
    assert isinstance(screen, InboxScreen)
    return screen


def rung(terminal: OuterTerminal) -> int:
    """How often the bell rang; what ends a control string is no bell."""
    strings = rb"\x1b[\]P][^\x07\x1b]*(\x07|\x1b\\)"
    return re.sub(strings, b"", terminal.received).count(b"\x07")


async def test_one_key_allows_and_the_task_goes_on(client: Client, place: Path) -> None:
    task = asker(client, place, bash("rm -r build"))
    async with dashboard(client) as seen:
        await seen.wait_for("◆ 1 waits for you")
        await seen.press("i")
        await seen.wait_for("Fleet > Inbox", "permission", "Bash: rm -r build", "command: rm -r build")
        await seen.press("y")
        await seen.wait_for("1 allowed.", "Nobody waits for you.")
        assert told(place)[0]["decision"] == "allow"
        await seen.press("escape")
        await seen.wait_for("Tasks ▪ 1")
    assert end_of(client, task.id).state is TaskState.COMPLETED


async def test_an_answer_that_could_not_be_given_is_said_and_can_be_given_again(
    client: Client, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = asker(client, place, bash("rm -r build"))

    def full(*_: object) -> None:
        raise ParheliaError("E507", "the store cannot be written")

    async with dashboard(client) as seen:
        await seen.press("i")
        await seen.wait_for("Bash: rm -r build")
        with monkeypatch.context() as broken:
            broken.setattr(inbox_screen, "carry_out", full)
            await seen.press("y")
            await seen.wait_for("E507: the store cannot be written")
        await seen.press("y")
        await seen.wait_for("1 allowed.")
    assert end_of(client, task.id).state is TaskState.COMPLETED


async def test_a_refusal_has_a_reason_and_escape_refuses_nothing(client: Client, place: Path) -> None:
    task = asker(client, place, bash("one"), bash("two"))
    asked = {each.input["command"]: each for each in waiting(client, task, 2)}
    async with dashboard(client) as seen:
        await seen.press("i")
        await seen.wait_for("2 wait for you")
        first = asked["one"].id == next(iter(inbox(seen)._entries))
        await seen.press("d")
        await seen.wait_for("Refuse “Bash: ", "the agent is told")
        await seen.press("escape")
        await seen.press("d")
        await seen.type("not so")
        await seen.press("enter")
        await seen.wait_for("1 refused.", "1 waits for you")
        await seen.press("d", "enter")
        await seen.wait_for("Nobody waits for you.")
    messages = [told(place, number)[0]["message"] for number in ((0, 1) if first else (1, 0))]
    assert messages == ["not so", ""]


async def test_always_allows_what_is_alike(client: Client, place: Path) -> None:
    again = "until [ -e go ]; do sleep 0.02; done; rm told0; python3 -I -S ask.py"
    task = asker(client, place, bash("make test"), after=again)
    waiting(client, task)
    async with dashboard(client) as seen:
        await seen.press("i", "A")
        await seen.wait_for("1 allowed.")
        (place / "go").touch()
        await seen.wait(lambda: client.task(task.id).state is TaskState.COMPLETED)
        assert [each.source for each in client.approvals.listed()] == ["person", "policy"]


@pytest.mark.long
async def test_one_key_answers_all_that_are_marked(client: Client, place: Path) -> None:
    task = asker(client, place, *(bash(str(number)) for number in range(4)), QUESTION)
    waiting(client, task, 5)
    async with dashboard(client) as seen:
        await seen.press("i", "m")
        await seen.wait_for("5 marked")
        await seen.press("m")
        await seen.wait_gone("5 marked")
        await seen.press("g", "space", "space")
        await seen.wait_for("2 marked")
        await seen.press("y")
        await seen.wait_for("3 wait for you")
        await seen.press("m", "y")
        await seen.wait_for("1 left: they need an answer of their own.", "1 waits for you")
        # What is said on the screen is that the supervisor has told the agent, which then has to write it down.
        await seen.wait(lambda: all(was_told(place, number) for number in range(4)))
        # A question, by number and in words.
        await seen.press("escape", "i", "y")
        await seen.wait_for("Which colour?", "2 Blue")
        await seen.press("2", "enter")
        await seen.wait_for("Which name?", "Your answer.")
        await seen.type("bob")
        await seen.press("enter")
        await seen.wait_for("Nobody waits for you.")
    assert told(place, 4)[0]["answers"] == {"Which colour?": "Blue", "Which name?": "bob"}


async def test_a_review_is_accepted_and_rejected(tmp_path: Path, client: Client, place: Path) -> None:
    configure(tmp_path, "[policy]\nreview_on_completion = true\n")
    first, second = (create(client, f"echo {word}", place, title=word) for word in ("one", "two"))
    for each in (first, second):
        reach(client, each.id, TaskState.NEEDS_REVIEW)
    async with dashboard(client) as seen:
        await seen.press("i")
        await seen.wait_for("a review", "every completed task is reviewed")
        chosen = inbox(seen).table.key
        await seen.press("y")
        await seen.wait_for("1 waits for you")
        await seen.press("d")
        await seen.type("again")
        await seen.press("enter")
        await seen.wait_for("Nobody waits for you.")
    states = {each.id: (each.state, each.reason) for each in client.tasks()}
    other = second.id if chosen == first.id else first.id
    assert states[str(chosen)] == (TaskState.COMPLETED, "accepted by local")
    assert states[other] == (TaskState.FAILED, "rejected by local: again")


async def test_what_the_policy_forbids_no_key_allows(
    tmp_path: Path, product: Product, client: Client, place: Path
) -> None:
    task = asker(client, place, bash("rm -r x"))
    waiting(client, task)
    configure(tmp_path, '[policy]\ndeny = ["Bash(rm *)"]\n')
    kill_controller(product)
    async with dashboard(client) as seen:
        await seen.press("i", "y")
        await seen.wait_for("the policy of this machine forbids it: Bash(rm *)")
    assert told(place)[0]["decision"] == "deny"


async def test_hostile_text_is_shown_as_text(client: Client, place: Path) -> None:
    evil = "ls \x1b]0;owned\x07\x1b[2J\x1b[31m\u202egnp.\u200b " + "x" * 3000
    task = asker(client, place, bash(evil, message="\x1b[5mhello\x9b1m", tool="Ba\x1b[7msh"))
    waiting(client, task)
    async with dashboard(client) as seen:
        await seen.press("i")
        await seen.wait_for("Bash: ls gnp. xxx", "hello", "(this is not all of it, or not as it is)")
        shown = "\n".join(seen.lines())
        assert "owned" not in shown
        assert not [letter for letter in shown if letter < " " and letter != "\n"]
        await seen.press("d", "enter")
        # Who leaves before may take the answer along.
        await seen.wait_for("Nobody waits for you.")
    assert end_of(client, task.id).state is TaskState.COMPLETED


async def test_an_agent_that_asks_in_its_terminal_is_gone_to(client: Client, place: Path) -> None:
    task = one_that_says(client, place, state="waiting", message="red or blue?")
    reach(client, task.id, TaskState.WAITING)
    async with dashboard(client) as seen:
        await seen.press("i")
        await seen.wait_for("terminal", "red or blue?")
        await seen.press("y")
        await seen.wait_for("It asks in its terminal: Enter goes there, t tells it something.")
        await seen.press("enter")
        await seen.wait_for("This terminal cannot be handed over", "Fleet > Inbox")
        await seen.press("t")
        await seen.wait_for("What shall “python3 -I -S say.py” be told?")
        await seen.type("blue")
        await seen.press("enter")
        await seen.wait_for("It was told “blue”: its terminal shows it.")


async def test_an_agent_that_has_done_its_turn_waits_for_words(client: Client, place: Path) -> None:
    task = one_that_says(client, place, state="idle", source="session", message="the tests pass")
    reach(client, task.id, TaskState.WAITING)
    async with dashboard(client) as seen:
        await seen.press("i")
        await seen.wait_for("your words", "It has done its turn: t tells it what is next")
        await seen.press("y")
        await seen.wait_for("Enter goes to its terminal.")


@pytest.mark.long
@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            {"state": "tool", "source": "hook", "tool": "Bash", "detail": "make test"},
            "tool: Bash make test (hook, ",
        ),
        ({"state": "unknown", "source": "screen"}, "unknown (screen, "),
    ],
    ids=["tool", "unknown"],
)
async def test_what_an_agent_does_is_shown_with_its_source_and_its_age(
    product: Product, client: Client, place: Path, said: dict[str, str], shown: str
) -> None:
    task = one_that_says(client, place, **said)
    async with dashboard(client) as seen:
        await seen.wait_for(shown)
        # It grows older on the screen by itself.
        await seen.wait(lambda: any(seen.shows(f"{shown}{seconds}s)") for seconds in range(2, 60)))
    assert shown in product.run("task", "show", task.id).stdout


def test_the_desktop_is_told_by_the_terminal_and_the_filters_are_kept(
    tmp_path: Path, client: Client, place: Path
) -> None:
    configure(tmp_path, '[notify]\ndesktop = "osc777"\nbell = false\nleast_priority = 0\n')
    with OuterTerminal([DASHBOARD], columns=80, rows=24) as terminal:
        terminal.wait_for(b"No tasks yet", DEADLINE_S)
        asker(client, place, bash("quiet"), priority=-1)
        terminal.wait_for(b"waits for you", DEADLINE_S)
        asker(client, place, bash("rm -r build"), title="Loud")
        terminal.wait_for(rb"\x1b\]777;notify;Loud waits for you;Bash: rm -r build\x07", DEADLINE_S)
        terminal.write(b"q")
        assert terminal.wait_end(DEADLINE_S) == 0
        assert terminal.received.count(b"777;notify") == 1
        assert rung(terminal) == 0


@pytest.mark.parametrize(("columns", "rows"), [(120, 40), (80, 24)])
def test_at_a_real_terminal(columns: int, rows: int, client: Client, place: Path) -> None:
    with OuterTerminal([DASHBOARD], columns=columns, rows=rows) as terminal:
        terminal.wait_for(b"No tasks yet", DEADLINE_S)
        task = asker(client, place, bash("rm -r build"), after="echo it is done; cat")
        # One ring for one question.
        terminal.wait_for(b"waits for you", DEADLINE_S)
        terminal.write(b"i")
        terminal.wait_for(b"command: rm -r build", DEADLINE_S)
        terminal.write(b"\r")
        terminal.wait_for(rb"Ctrl\+Q leaves", DEADLINE_S)
        terminal.write(b"\x11")
        terminal.wait_for(b"command: rm -r build", DEADLINE_S)
        terminal.write(b"y")
        terminal.wait_for(b"allowed", DEADLINE_S)
        terminal.write(b"qq")
        assert terminal.wait_end(DEADLINE_S) == 0
        assert rung(terminal) == 1
    assert told(place)[0]["decision"] == "allow"
    assert client.task(task.id).state is TaskState.RUNNING
