"""Prices as numbers, and finding the ones of a model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from parhelia_tui.core.meter.bill import Part, Usage

# What clouds and clients put around a model's own name: "us.anthropic.NAME-20250805-v1:0", "NAME@20250805",
# "NAME-latest", "NAME[1m]".
_AROUND = re.compile(
    r"(?:[a-z0-9-]+[./])*(?P<name>[a-z][a-z0-9-]*?)(?:-latest|[-@]\d{8})?(?:-v\d+(?::\d+)?)?(?:\[1m\])?"
)


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices in USD for a million tokens; the cache's are multiples of `input`."""

    input: Decimal
    output: Decimal
    cache_write_5m: Decimal
    cache_write_1h: Decimal
    cache_read: Decimal

    def of(self, kind: str) -> Decimal:
        """The price of one kind of tokens, named by a field of `Usage`."""
        rate: Decimal = getattr(self, kind)
        return self.input * rate if kind.startswith("cache_") else rate


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """The prices of one model.

    Args:
        long_above: a prompt of more tokens than these is charged at `long`; None where it makes no difference.
    """

    rates: Rates
    long_above: int | None = None
    long: Rates | None = None

    def parts(self, usage: Usage, factor: Decimal = Decimal(1)) -> tuple[Part, ...]:
        """The lines of the bill, without those of zero tokens.

        Args:
            factor: by which each price is multiplied.
        """
        rates = self.rates
        if self.long is not None and self.long_above is not None and usage.prompt > self.long_above:
            rates = self.long
        kinds = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
        # Shifting the point is exact; dividing by a million would round.
        return tuple(
            Part(kind, tokens, rate, (tokens * rate).scaleb(-6))
            for kind in kinds
            if (tokens := getattr(usage, kind))
            for rate in (rates.of(kind) * factor,)
        )


@dataclass(frozen=True, slots=True)
class Table:
    """The prices of all known models, as of a day.

    Args:
        factors: by what a special way of answering multiplies them, by its name.
    """

    dated: date
    models: Mapping[str, ModelPrice]
    factors: Mapping[str, Decimal]

    def factor(self, extras: Iterable[str]) -> Decimal:
        """By what the prices are multiplied for a request with these extras."""
        product = Decimal(1)
        for each in extras:
            product *= self.factors.get(each, 1)
        return product

    def find(self, model: str) -> str | None:
        """Give the name under which a model stands here, None for an unknown one.

        A name has to be the very one: what begins like a known model may be a new and dearer one.
        """
        if model in self.models:
            return model
        found = _AROUND.fullmatch(model[:200].lower())
        name = found["name"] if found else ""
        return name if name in self.models else None
