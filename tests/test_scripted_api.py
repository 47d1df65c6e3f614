"""The scripted Messages API answers as the real one does, as far as agents can tell."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_api import Reply, ScriptedApi, Tool

PATH = "/v1/messages?beta=true"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ScriptedApi]:
    more = {"two": (Reply("one", (Tool("Bash", {"command": "true"}),)), Reply("two"))}
    with ScriptedApi(tmp_path / "api.sock", more) as made:
        yield made


def ask(api: ScriptedApi, prompt: str, *after: dict[str, Any], **more: Any) -> tuple[int, Any]:
    """Post one conversation; gives the status, and the message or the data of all events."""
    body = {
        "model": "claude-sonnet-5",
        "tools": [{"name": "Bash"}],
        "messages": [{"role": "user", "content": prompt}, *after],
        **more,
    }
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=30)
    try:
        connection.request("POST", PATH, json.dumps(body), {"x-claude-code-session-id": "s-1"})
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if not more.get("stream") or answer.status != 200:
        return answer.status, json.loads(text)
    return 200, [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]


def test_the_step_is_the_number_of_answers_after_the_marker(api: ScriptedApi) -> None:
    status, first = ask(api, "SCENARIO=two go")
    assert (status, first["stop_reason"]) == (200, "tool_use")
    said = {"role": "assistant", "content": first["content"]}
    result = {"type": "tool_result", "tool_use_id": first["content"][1]["id"], "content": "fine"}
    _, second = ask(api, "SCENARIO=two go", said, {"role": "user", "content": [result]})
    assert (second["content"][0]["text"], second["stop_reason"]) == ("two", "end_turn")
    # A later prompt begins a scenario of its own, whatever was said before.
    _, third = ask(api, "SCENARIO=two go", said, {"role": "user", "content": "SCENARIO=text and now"})
    assert third["content"][0]["text"] == "Hello from the script."
    assert [(each.scenario, each.step, each.session) for each in api.asked] == [
        ("two", 0, "s-1"),
        ("two", 1, "s-1"),
        ("text", 0, "s-1"),
    ]


def test_a_stream_carries_text_tools_and_usage(api: ScriptedApi) -> None:
    _, events = ask(api, "SCENARIO=two", stream=True)
    kinds = [each["type"] for each in events]
    block = ["content_block_start", "content_block_delta", "content_block_stop"]
    assert kinds == ["message_start", *block, *block, "message_delta", "message_stop"]
    assert json.loads(events[5]["delta"]["partial_json"]) == {"command": "true"}
    assert events[0]["message"]["usage"]["input_tokens"] == 1000
    assert events[-2]["usage"]["output_tokens"] == 40


@pytest.mark.parametrize(("scenario", "status"), [("400", 400), ("402", 402), ("429", 429), ("529", 529)])
def test_failures_have_the_form_of_the_provider(api: ScriptedApi, scenario: str, status: int) -> None:
    got, body = ask(api, f"SCENARIO={scenario}", stream=True)
    assert (got, body["type"]) == (status, "error")
    assert body["error"]["message"]


def test_a_failure_that_comes_once_is_followed_by_an_answer(api: ScriptedApi) -> None:
    assert ask(api, "SCENARIO=429-once")[0] == 429
    assert ask(api, "SCENARIO=429-once")[0] == 200


def test_a_cut_stream_breaks_once(api: ScriptedApi) -> None:
    with pytest.raises(http.client.IncompleteRead):
        ask(api, "SCENARIO=cut", stream=True)
    assert ask(api, "SCENARIO=cut", stream=True)[1][-1]["type"] == "message_stop"


def test_a_failure_in_the_middle_is_an_event(api: ScriptedApi) -> None:
    _, events = ask(api, "SCENARIO=mid-error", stream=True)
    assert events[-1]["error"]["type"] == "overloaded_error"


def test_it_hangs_until_it_ends(api: ScriptedApi) -> None:
    asked = {"stream": True, "tools": [1], "messages": [{"role": "user", "content": "SCENARIO=hang"}]}
    body = json.dumps(asked)
    with socket.create_connection(("127.0.0.1", api.port)) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode())
        connection.settimeout(30)
        got = b""
        while b"content_block_stop" not in got:
            got += connection.recv(65536)
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_it_listens_on_its_socket_too(api: ScriptedApi) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(api.path))
        connection.sendall(b'POST /v1/messages/count_tokens HTTP/1.1\r\ncontent-length: 8\r\n\r\n{"a": 1}')
        assert b'"input_tokens": 2' in connection.recv(65536)
    assert api.messages() == []
