"""A talk that ended with a question: its last call is marked as deferred, so that it is made again when it goes on.

Claude Code keeps a call that a hook deferred in its conversation, and makes it again, with its question and without
asking the model, where the conversation is resumed (`hook_deferred_tool`; both tested versions). A call that waited for
its answer when the process was ended lacks only that line. Where the talk does not end with such a call, nothing is
marked, and the agent is told in words.
"""

from __future__ import annotations

import glob
import json
import os
import uuid
from typing import Any

SAME = ("isSidechain", "userType", "entrypoint", "cwd", "sessionId", "version", "gitBranch", "slug")
"""What every line of one conversation says alike."""


def mark(session: str) -> bool:
    """Mark the call with which a conversation ends.

    Args:
        session: the conversation's id; its file lies below `~/.claude/projects`.

    Returns:
        Whether the call will be made again.
    """
    projects = os.path.join(os.environ["HOME"], ".claude", "projects")
    paths = glob.glob(os.path.join(glob.escape(projects), "*", f"{glob.escape(session)}.jsonl"))
    if len(paths) != 1:
        return False
    try:
        with open(paths[0], "rb") as file:
            data = file.read()
        entry, call = _open_call(data)
        if entry is None or call is None:
            return False
        whole = b"" if data.endswith(b"\n") else b"\n"
        with open(paths[0], "ab") as file:
            file.write(whole + json.dumps(_line(entry, call)).encode() + b"\n")
    except OSError:
        return False
    return True


def _open_call(data: bytes) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Give the first call of the last answer that has no result, and the line in which it stands."""
    calls: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for line in data.splitlines():
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            # The last line may have been cut.
            continue
        if not isinstance(entry, dict) or entry.get("isSidechain"):
            continue
        message = entry.get("message")
        content = message.get("content") if isinstance(message, dict) else None
        blocks = [each for each in content if isinstance(each, dict)] if isinstance(content, list) else []
        if entry.get("type") == "assistant":
            calls.update(
                {str(each.get("id")): (entry, each) for each in blocks if each.get("type") == "tool_use"}
            )
        elif entry.get("type") == "user":
            results = [str(each.get("tool_use_id")) for each in blocks if each.get("type") == "tool_result"]
            for each in results:
                calls.pop(each, None)
            if not results:
                # Somebody spoke after it: those calls are over.
                calls.clear()
    return next(iter(calls.values()), (None, None))


def _line(entry: dict[str, Any], call: dict[str, Any]) -> dict[str, Any]:
    name = str(call.get("name"))
    return {
        **{each: entry[each] for each in SAME if each in entry},
        "type": "attachment",
        "parentUuid": entry.get("uuid"),
        "uuid": str(uuid.uuid4()),
        "timestamp": entry.get("timestamp"),
        "attachment": {
            "type": "hook_deferred_tool",
            "toolUseID": call.get("id"),
            "toolName": name,
            "toolInput": call.get("input"),
            "hookName": f"PreToolUse:{name}",
            "hookEvent": "PreToolUse",
            "permissionMode": "default",
        },
    }
