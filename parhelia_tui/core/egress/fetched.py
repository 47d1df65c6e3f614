"""What a request lets the provider fetch, by which a container would reach what it may not reach itself.

Sources: the provider's reference of the Messages API: `mcp_servers`, the tool `web_fetch`, and images and documents
whose source is an address. A web search is none: it goes to the provider's own index, and is charged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

UNREADABLE = "?"
"""Stands for what a request may fetch that cannot be read."""
# Named twice, the one reader takes the first and the other the last.
_ONCE = ("mcp_servers", "tools", "messages", "system", "content", "source", "type", "url")


def parse(body: bytes) -> Any:
    """Read a request.

    Raises:
        ValueError, RecursionError: it is no JSON, or two readers could take it for two things.
    """
    return json.loads(body, object_pairs_hook=_object)


def fetched(fields: Mapping[str, Any]) -> str | None:
    """Name the first host that a request lets the provider ask; None for none."""
    servers = fields.get("mcp_servers")
    if servers:
        first = servers[0] if isinstance(servers, list) else servers
        return _host(first.get("url") if isinstance(first, dict) else None)
    for tool in _objects(fields.get("tools")):
        if str(tool.get("type", "")).startswith("web_fetch"):
            return "web_fetch"
    for message in (fields, *_objects(fields.get("messages"))):
        for block in _blocks([message.get("content"), message.get("system")]):
            source = block.get("source")
            if isinstance(source, dict) and "url" in source:
                return _host(source["url"])
    return None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        if any(names.count(name) > 1 for name in _ONCE):
            raise ValueError("a name stands there twice")
    return made


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    return (each for each in value if isinstance(each, dict)) if isinstance(value, list) else iter(())


def _blocks(waiting: list[Any]) -> Iterator[dict[str, Any]]:
    """The pieces of a content, also those in answers of tools and in documents; what a tool was given is none."""
    while waiting:
        for block in _objects(waiting.pop()):
            yield block
            waiting.append(block.get("content"))
            source = block.get("source")
            if isinstance(source, dict):
                waiting.append(source.get("content"))


def _host(address: Any) -> str:
    try:
        return urlsplit(str(address)).hostname or UNREADABLE
    except ValueError:
        return UNREADABLE
