"""What is decided without a person, and what needs one at the end."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from parhelia_tui.core.model.rules import read_rule
from parhelia_tui.core.settings.section import Section


def _rules(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        read_rule(text)
    return texts


Rules = Annotated[tuple[str, ...], Field(strict=False), AfterValidator(_rules)]


class PolicyConfig(Section):
    """What agents may do without a person being asked, and what nobody may allow them."""

    allow: Rules = Field(
        default=(),
        description="What is allowed without a question: TOOL or TOOL(PATTERN), as Read or Bash(npm run *).",
    )
    deny: Rules = Field(
        default=(),
        description="What is refused, whoever would allow it: goes before `allow` and before every key.",
    )
    answer_s: Annotated[float, Field(ge=0, le=31_536_000)] = Field(
        default=86400.0,
        description="Seconds after which a question that nobody answered is refused; 0 is never.",
    )
    defer_s: Annotated[float, Field(ge=0, le=31_536_000)] = Field(
        default=900.0,
        description="Seconds after which the container of an agent without a terminal is let go while its question"
        " waits; the answer lets the talk go on in another one. 0 is never.",
    )
    review_on_error: Literal["agents"] | bool = Field(
        default="agents",
        description="A task that failed needs a person's review before it counts as ended: `agents` for those of"
        " agents that keep a talk, true for commands too, false for none.",
    )
    review_on_completion: bool = Field(
        default=False, description="So does every task that completed (parhelia task accept, reject)."
    )
    review_above_usd: Annotated[float, Field(ge=0)] = Field(
        default=0.0, description="So does one that cost more than this, in USD; 0 is none."
    )
    review_files: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=(),
        description="So does one that changed such files of its workspace, as lines of a .gitignore.",
    )
