"""What was spent, and the bill for it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one response.

    Args:
        input: of the prompt, without those read from the cache or written into it.
        output: that the model said, its thinking among them.
        cache_read: of the prompt, taken from the cache.
        cache_write_5m, cache_write_1h: of the prompt, written into the cache for so long.

    Raises:
        ValueError: a number is negative or no whole number.
    """

    input: int
    output: int
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            tokens = getattr(self, field.name)
            if type(tokens) is not int or tokens < 0:
                raise ValueError(f"{field.name} must be a whole number from 0 on, not {tokens!r}")

    @property
    def prompt(self) -> int:
        """All tokens of the prompt, cached or not."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a bill.

    Args:
        kind: the field of `Usage` that is charged.
        rate: USD for a million tokens.
        usd: exact.
    """

    kind: str
    tokens: int
    rate: Decimal
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Cost:
    """What a response costs, and why.

    Args:
        usd: the exact sum of the parts, in USD.
        assumed: the model is in no table, and the dearest known one's price was taken.
        priced_as: the name under which the price stands in the table.
        dated: the day of the table.
        parts: the kinds of tokens that there were.
    """

    usd: Decimal
    assumed: bool
    priced_as: str
    dated: date
    parts: tuple[Part, ...]

    @property
    def explanation(self) -> str:
        """The bill in one line."""
        model = f"unknown model, priced as {self.priced_as}" if self.assumed else self.priced_as
        sums = " + ".join(f"{part.tokens:,} {part.kind} x {part.rate:f}" for part in self.parts)
        return f"{model}: {sums or 'no tokens'} USD per million, prices of {self.dated}"
