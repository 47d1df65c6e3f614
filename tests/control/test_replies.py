"""What people tell agents arrives exactly once, or is told as not delivered."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Reply, Task
from parhelia_tui.core.model.states import ReplyState, TaskState
from tests.support.asking import asker, bash, waiting
from tests.support.fleet import RELEASE, container_of, create, end_of, event, kill_controller, reach
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

PROMPTS = "prompts.jsonl"
SETTLED = (ReplyState.DELIVERED, ReplyState.FAILED)


def talker(client: Client, place: Path, pace: float = 0.0) -> Task:
    """An agent that listens."""
    options = {"chat": True, "turns": 1, "pace": 0, "ask": "never"}
    task = create(client, "Tidy the cache", place, agent="demo", agent_options={**options, "pace": pace})
    wait_until(lambda: client.task(task.id).question == "what next?", 60)
    return task


def taken(place: Path) -> list[str]:
    """What the agent has taken, in order."""
    path = place / PROMPTS
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def told(client: Client, task: Task, text: str) -> Reply:
    """Tell an agent something, and wait for the proof."""
    return client.replies.wait(client.replies.send(task.id, text).id, 60)


def copy_mode(client: Client, task: Task) -> None:
    """Scroll in the terminal, as somebody does who reads; what is typed then is for the scrolling."""
    endpoint = client.endpoint(task.id)
    subprocess.run(
        ["tmux", "-S", str(endpoint.socket), "copy-mode", "-t", f"={endpoint.session}:"],
        check=True,
        timeout=60,
    )


def test_each_text_arrives_word_for_word(client: Client, place: Path) -> None:
    task = talker(client, place)
    texts = [
        "hello",
        "two\nlines",
        "a semicolon; $(and) `this` 'quoted' \"twice\" #{pane_id} \\n ~!",
        "漢字 and ünïcödé",
        "-l --flags",
        "long " + "0123456789 " * 2000 + "end",
    ]
    for text in texts:
        assert told(client, task, text).evidence == "agent"
    assert taken(place) == texts
    assert [each.text for each in client.replies.of(task)] == [""] * len(texts)


def test_a_terminal_that_is_scrolled_gets_it_too(client: Client, place: Path) -> None:
    task = talker(client, place)
    copy_mode(client, task)
    told(client, task, "out of the past")
    assert taken(place) == ["out of the past"]


@pytest.mark.long
def test_many_at_random_moments_arrive_once_each_and_in_order(
    product: Product, client: Client, place: Path
) -> None:
    task = talker(client, place, pace=0.5)
    chance = random.Random(7)
    sent: dict[int, list[str]] = {number: [] for number in range(3)}

    def speak(number: int) -> None:
        own = random.Random(number)
        door = product.client()
        for turn in range(12):
            text = f"speaker {number} says {turn}"
            door.replies.send(task.id, text)
            sent[number].append(text)
            # Random moments, here and below, are the point of it: nothing is waited for.
            time.sleep(own.uniform(0, 0.15))
        door.close()

    threads = [threading.Thread(target=speak, args=(number,)) for number in sent]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        copy_mode(client, task)
        time.sleep(chance.uniform(0, 0.3))
    wait_until(lambda: all(each.state in SETTLED for each in client.replies.of(task)), 120)
    replies = client.replies.of(task)
    assert len(replies) == 36
    arrived = Counter(taken(place))
    assert set(arrived.values()) == {1}
    for each in replies:
        assert (each.state is ReplyState.DELIVERED) == (arrived[each.shown] == 1), each
    # Every one arrives here; order is that of the saying.
    assert [each for each in taken(place) if each.startswith("speaker 1")] == sent[1]


@pytest.mark.long
def test_a_controller_that_is_killed_tells_nobody_twice(
    product: Product, client: Client, place: Path
) -> None:
    task = talker(client, place)
    chance = random.Random(11)
    for number in range(8):
        client.replies.send(task.id, f"word {number}")
        # The controller is killed at a random moment of the typing.
        time.sleep(chance.uniform(0, 0.08))
        kill_controller(product)
        client.wake()
    wait_until(lambda: all(each.state in SETTLED for each in client.replies.of(task)), 120)
    arrived = Counter(taken(place))
    for each in client.replies.of(task):
        if each.state is ReplyState.DELIVERED:
            assert arrived[each.shown] == 1
        else:
            assert "look at its terminal" in each.reason or "not taken" in each.reason
    assert max(arrived.values()) == 1


@pytest.mark.long
def test_a_program_that_shows_nothing_is_not_pressed_enter(client: Client, place: Path) -> None:
    task = create(client, "stty -echo; touch quiet; read -r line; echo got $line", place)
    reach(client, task.id, TaskState.RUNNING)
    wait_until((place / "quiet").exists, 20)
    with pytest.raises(ParheliaError, match="Enter was not pressed"):
        told(client, task, "secret")
    assert client.task(task.id).state is TaskState.RUNNING
    told_of = event(client, "reply.failed", task_id=task.id)
    assert told_of.level == "warning"


def test_a_program_without_reports_is_believed_by_its_screen(client: Client, place: Path) -> None:
    task = create(client, f"read -r line; echo got $line > got; {RELEASE}", place)
    reach(client, task.id, TaskState.RUNNING)
    assert told(client, task, "it is for you").evidence == "screen"
    (place / "go").touch()
    end_of(client, task.id)
    assert (place / "got").read_text() == "got it is for you\n"


def test_a_program_that_ends_on_what_it_is_told_was_told_it(client: Client, place: Path) -> None:
    for number in range(5):
        task = create(client, f"read -r line; echo $line > got{number}", place)
        reach(client, task.id, TaskState.RUNNING)
        assert told(client, task, f"the end {number}").evidence in ("screen", "end")
        end_of(client, task.id)
        assert (place / f"got{number}").read_text() == f"the end {number}\n"


@pytest.mark.long
def test_a_terminal_that_is_lost_is_no_proof(product: Product, client: Client, place: Path) -> None:
    # It hears of Enter only when its terminal is gone already.
    task = create(client, f"stty raw; head -c 5; touch heard; {RELEASE}", place)
    reach(client, task.id, TaskState.RUNNING)
    wait_until(lambda: not "".join(asyncio.run(client.capture(task.id, 0))).strip(), 20)
    socket = client.endpoint(task.id).socket
    reply = client.replies.send(task.id, "hello")
    wait_until((place / "heard").exists, 20)
    subprocess.run(["tmux", "-S", str(socket), "kill-server"], check=True, timeout=60)
    wait_until(lambda: client.replies.of(task)[-1].state in SETTLED, 40)
    assert client.replies.of(task)[-1].id == reply.id
    assert client.replies.of(task)[-1].evidence != "end"
    assert client.task(task.id).state is TaskState.RUNNING
    (place / "go").touch()


@pytest.mark.long
def test_a_busy_agent_that_does_not_listen_is_told_of(client: Client, place: Path) -> None:
    # Without `chat` it listens only when it asks, and throws away what came before.
    options = {"pace": 1.0, "ask": "always", "turns": 2, "seed": 1}
    task = create(client, "Tidy the cache", place, agent="demo", agent_options=options)
    reach(client, task.id, TaskState.RUNNING)
    client.replies.send(task.id, "too early")
    wait_until(lambda: all(each.state in SETTLED for each in client.replies.of(task)), 120)
    [early] = client.replies.of(task)
    assert early.state is ReplyState.FAILED
    assert reach(client, task.id, TaskState.WAITING).question.endswith("?")
    assert told(client, task, "yes").evidence == "agent"


def test_nothing_is_typed_into_a_question_or_an_ended_task(client: Client, place: Path) -> None:
    task = asker(client, place, bash("x"))
    [asked] = waiting(client, task)
    with pytest.raises(ParheliaError, match="waits for an approval") as refused:
        client.replies.send(task.id, "yes")
    assert refused.value.code == "E103"
    client.approvals.answer(asked.id, "allow")
    end_of(client, task.id)
    with pytest.raises(ParheliaError, match="nobody to tell"):
        client.replies.send(task.id, "hello")


def test_the_end_of_a_container_is_the_end_of_what_waits_for_it(client: Client, place: Path) -> None:
    task = talker(client, place)
    told(client, task, "work 600")
    client.replies.send(task.id, "and then")
    wait_until(lambda: client.replies.of(task)[-1].state is ReplyState.TYPED, 30)
    client.terminate_container(container_of(client, task.id).id)
    end_of(client, task.id, 60)
    assert client.replies.of(task)[-1].reason == "its container has ended"


@pytest.mark.parametrize("text", ["", "  \n", "a\x1b[31mred", "bell\x07", "x" * 100_001])
def test_what_cannot_be_typed_is_refused(client: Client, place: Path, text: str) -> None:
    task = create(client, "cat", place)
    reach(client, task.id, TaskState.RUNNING)
    with pytest.raises(ParheliaError) as refused:
        client.replies.send(task.id, text)
    assert refused.value.code == "E100"


def test_a_secret_that_is_told_is_not_kept(product: Product, client: Client, place: Path) -> None:
    task = talker(client, place)
    secret = "sk-ant-api03-A1b2C3d4E5f6G7h8I9j0"
    told(client, task, f"use {secret}")
    assert taken(place) == [f"use {secret}"]
    client.cancel_task(task.id)
    end_of(client, task.id)
    assert client.replies.of(task)[0].shown == "use [hidden]"


def test_the_command_says_whether_it_arrived(product: Product, client: Client, place: Path) -> None:
    task = talker(client, place)
    done = product.json("task", "reply", task.id, "from", "the", "shell")
    assert (done["state"], done["evidence"]) == ("delivered", "agent")
    product.json("task", "reply", task.slug, "-", input="from\nstandard input\n")
    assert taken(place) == ["from the shell", "from\nstandard input"]
    assert asyncio.run(client.capture(task.id, 0))
    client.cancel_task(task.id)
    end_of(client, task.id)
    code, error = product.error("task", "reply", task.id, "hello")
    assert (code, error["code"]) == (6, "E103")
    code, error = product.error("task", "reply", task.id)
    assert (code, error["code"]) == (2, "E102")
