"""What the tokens of a response cost."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Context, Decimal, localcontext
from pathlib import Path

from parhelia_tui.core.meter.bill import Cost, Part, Usage
from parhelia_tui.core.meter.table import table

__all__ = ["Cost", "Part", "Usage", "price"]

_EXACT = Context(prec=100)
"""Digits enough for any product of a price, a multiple and a number of tokens; nothing is rounded."""


def price(
    model: str, usage: Usage, override: Path | None = None, extras: Collection[str] = frozenset()
) -> Cost:
    """Price the tokens of a response; an unknown model costs what the dearest known one does.

    Args:
        model: the name that the request had, also with a date, a region or a provider around it.
        usage: what was spent.
        override: a file of the user's with prices over ours; it is read again when it has changed.
        extras: what else was asked for that makes it dearer, by the names of the table's factors.

    Raises:
        ParheliaError: E700 for an override that cannot be used.
    """
    prices = table(override)
    known = prices.find(model)
    with localcontext(_EXACT):
        factor = prices.factor(extras)
        if known is not None:
            return _bill(known, False, prices.dated, prices.models[known].parts(usage, factor))
        # Which model is the dearest may depend on what was spent; so all are tried, and none can be dearer.
        bills = (
            _bill(name, True, prices.dated, rates.parts(usage, factor))
            for name, rates in prices.models.items()
        )
        return max(bills, key=lambda cost: cost.usd)


def _bill(name: str, assumed: bool, dated: date, parts: tuple[Part, ...]) -> Cost:
    return Cost(sum((part.usd for part in parts), Decimal(0)), assumed, name, dated, parts)
