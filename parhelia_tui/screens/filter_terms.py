"""What is typed after `/`, understood: words, and terms such as state:running or !agent:claude."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from parhelia_tui.core.model.display import worker
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.text import one_line

Holds = Callable[[Task, str], bool]
"""Says whether a task fits; the second is its words in small letters."""


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a filter.

    Args:
        word: what has to stand among the words of a task, where that is all; else empty.
    """

    holds: Holds
    word: str = ""


FIELDS: Mapping[str, Callable[[Task], str]] = {
    "state": lambda task: task.state,
    "agent": worker,
    "doing": lambda task: f"{task.agent_state} {task.agent_tool}",
    "backend": lambda task: task.placed_on or task.backend,
    "network": lambda task: task.network,
    "workspace": lambda task: task.workspace,
    "batch": lambda task: task.batch or "",
    "owner": lambda task: task.owner.user_id,
    "session": lambda task: task.owner.session_id or "",
    "id": lambda task: task.id,
    "container": lambda task: task.container_id or "",
    "group": lambda task: task.parent_id or (task.id if task.is_group else ""),
    "target": lambda task: task.target,
    "title": lambda task: task.title,
    "reason": lambda task: task.reason,
}


def words_of(task: Task) -> str:
    """The words of a task that a filter without a field looks at, in small letters."""
    return f"{task.title} {task.id} {task.slug} {task.state} {worker(task)}".lower()


def terms(text: str) -> list[Term]:
    """Understand a filter: every term has to hold.

    A word has to stand in the title, id, slug, state or agent; `field:word` in that field; `!` before either
    turns it round. What looks like a field and is none is a word.
    """
    found = []
    for word in text.lower().split():
        turned = word.startswith("!")
        bare = word[1:] if turned else word
        if bare:
            term = _term(bare)
            found.append(Term(_not(term.holds)) if turned else term)
    return found


def unknown_field(text: str) -> str:
    """Say that a filter has what looks like a field and is none, and which it may have meant; empty where not."""
    for word in text.lower().split():
        name, colon, _ = word.lstrip("!").partition(":")
        if colon and name.isalpha() and name not in FIELDS:
            # Late: it would be a part of the first frame.
            from difflib import get_close_matches

            near = get_close_matches(name, FIELDS, 1)
            return f"{one_line(name, 20)}: is no field{f'; did you mean {near[0]}:?' if near else ''}"
    return ""


def only_narrows(old: str, new: str) -> bool:
    """Whether whatever fits a filter fitted the one before it too, as when a word is typed on."""
    return bool(old) and new.startswith(old) and "!" not in new and ":" not in new


def _term(term: str) -> Term:
    name, colon, value = term.partition(":")
    field = FIELDS.get(name) if colon else None
    if field is None:
        return Term(lambda task, words: term in words, term)
    return Term(lambda task, words: value in field(task).lower())


def _not(holds: Holds) -> Holds:
    return lambda task, words: not holds(task, words)
