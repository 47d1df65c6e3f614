"""What the configuration decides without a person, and what it forbids a person to allow."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parhelia_tui.core.model.rules import allowed_by, denied_by, read_rule
from parhelia_tui.core.model.states import ApprovalKind
from parhelia_tui.core.settings.config_policy import PolicyConfig
from parhelia_tui.core.store import approvals


@dataclass(frozen=True, slots=True)
class Judgement:
    """A decision without a person.

    Args:
        decision: allow or deny.
        by: the rule, and where it stands.
        reason: for the agent and the history.
    """

    decision: str
    by: str
    reason: str


def judge(
    config: PolicyConfig,
    db: sqlite3.Connection,
    task_id: str,
    kind: ApprovalKind,
    tool: str,
    given: Mapping[str, Any],
    cut: bool,
) -> Judgement | None:
    """Decide a question by rules; None leaves it to a person.

    What forbids goes before what allows. Nothing is allowed of which a part is not known, and a question is
    never answered by a rule.
    """
    forbidden = forbids(config, tool, given)
    if forbidden is not None:
        return forbidden
    if cut or kind is ApprovalKind.QUESTION:
        return None
    rule = allowed_by(_read(config.allow), tool, given)
    if rule is not None:
        return Judgement("allow", f"policy.allow: {rule}", f"{rule} is allowed")
    for text, who in approvals.remembered(db, task_id):
        rule = allowed_by(_read([text]), tool, given)
        if rule is not None:
            return Judgement("allow", f"always, by {who}: {rule}", f"{rule} is always allowed in this task")
    return None


def forbids(config: PolicyConfig, tool: str, given: Mapping[str, Any]) -> Judgement | None:
    """Give what forbids a use of a tool, whoever would allow it."""
    rule = denied_by(_read(config.deny), tool, given)
    if rule is None:
        return None
    return Judgement("deny", f"policy.deny: {rule}", f"the policy of this machine forbids it: {rule}")


def _read(rules: Sequence[str]) -> list[Any]:
    return [read_rule(text) for text in rules]
