"""HTTP/1.1 and server-sent events, as much as the API's clients speak."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.scripted_api.replies import Reply

LONGEST = 256 * 1024 * 1024
_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden"}


async def request(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str], bytes] | None:
    """Read one request: method, path, headers by their names in lower case, body. None at the end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {}
    for line in filter(None, lines):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return method, path, headers, await _body(reader, headers)


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(int(headers.get("content-length", "0")))
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")
    return body


def answer(status: int, body: object, headers: Mapping[str, str] | None = None) -> bytes:
    """A whole answer with a JSON body."""
    text = json.dumps(body).encode()
    all_headers = {"content-type": "application/json", "content-length": str(len(text)), **(headers or {})}
    return _head(status, all_headers) + text


def stream_head(headers: Mapping[str, str]) -> bytes:
    """The beginning of an answer whose events follow as chunks."""
    return _head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked", **headers})


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Other')}", *(f"{k}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunk(data: bytes) -> bytes:
    """One chunk of an answer; an empty one ends it."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(body: Mapping[str, Any]) -> bytes:
    """One server-sent event."""
    return f"event: {body['type']}\ndata: {json.dumps(body)}\n\n".encode()


def message(reply: Reply, message_id: str, model: str) -> dict[str, Any]:
    """A reply as one JSON message."""
    blocks: list[dict[str, Any]] = []
    if reply.thinking:
        blocks.append({"type": "thinking", "thinking": reply.thinking, "signature": "c2lnbmVk"})
    if reply.text:
        blocks.append({"type": "text", "text": reply.text})
    for number, tool in enumerate(reply.tools):
        blocks.append(
            {
                "type": "tool_use",
                "id": f"toolu_{message_id[4:]}{number}",
                "name": tool.name,
                "input": dict(tool.input),
            }
        )
    return {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": blocks,
        "stop_reason": reply.stop_reason,
        "stop_sequence": None,
        "usage": _usage(reply, reply.output_tokens),
    }


def _usage(reply: Reply, output: int) -> dict[str, int]:
    return {
        "input_tokens": reply.input_tokens,
        "cache_read_input_tokens": reply.cache_read,
        "cache_creation_input_tokens": reply.cache_write,
        "output_tokens": output,
    }


def events(reply: Reply, message_id: str, model: str) -> Iterator[dict[str, Any]]:
    """A reply as the events of a stream."""
    whole = message(reply, message_id, model)
    begun = {**whole, "content": [], "stop_reason": None, "usage": _usage(reply, 1)}
    yield {"type": "message_start", "message": begun}
    for index, block in enumerate(whole["content"]):
        yield from _block(reply, index, block)
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": reply.stop_reason, "stop_sequence": None},
        "usage": _usage(reply, reply.output_tokens),
    }
    yield {"type": "message_stop"}


def _block(reply: Reply, index: int, block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    kind = block["type"]
    empty = {
        "text": {"type": "text", "text": ""},
        "thinking": {"type": "thinking", "thinking": "", "signature": ""},
        "tool_use": {**block, "input": {}},
    }[kind]
    yield {"type": "content_block_start", "index": index, "content_block": empty}
    deltas: list[dict[str, Any]]
    if kind == "text":
        text = block["text"]
        size = max(1, -(-len(text) // reply.pieces))
        deltas = [{"type": "text_delta", "text": text[at : at + size]} for at in range(0, len(text), size)]
    elif kind == "thinking":
        deltas = [
            {"type": "thinking_delta", "thinking": block["thinking"]},
            {"type": "signature_delta", "signature": block["signature"]},
        ]
    else:
        deltas = [{"type": "input_json_delta", "partial_json": json.dumps(block["input"])}]
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}
