"""What was said and done in an agent's conversation, whatever its program writes it down as."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Speaker(StrEnum):
    """Whose a piece of a conversation is."""

    PERSON = "person"
    AGENT = "agent"
    THOUGHT = "thought"
    TOOL = "tool"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Said:
    """One piece of a conversation. Its texts come from a container and are not yet safe to show.

    Args:
        text: the words; of a tool what it gave back.
        tool: its name, where one was used.
        given: what the tool was asked, as lines.
        about: the same in a few words.
        done: the tool has answered.
        failed: it answered with an error.
        at: epoch seconds; None where nobody wrote it down.
        within: a helper of the agent said it, not the agent itself.
    """

    speaker: Speaker
    text: str
    tool: str = ""
    given: str = ""
    about: str = ""
    done: bool = False
    failed: bool = False
    at: float | None = None
    within: bool = False
