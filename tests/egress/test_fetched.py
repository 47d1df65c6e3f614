"""What the API would fetch for whoever asks: nothing that a container may not reach itself."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.egress.egress import MODEL, egress
from tests.egress.upstream import running, says

IMAGE = {"type": "image", "source": {"type": "url", "url": "https://evil.example.org/?all=secrets"}}
ASKED = {"model": MODEL, "max_tokens": 5, "messages": [{"role": "user", "content": [IMAGE]}]}


def _with(**more: object) -> bytes:
    return json.dumps({"model": MODEL, "max_tokens": 5, "messages": [], **more}).encode()


@pytest.mark.parametrize(
    ("body", "host"),
    [
        (json.dumps(ASKED).encode(), "evil.example.org"),
        (_with(system=[IMAGE]), "evil.example.org"),
        (_with(messages=[{"content": [{"type": "tool_result", "content": [IMAGE]}]}]), "evil.example.org"),
        (
            _with(messages=[{"content": [{"type": "document", "source": {"content": [IMAGE]}}]}]),
            "evil.example.org",
        ),
        (_with(mcp_servers=[{"type": "url", "url": "https://evil.example.org/mcp"}]), "evil.example.org"),
        (_with(tools=[{"type": "web_fetch_20250910", "name": "web_fetch"}]), "web_fetch"),
        (b'{"mcp_servers": [{"url": "https://evil.example.org"}], "mcp_servers": []}', "?"),
        (b'{"m": ' + b"[" * 100_000 + b"]" * 100_000 + b', "mcp_servers": [{}]}', "?"),
        (gzip.compress(json.dumps(ASKED).encode()), "?"),
    ],
    ids=["image", "system", "result", "document", "server", "tool", "twice", "deep", "packed"],
)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
def test_the_api_fetches_nothing_that_the_container_may_not_reach(
    tmp_path: Path, body: bytes, host: str, path: str
) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url, fetches=False) as it:
        response = it.ask(body, path=path)
        assert (response.status, json.loads(response.read())["error"]["type"]) == (403, "permission_error")
        assert [each["host"] for each in it.told("denied")] == [host]
        # What a tool was given, or said, is no address that anybody asks.
        talk = [
            {"role": "assistant", "content": [{"type": "tool_use", "name": "x", "input": IMAGE}]},
            {"role": "user", "content": [{"type": "tool_result", "content": json.dumps(IMAGE)}]},
        ]
        search = [{"type": "web_search_20250305", "name": "web_search"}, {"name": "mine", "input_schema": {}}]
        assert it.ask(_with(messages=talk, tools=search, mcp_servers=[])).status == 200
        assert len(api.seen) == 1


def test_where_all_is_reached_the_api_may_fetch(tmp_path: Path) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url) as it:
        assert it.ask(ASKED).status == 200
        assert api.seen[0].json == ASKED
