"""What a scenario answers: messages with text and tool calls, and failures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Tool:
    """A call of a tool.

    Args:
        name: as the agent calls it, such as `Bash`.
        input: its arguments.
    """

    name: str
    input: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """One message of the model.

    Args:
        text: what it says; `pieces` deltas carry it.
        tools: what it calls afterwards.
        thinking: what it thinks before.
        stop: the stop reason; empty for `tool_use` with tools, else `end_turn`.
        input_tokens, output_tokens, cache_read, cache_write: its usage.
        pieces: in so many deltas the text comes.
        begin_s: seconds before the first byte.
        piece_s: seconds between two deltas.
        cut_after: after so many events the connection breaks; None for never.
        fail_after: after so many events an `overloaded_error` comes in the stream; None for never.
        hang: after the text nothing comes any more, and the connection stays open.
    """

    text: str = ""
    tools: tuple[Tool, ...] = ()
    thinking: str = ""
    stop: str = ""
    input_tokens: int = 1000
    output_tokens: int = 40
    cache_read: int = 0
    cache_write: int = 0
    pieces: int = 1
    begin_s: float = 0.0
    piece_s: float = 0.0
    cut_after: int | None = None
    fail_after: int | None = None
    hang: bool = False

    @property
    def stop_reason(self) -> str:
        """Why the message ends."""
        return self.stop or ("tool_use" if self.tools else "end_turn")


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that is none.

    Args:
        status: the HTTP status.
        kind: the provider's error type.
        times: how many requests get it before `then` is given; None for all.
        then: what comes afterwards.
    """

    status: int
    kind: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int | None = None
    then: Reply | None = None


Step = Reply | Failure
