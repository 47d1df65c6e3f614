"""Who is told when somebody has to look, and when not."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from parhelia_tui.core.settings.section import Section

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def _spans(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        if not _SPAN.fullmatch(text):
            raise ValueError(f"{text[:40]!r} is no span of the day; write 22:00-07:30")
    return texts


def _address(text: str) -> str:
    if text and not re.fullmatch(r"https?://[^\s/?#@]+(?:[/?#]\S*)?", text):
        raise ValueError("it has to be an address that begins with https:// or http://, without a name in it")
    return text


class NotifyConfig(Section):
    """Telling a person that a task needs them, or has ended."""

    on: Annotated[
        tuple[Literal["waiting", "needs_review", "failed", "completed", "cancelled"], ...],
        Field(strict=False),
    ] = Field(
        default=("waiting", "needs_review", "failed"),
        description="Changes that are told: waiting, needs_review, failed, completed, cancelled.",
    )
    bell: bool = Field(default=True, description="The dashboard rings the terminal's bell.")
    desktop: Literal["off", "osc9", "osc99", "osc777", "notify-send"] = Field(
        default="off",
        description="The dashboard tells the desktop, by its terminal (osc9, osc99, osc777) or notify-send.",
    )
    webhook: Annotated[str, AfterValidator(_address)] = Field(
        default="", description="The controller sends JSON to this address by POST. Empty: nowhere."
    )
    command: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=(), description="The controller runs this program with its arguments, JSON on standard input."
    )
    least_priority: Annotated[int, Field(ge=-100, le=100)] = Field(
        default=-100, description="Tasks of a lower priority are not told of."
    )
    quiet: Annotated[tuple[str, ...], Field(strict=False), AfterValidator(_spans)] = Field(
        default=(), description='Hours of the day without a word, as "22:00-07:30"; local time.'
    )
    quiet_priority: Annotated[int, Field(ge=-100, le=101)] = Field(
        default=101, description="Tasks of at least this priority are told of in quiet hours too."
    )
