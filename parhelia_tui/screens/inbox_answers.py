"""Answers from the inbox: which entries one fits, how it is carried out, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.states import ApprovalKind
from parhelia_tui.screens.inbox_lines import Entry
from parhelia_tui.screens.wishing import in_words


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person answers to one or several entries at once.

    Args:
        decision: allow or deny; of a review, accept or reject.
        reason: the agent is told.
        always: allow what is alike too, in its task.
        answers: to the questions of one entry, in their order.
    """

    decision: str
    reason: str = ""
    always: bool = False
    answers: tuple[str, ...] = ()

    def fits(self, entry: Entry) -> bool:
        """Say whether an entry can be answered so: a question takes words, not a mere yes."""
        if entry.approval is None:
            return entry.reviewed
        return (
            self.decision == "deny" or bool(self.answers) or entry.approval.kind is not ApprovalKind.QUESTION
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an answer.

    Args:
        told: entries whose agents were told.
        wrong: why others were not, in words.
    """

    told: int
    wrong: tuple[str, ...]

    def in_words(self, answer: Answer, left: int) -> str:
        """Say it in a line.

        Args:
            left: entries that the answer did not fit.
        """
        word = "allowed" if answer.decision == "allow" else "refused"
        parts = [f"{self.told} {word}."] if self.told else []
        if self.wrong:
            first = self.wrong[0]
            parts.append(f"{len(self.wrong)} not: {first}" if self.told or len(self.wrong) > 1 else first)
        if left:
            parts.append(f"{left} left: they need an answer of their own.")
        return " ".join(parts)


def carry_out(client: Client, entries: Sequence[Entry], answer: Answer) -> Outcome:
    """Answer entries that the answer fits: all are written down before the first is waited for."""
    told, wrong, waits = 0, [], []
    for entry in entries:
        try:
            if entry.reviewed:
                accept = answer.decision == "allow"
                client.settle_review(entry.key, accept=accept, reason=answer.reason)
                told += 1
            else:
                client.approvals.answer(
                    entry.key,
                    answer.decision,
                    reason=answer.reason,
                    always=answer.always,
                    answers=answer.answers,
                )
                waits.append(entry.key)
        except ParheliaError as error:
            wrong.append(in_words(error))
    for name in waits:
        try:
            client.approvals.wait(name)
            told += 1
        except ParheliaError as error:
            wrong.append(in_words(error))
    return Outcome(told, tuple(wrong))
