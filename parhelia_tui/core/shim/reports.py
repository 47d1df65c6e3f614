"""What an agent may report: the form, checked field by field. A report is a claim, never an order."""

from __future__ import annotations

from parhelia_tui.core.shim.lean import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST = 8192
"""Bytes of one report."""
MESSAGE = 1000
"""Characters of a message that are kept."""
KINDS = frozenset(("permission", "question", "plan"))
DEEPEST = 8
"""Objects and lists inside one another that the input of a tool may have; what lies deeper is left out."""
STATES = frozenset(
    (
        *("starting", "working", "tool", "waiting", "permission", "question", "plan", "idle", "background"),
        *("retrying", "done", "error", "unknown"),
    )
)
SOURCES = frozenset(("", "hook", "session", "stream", "transcript", "screen", "process"))
WORD = 200
"""Characters of the name of a tool or a reason."""
_MOST = 10**12


def parse(line: bytes) -> dict[str, Any] | None:
    """Read one report.

    Args:
        line: one line without its newline, as hostile as can be.

    Returns:
        The report with the known fields alone, as plain JSON values; None when it has not the form.
    """
    if len(line) > LONGEST:
        return None
    try:
        fields = loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    readers = {
        "state": _state,
        "usage": _usage,
        "progress": _progress,
        "risky": _risky,
        "approval": _approval,
        "prompt": _prompt,
        "talk": _talk,
        "outcome": _outcome,
    }
    reader = readers.get(_word(fields.get("type")))
    return None if reader is None else reader(fields)


def _state(fields: dict[str, Any]) -> dict[str, Any] | None:
    state = _word(fields.get("state"))
    message = _text(fields.get("message", ""))
    if state not in STATES or message is None:
        return None
    report = {"type": "state", "state": state, "message": message}
    for name, longest in (("source", WORD), ("tool", WORD), ("detail", MESSAGE)):
        if name in fields:
            value = _text(fields[name], longest)
            if value is None or (name == "source" and value not in SOURCES):
                return None
            report[name] = value
    return report


def _talk(fields: dict[str, Any]) -> dict[str, Any] | None:
    counts = [_count(fields.get(name)) for name in ("turns", "input_tokens", "output_tokens")]
    message = _text(fields.get("message", ""))
    if message is None or None in counts:
        return None
    return {
        "type": "talk",
        "turns": counts[0],
        "input_tokens": counts[1],
        "output_tokens": counts[2],
        "message": message,
    }


def _outcome(fields: dict[str, Any]) -> dict[str, Any] | None:
    reason, message = _text(fields.get("reason"), WORD), _text(fields.get("message", ""))
    if not isinstance(fields.get("ok"), bool) or reason is None or message is None:
        return None
    return {"type": "outcome", "ok": fields["ok"], "reason": reason, "message": message}


def _usage(fields: dict[str, Any]) -> dict[str, Any] | None:
    model = _text(fields.get("model"), 200)
    tokens = [_count(fields.get("input_tokens")), _count(fields.get("output_tokens"))]
    cost = fields.get("cost_usd")
    if cost is not None:
        cost = _amount(cost, 1e6)
        if cost is None:
            return None
    if model is None or None in tokens:
        return None
    return {
        "type": "usage",
        "model": model,
        "input_tokens": tokens[0],
        "output_tokens": tokens[1],
        "cost_usd": cost,
    }


def _progress(fields: dict[str, Any]) -> dict[str, Any] | None:
    message = _text(fields.get("message"))
    percent = fields.get("percent")
    if percent is not None:
        percent = _amount(percent, 100.0)
        if percent is None:
            return None
    if message is None:
        return None
    return {"type": "progress", "message": message, "percent": percent}


def _risky(fields: dict[str, Any]) -> dict[str, Any] | None:
    message = _text(fields.get("message"))
    return None if message is None else {"type": "risky", "message": message}


def _prompt(fields: dict[str, Any]) -> dict[str, Any] | None:
    """The agent has taken a prompt: not which, only what tells it from others."""
    digest = _text(fields.get("digest"), 33)
    if digest is None or len(digest) != 32 or not set(digest) <= set("0123456789abcdef"):
        return None
    return {"type": "prompt", "digest": digest}


def _approval(fields: dict[str, Any]) -> dict[str, Any] | None:
    """A question that the agent waits with: may a tool run, what shall it do, is this plan right."""
    name, kind = _text(fields.get("id"), 200), _word(fields.get("kind"))
    tool, message = _text(fields.get("tool", ""), 200), _text(fields.get("message", ""))
    given, cut = fields.get("input", {}), fields.get("cut", False)
    if not name or kind not in KINDS or tool is None or message is None:
        return None
    if not isinstance(given, dict) or not isinstance(cut, bool):
        return None
    kept = _values(given, DEEPEST)
    return {
        "type": "approval",
        "id": name,
        "kind": kind,
        "tool": tool,
        "input": kept,
        # A shortened input is no ground for a rule to allow it, so whoever shortens it has to say so.
        "cut": cut or kept != given,
        "message": message,
    }


def _values(value: object, deep: int) -> Any:
    """JSON values that every encoder and every store takes; the line's length bounds how many."""
    if isinstance(value, str):
        return _text(value, LONGEST)
    if isinstance(value, dict):
        return (
            {_text(str(key), LONGEST): _values(each, deep - 1) for key, each in value.items()} if deep else {}
        )
    if isinstance(value, list):
        return [_values(each, deep - 1) for each in value] if deep else []
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) <= _MOST else None
    return value if isinstance(value, float) and abs(value) <= 1e15 else None


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _text(value: object, longest: int = MESSAGE) -> str | None:
    """A text without halves of characters, which no encoder and no store takes."""
    if not isinstance(value, str):
        return None
    return value[:longest].encode("utf-8", "replace").decode("utf-8")


def _count(value: object) -> int | None:
    # `bool` is an `int` to Python, but not to who reads a report.
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST:
        return None
    return value


def _amount(value: object, most: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        return None
    return float(value)
