"""The state of the agent, put together from what its hooks, its session file and its process say.

Hooks tell at once, but not of everything: an Esc or an answer given in the terminal fires none. The session
file (`~/.claude/sessions/<pid>.json`) tells of these, somewhat later. So the newer word counts, and where both
say the same the hook's stays, which knows the tool.
"""

from __future__ import annotations

from typing import Any, NamedTuple

WAITING = ("permission", "question", "plan")
ASKING_TOOLS = {"AskUserQuestion": "question", "ExitPlanMode": "plan"}


class State(NamedTuple):
    """What is known at one moment.

    Args:
        state: starting, working, tool, permission, question, plan, idle, background, retrying, done, error, unknown.
        source: hook, session, stream, process.
        tool: the tool that runs or is asked for.
        detail: its input in a line, the question, the last words.
    """

    state: str
    source: str
    tool: str = ""
    detail: str = ""


def of_hook(event: dict[str, Any], before: State) -> State | None:
    """What a hook's event says; None where it changes nothing."""
    name = event.get("hook_event_name")
    tool = text(event.get("tool_name"))
    if name in ("UserPromptSubmit", "PostToolUse", "PostToolUseFailure", "SubagentStop", "PreCompact"):
        return State("working", "hook")
    if name == "PreToolUse":
        return State("tool", "hook", tool, of_input(tool, event.get("tool_input")))
    if name == "PermissionRequest":
        kind = ASKING_TOOLS.get(tool, "permission")
        return State(kind, "hook", tool, of_input(tool, event.get("tool_input")))
    if name == "Notification":
        return _of_notification(event, before)
    if name == "Stop":
        tasks = event.get("background_tasks")
        state = "background" if isinstance(tasks, list) and tasks else "idle"
        return State(state, "hook", "", text(event.get("last_assistant_message")))
    if name == "StopFailure":
        error = event.get("error")
        said = error.get("message") if isinstance(error, dict) else error
        return State("error", "hook", "", text(event.get("last_assistant_message")) or text(said))
    return None


def _of_notification(event: dict[str, Any], before: State) -> State | None:
    kind = event.get("notification_type")
    if kind == "permission_prompt" and before.state not in WAITING:
        return State("permission", "hook", before.tool, text(event.get("message")))
    if kind == "idle_prompt" and before.state in ("working", "tool", "starting"):
        return State("idle", "hook", "", "")
    return None


def of_session(status: dict[str, Any], before: State) -> State | None:
    """What the agent's own session file says, if it says otherwise than what is known."""
    word = status.get("status")
    if word == "busy":
        return None if before.state in ("working", "tool", "retrying") else State("working", "session")
    if word == "idle":
        known = ("idle", "background", "error")
        return None if before.state in known else State("idle", "session")
    if word == "waiting" and before.state not in WAITING:
        why = text(status.get("waitingFor"))
        state = "question" if why == "input needed" else "permission"
        return State(state, "session", before.tool, before.detail if before.state == "tool" else why)
    return None


def of_input(tool: str, given: Any) -> str:
    """The input of a tool in one line, or the question that it asks."""
    if not isinstance(given, dict):
        return ""
    questions = given.get("questions")
    if isinstance(questions, list) and questions and isinstance(questions[0], dict):
        return text(questions[0].get("question"))
    for name in ("command", "file_path", "plan", "url", "pattern", "query", "description", "prompt", "path"):
        if isinstance(given.get(name), str):
            return text(given[name])
    return text(next((each for each in given.values() if isinstance(each, str)), ""))


def text(value: Any) -> str:
    """One line of at most 300 characters; nothing where it is no text."""
    return " ".join(value[:2000].split())[:300] if isinstance(value, str) else ""
