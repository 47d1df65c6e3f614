"""How a run without a terminal ended: by its result, its flags, its denials and its exit code together.

None of them is enough alone: a run whose only tool was refused ends with 0 and `success`, one that the API
refused says `success` with `is_error`, an interrupted one ends with 0.
"""

from __future__ import annotations

from typing import Any, NamedTuple

API_REASONS = {
    401: "auth", 402: "budget", 403: "auth", 413: "context", 429: "rate_limit", 500: "overloaded", 503: "overloaded",
    529: "overloaded",
}  # fmt: skip
SUBTYPES = {"error_max_turns": "max_turns", "error_max_budget_usd": "budget"}
FINE = (None, "", "completed")


class Outcome(NamedTuple):
    """One end.

    Args:
        ok: the work was done.
        reason: `done`, else auth, rate_limit, overloaded, budget, context, refusal, max_turns, denied, deferred,
            interrupted, killed, config, stopped, error.
        message: in words.
    """

    ok: bool
    reason: str
    message: str


def classify(
    code: int, result: dict[str, Any] | None, errors: str = "", interrupted: bool = False
) -> Outcome:
    """Judge one end.

    Args:
        code: of the process; negative for a signal.
        result: the line of type `result`; None where there was none.
        errors: what it wrote to standard error.
        interrupted: it was asked to stop.
    """
    if result is None:
        return _without_result(code, errors, interrupted)
    said = _said(result)
    terminal = result.get("terminal_reason")
    if result.get("is_error") or result.get("subtype") not in ("success", None):
        return Outcome(
            False, _failure(result, said, interrupted), said or errors or "it failed without a word"
        )
    if result.get("stop_reason") == "refusal":
        return Outcome(False, "refusal", said or "the model refused")
    if result.get("deferred_tool_use") or terminal == "tool_deferred":
        return Outcome(False, "deferred", "a tool waits for permission")
    denials = result.get("permission_denials")
    if isinstance(denials, list) and denials:
        names = sorted({str(each.get("tool_name")) for each in denials if isinstance(each, dict)})
        return Outcome(False, "denied", f"it was not allowed to use {', '.join(names)}; {said}".rstrip("; "))
    if terminal not in FINE:
        return Outcome(
            False, "interrupted" if "abort" in str(terminal) else "stopped", f"it ended: {terminal}"
        )
    if code != 0:
        return Outcome(False, "killed" if code < 0 else "error", errors or f"it ended with {code}")
    return Outcome(True, "done", said)


def _without_result(code: int, errors: str, interrupted: bool) -> Outcome:
    if interrupted:
        return Outcome(False, "interrupted", "it was asked to stop")
    if code in (143, 129, 137) or code < 0:
        return Outcome(False, "killed", f"it was ended by a signal, {code}")
    return Outcome(False, "config", errors or f"it ended with {code} and without a result")


def _failure(result: dict[str, Any], said: str, interrupted: bool) -> str:
    subtype, status = str(result.get("subtype")), result.get("api_error_status")
    if subtype in SUBTYPES:
        return SUBTYPES[subtype]
    if status == 400:
        lower = said.lower()
        if "prompt is too long" in lower:
            return "context"
        return "budget" if "credit balance" in lower else "error"
    if isinstance(status, int):
        return API_REASONS.get(status, "error")
    if interrupted or "abort" in str(result.get("terminal_reason")):
        return "interrupted"
    if "prompt is too long" in said.lower():
        return "context"
    return "refusal" if result.get("stop_reason") == "refusal" else "error"


def _said(result: dict[str, Any]) -> str:
    text = result.get("result")
    if not isinstance(text, str) or not text:
        errors = result.get("errors")
        text = "; ".join(map(str, errors)) if isinstance(errors, list) else ""
    return " ".join(text[:4000].split())[:900]
