"""`parhelia approval`: what agents wait for, seen and answered from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.support.asking import asker, bash, told, waiting
from tests.support.fleet import end_of, reach, workspace
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

APPROVAL = {
    "id", "task_id", "container_id", "attempt", "ask", "kind", "tool", "input", "cut", "message", "state",
    "decision", "always", "answers", "reason", "answered_by", "source", "created_at", "answered_at", "finished_at",
}  # fmt: skip
"""What programs may rely on: a key may come, none may go."""
QUESTION = {
    "kind": "question",
    "tool": "AskUserQuestion",
    "input": {
        "questions": [
            {
                "question": "Which colour?",
                "options": [{"label": "Red"}, {"label": "Blue", "description": "as sky"}],
            },
            {"question": "And the name?"},
        ]
    },
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The workspace of the test's tasks."""
    return workspace(tmp_path)


@pytest.mark.long
def test_what_waits_is_listed_shown_and_answered(product: Product, client: Client, place: Path) -> None:
    task = asker(client, place, bash("rm -r build"), bash("make install"))
    waiting(client, task, 2)
    listed = product.json("approval", "list")
    assert [set(each) >= APPROVAL for each in listed] == [True, True]
    assert {each["input"]["command"] for each in listed} == {"rm -r build", "make install"}
    by_command = {each["input"]["command"]: each["id"] for each in listed}
    page = product.run("approval", "show", by_command["rm -r build"][2:6]).stdout
    assert "command: rm -r build" in page
    assert "pending" in page
    done = product.json("approval", "deny", by_command["rm -r build"], "--reason", "keep it")
    assert [(each["state"], each["reason"]) for each in done] == [("denied", "keep it")]
    assert product.json("approval", "approve", task.id)[0]["id"] == by_command["make install"]
    assert product.run("approval", "list").stdout == "nothing waits for you\n"
    end_of(client, task.id)
    assert [each["state"] for each in product.json("approval", "list", "--all", "--task", task.id)] == [
        each["state"]
        for each in sorted(product.json("approval", "list", "--all"), key=lambda each: each["created_at"])
    ]
    code, error = product.error("approval", "approve", by_command["make install"])
    assert (code, error["code"]) == (6, "E103")


def test_a_question_is_answered_in_words_or_by_number(product: Product, client: Client, place: Path) -> None:
    task = asker(client, place, QUESTION)
    [asked] = waiting(client, task)
    assert reach(client, task.id, TaskState.WAITING).question == "Which colour? / And the name?"
    assert "  2 Blue: as sky" in product.run("approval", "show", asked.id).stdout
    code, error = product.error("approval", "approve", asked.id)
    assert (code, error["code"]) == (2, "E102")
    assert "--answer TEXT" in product.run("approval", "approve", asked.id).stderr
    product.json("approval", "approve", asked.id, "--answer", "2", "--answer", "bob")
    assert told(place)[0]["answers"] == {"Which colour?": "Blue", "And the name?": "bob"}
    assert product.json("approval", "show", asked.id)["answers"] == told(place)[0]["answers"]


def test_who_or_what_is_not_there_is_told(product: Product, client: Client, place: Path) -> None:
    code, error = product.error("approval", "show", "a-none")
    assert (code, error["code"]) == (1, "E206")
    code, error = product.error("approval", "approve", "nothing")
    assert (code, error["code"]) == (1, "E206")
    task = asker(client, place, bash("x"))
    [asked] = waiting(client, task)
    code, error = product.error("approval", "deny", asked.id, "a-none")
    assert (code, error["code"]) == (1, "E206")
    assert client.approvals.get(asked.id).decision == ""
    product.json("approval", "approve", task.slug)
    end_of(client, task.id)
    code, error = product.error("approval", "approve", task.id)
    assert (code, error["code"]) == (1, "E206")
    assert "waits for no approval" in error["message"]


@pytest.mark.long
def test_the_demo_agent_asks_for_its_plan_and_each_tool(product: Product, client: Client) -> None:
    options = ("approvals=true", "pace=0", 'ask="always"', "turns=5", "seed=3")
    words = [word for each in options for word in ("--option", each)]
    task_id = product.json("task", "create", "--agent", "demo", "--mode", "empty", *words, "Write a cache")[
        "id"
    ]
    task = client.task(task_id)
    kinds = []
    for answers in ((), ("Yes",), (), (), (), (), ()):
        wait_until(lambda: client.approvals.waiting(task) or client.task(task_id).exit_code is not None, 60)
        if client.task(task_id).exit_code is not None:
            break
        [asked] = client.approvals.waiting(task)
        kinds.append((str(asked.kind), asked.tool))
        given = [word for each in answers for word in ("--answer", each)]
        product.json("approval", "approve", asked.id, *given)
    assert end_of(client, task_id, 60).state is TaskState.COMPLETED
    assert kinds == [
        ("plan", "ExitPlanMode"),
        ("question", "AskUserQuestion"),
        ("permission", "Write"),
        ("permission", "Write"),
        ("permission", "Bash"),
        ("permission", "Edit"),
        ("permission", "Bash"),
    ]
