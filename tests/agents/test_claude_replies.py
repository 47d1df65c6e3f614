"""Prompts typed into a real Claude Code from outside its terminal: each arrives once, or is told as not delivered."""

from __future__ import annotations

import asyncio
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import ReplyState
from parhelia_tui.core.sessions import server
from tests.support.fleet import configure, create
from tests.support.product import Product
from tests.support.real_claude import at_every_version, claude
from tests.support.scripted_api import ScriptedApi
from tests.support.scripted_api.replies import Reply
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

PATIENCE_S = 90.0
BUSY = {"busy": (Reply("I am at it. " * 8, pieces=8, piece_s=0.1),)}


@pytest.fixture
def api(tmp_path: Path, product: Product) -> Iterator[ScriptedApi]:
    """The scripted API on a socket of this test; it outlives the product's containers."""
    with ScriptedApi(tmp_path / "api.sock", BUSY) as made:
        yield made
        product.close()


def talk(client: Client, tmp_path: Path, place: Path, version: str) -> Task:
    """A Claude Code that has answered its first prompt."""
    configure(
        tmp_path,
        f'[claude]\npath = "{claude(version)}"\napi_socket = "{tmp_path / "api.sock"}"\n',
    )
    task = create(client, "SCENARIO=text say it", place, agent="claude")
    wait_until(lambda: client.task(task.id).agent_state == "idle", PATIENCE_S)
    return task


def texts_of(message: dict[str, Any]) -> list[str]:
    """What a person said in a message."""
    content = message["content"]
    pieces = [content] if isinstance(content, str) else [each.get("text", "") for each in content]
    return [piece for piece in pieces if "prompt number" in piece]


def arrived(api: ScriptedApi) -> Counter[str]:
    """How often each prompt stands in the conversation as it was at its last request."""
    last = max(api.messages(), key=lambda asked: len(asked.body["messages"]))
    said = [text for each in last.body["messages"] if each["role"] == "user" for text in texts_of(each)]
    return Counter(line for text in said for line in text.splitlines() if "prompt number" in line)


def copy_mode(client: Client, task: Task) -> None:
    """Scroll in its terminal, as somebody does who reads."""
    endpoint = client.endpoint(task.id)
    command = ["tmux", "-S", str(endpoint.socket), "copy-mode", "-t", f"={endpoint.session}:"]
    subprocess.run(command, check=True, timeout=60)


def shown(client: Client, task: Task) -> str:
    """What stands on its screen; the space behind its mark is one that does not break."""
    return "\n".join(asyncio.run(client.capture(task.id, 0))).replace("\xa0", " ")


def type_there(client: Client, task: Task, words: str) -> None:
    """Type words in its terminal, and send them not."""
    asyncio.run(server.send_text(client.endpoint(task.id), words))
    wait_until(lambda: f"❯ {words}" in shown(client, task), PATIENCE_S)


def send_many(client: Client, api: ScriptedApi, task: Task, count: int, seed: int) -> None:
    """Tell it so much at random moments, and compare what arrived with what is said of it."""
    chance = random.Random(seed)
    for number in range(count):
        scenario = chance.choice(("text", "busy"))
        client.replies.send(task.id, f"SCENARIO={scenario} this is prompt number {number:04}.")
        if chance.random() < 0.3:
            copy_mode(client, task)
        # The moments are the point of it: nothing is waited for.
        time.sleep(chance.uniform(0.0, 0.8))
    settled = (ReplyState.DELIVERED, ReplyState.FAILED)
    wait_until(
        lambda: all(each.state in settled for each in client.replies.of(task, count)), 30 + 5.0 * count
    )
    # It has taken the last one, and asks its model about it next.
    taken = [each.shown for each in client.replies.of(task, count) if each.state is ReplyState.DELIVERED]
    wait_until(lambda: set(taken) <= set(arrived(api)), PATIENCE_S)
    wait_until(lambda: client.task(task.id).agent_state == "idle", PATIENCE_S)
    found = arrived(api)
    for each in client.replies.of(task, count):
        assert (found[each.shown] == 1) == (each.state is ReplyState.DELIVERED), (each, found[each.shown])
        assert found[each.shown] <= 1
    delivered = [each for each in client.replies.of(task, count) if each.state is ReplyState.DELIVERED]
    lost = [(each.shown, each.reason) for each in client.replies.of(task, count) if each not in delivered]
    assert len(lost) <= count * 0.05, lost


@pytest.mark.long
@at_every_version
def test_prompts_at_random_moments_arrive_once(
    client: Client, api: ScriptedApi, tmp_path: Path, place: Path, version: str
) -> None:
    send_many(client, api, talk(client, tmp_path, place, version), 12, 5)


@at_every_version
def test_many_lines_arrive_as_one_prompt(
    client: Client, api: ScriptedApi, tmp_path: Path, place: Path, version: str
) -> None:
    task = talk(client, tmp_path, place, version)
    text = "\n".join(["SCENARIO=text", *(f"this is prompt number {number:04}." for number in range(40))])
    assert client.replies.wait(client.replies.send(task.id, text).id, PATIENCE_S).evidence == "agent"
    wait_until(lambda: sum(arrived(api).values()) == 40, PATIENCE_S)


@pytest.mark.long
@at_every_version
def test_five_hundred_prompts(
    client: Client, api: ScriptedApi, tmp_path: Path, place: Path, version: str
) -> None:
    send_many(client, api, talk(client, tmp_path, place, version), 500, 17)


@pytest.mark.long
@at_every_version
def test_only_its_own_earlier_words_are_taken_from_its_line(
    client: Client, api: ScriptedApi, tmp_path: Path, place: Path, version: str
) -> None:
    task = talk(client, tmp_path, place, version)
    first = "SCENARIO=text this is prompt number 0001."
    client.replies.wait(client.replies.send(task.id, first).id, PATIENCE_S)
    wait_until(lambda: client.task(task.id).agent_state == "idle", PATIENCE_S)
    type_there(client, task, first)
    client.replies.wait(client.replies.send(task.id, "this is prompt number 0002.").id, PATIENCE_S)
    type_there(client, task, "half a thought of mine")
    with pytest.raises(ParheliaError, match="words that nobody sent stand in its line"):
        client.replies.wait(client.replies.send(task.id, "this is prompt number 0003.").id, PATIENCE_S)
    assert "half a thought of mine" in shown(client, task)
    assert arrived(api)["this is prompt number 0002."] == 1
    assert not [line for line in arrived(api) if "0003" in line]
