"""What an agent asks, in words: the same on every screen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Approval
from parhelia_tui.core.model.states import ApprovalKind
from parhelia_tui.core.model.text import one_line, plain

_FIRST = ("command", "file_path", "notebook_path", "path", "url", "query", "pattern", "plan", "prompt")


def question_of(kind: str, tool: str, given: Mapping[str, Any], message: str) -> str:
    """Say in one line what is asked: the question itself, or the tool and what it is to do."""
    if kind == ApprovalKind.QUESTION:
        asked = [text for text, _ in questions(given)] or [message]
        return one_line(" / ".join(asked), 300)
    what = next((str(given[name]) for name in _FIRST if isinstance(given.get(name), str)), "") or message
    if not what and given:
        what = json.dumps(given, ensure_ascii=False)
    if kind == ApprovalKind.PLAN:
        return one_line(what or message, 300)
    return one_line(f"{tool}: {what}" if tool and what else tool or what or message, 300)


def questions(given: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Read the questions of a tool that asks: each with its answers to choose from, as label and description."""
    found = []
    listed = given.get("questions")
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and isinstance(each.get("question"), str):
            options = each.get("options")
            labels = [
                (plain(str(one["label"])), plain(str(one.get("description") or "")))
                for one in (options if isinstance(options, list) else ())
                if isinstance(one, dict) and isinstance(one.get("label"), str)
            ]
            found.append((plain(each["question"]), labels))
    return found


def answers_for(approval: Approval, given: Sequence[str]) -> dict[str, str]:
    """Put what somebody answered beside the questions, in their order.

    Args:
        given: for each question a text, or the number of one of its answers.

    Raises:
        ParheliaError: E102 when there are too few, E101 when there are too many.
    """
    asked = questions(approval.input)
    if approval.kind is not ApprovalKind.QUESTION or not asked:
        # A question without a form: the words themselves are the answer.
        asked = [("answer", [])] if given or approval.kind is ApprovalKind.QUESTION else []
    if len(given) != len(asked):
        code = "E102" if len(given) < len(asked) else "E101"
        said = f"{approval.id} asks {len(asked)} questions, and {len(given)} answers are given"
        raise ParheliaError(
            code,
            said,
            recovery=(
                f"parhelia approval show {approval.id}",
                f"parhelia approval approve {approval.id} --answer TEXT",
            ),
        )
    chosen = {}
    for (text, options), answer in zip(asked, given, strict=True):
        number = int(answer) if answer.isdecimal() and len(answer) < 4 else 0
        chosen[text] = options[number - 1][0] if 1 <= number <= len(options) else answer
    return chosen


def lines_of(approval: Approval) -> list[str]:
    """Give everything that is asked, line by line, as text that acts on no terminal."""
    lines = ["(this is not all of it, or not as it is)"] if approval.cut else []
    if approval.message:
        lines += plain(approval.message).splitlines()
    asked = questions(approval.input)
    for text, options in asked:
        lines += ["", *text.splitlines()]
        for number, (label, about) in enumerate(options, 1):
            lines.append(f"  {number} {one_line(label)}" + (f": {one_line(about, 300)}" if about else ""))
    for name, value in approval.input.items():
        if name == "questions" and asked:
            continue
        said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        first, *others = plain(said).splitlines() or [""]
        label = one_line(str(name), 40)
        if others:
            lines += [f"{label}:", *(f"  {line}" for line in (first, *others))]
        else:
            lines.append(f"{label}: {first}")
    return [line.expandtabs(4) for line in lines]
