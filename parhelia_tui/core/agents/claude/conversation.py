"""What Claude Code wrote down of a conversation: `projects/<directory>/<id>.jsonl`, one block of a message a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from parhelia_tui.core.agents.talk_files import TEXT, TalkFiles, given_of, objects, text_of
from parhelia_tui.core.model.said import Said, Speaker

MOST = 5000
"""Pieces that are kept, the newest."""


def conversation(files: TalkFiles, session: str) -> list[Said]:
    """Read a conversation.

    Args:
        files: the directory `.claude`.
        session: the conversation's id.
    """
    for directory in files.names("projects"):
        name = f"{session}.jsonl"
        if name in files.names(f"projects/{directory}"):
            return pieces(files.read(f"projects/{directory}/{name}"))
    return []


def pieces(data: bytes) -> list[Said]:
    """Read what was said out of the lines of a conversation; a tool and its answer are one piece."""
    found: list[Said] = []
    asked: dict[str, int] = {}
    for entry in objects(data):
        for name, said in _said(entry):
            if said.speaker is Speaker.TOOL and said.done:
                place = asked.pop(name, None)
                if place is not None:
                    found[place] = replace(found[place], text=said.text, done=True, failed=said.failed)
                continue
            if name:
                asked[name] = len(found)
            found.append(said)
    return found[-MOST:]


def _said(entry: dict[str, Any]) -> Iterator[tuple[str, Said]]:
    """The pieces of one line, each with the id of the tool's use, empty for what is none."""
    kind, at, within = entry.get("type"), _moment(entry.get("timestamp")), bool(entry.get("isSidechain"))
    if kind == "system" and entry.get("subtype") == "compact_boundary":
        yield "", Said(Speaker.NOTE, "What was said before was summed up here.", at=at)
    message = entry.get("message")
    if kind not in ("user", "assistant") or not isinstance(message, dict) or entry.get("isMeta"):
        return
    speaker = Speaker.AGENT if kind == "assistant" else Speaker.PERSON
    content = message.get("content")
    blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
    for block in blocks:
        if not isinstance(block, dict):
            continue
        what = block.get("type")
        if what == "text" and (text := text_of(block.get("text")).strip()):
            yield "", Said(speaker, text, at=at, within=within)
        elif what == "thinking" and (text := text_of(block.get("thinking")).strip()):
            yield "", Said(Speaker.THOUGHT, text, at=at, within=within)
        elif what == "tool_use":
            given, about = given_of(block.get("input"))
            tool = text_of(block.get("name"))[:100]
            yield (
                text_of(block.get("id")),
                Said(Speaker.TOOL, "", tool=tool, given=given, about=about, at=at, within=within),
            )
        elif what == "tool_result":
            text, failed = _answer(block.get("content")), bool(block.get("is_error"))
            yield text_of(block.get("tool_use_id")), Said(Speaker.TOOL, text, done=True, failed=failed)


def _answer(content: object) -> str:
    if isinstance(content, list):
        texts = [
            text_of(each.get("text")) or f"[{text_of(each.get('type'))}]"
            for each in content
            if isinstance(each, dict)
        ]
        return "\n".join(texts)[:TEXT]
    return text_of(content)


def _moment(text: object) -> float | None:
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None
