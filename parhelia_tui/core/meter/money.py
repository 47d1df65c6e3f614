"""Money as whole numbers: billionths of a USD, so that sums never drift and two sums can be compared."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

NANO = 10**9
"""Nano-USD in one USD. SQLite's integers hold nine billion USD of them."""


def nano(usd: Decimal | float | int) -> int:
    """Give an amount in nano-USD; what is smaller than one counts as one."""
    return int((Decimal(str(usd)) * NANO).to_integral_value(ROUND_CEILING))


def usd(amount: int) -> float:
    """Give nano-USD as USD."""
    return amount / NANO


LEAST_SHOWN = NANO // 10_000
"""The smallest amount that is said with its digits; of less than that it is only said that it is less."""


def shown(amount: int) -> str:
    """Say an amount of nano-USD in words: cents, and four digits where it is less than a USD.

    Rounded down: what is not yet spent is never shown as spent. What four digits cannot say is not shown as nothing.
    """
    if 0 < amount < LEAST_SHOWN:
        return f"under {shown(LEAST_SHOWN)}"
    digits = "0.01" if amount >= NANO else "0.0001"
    return f"${(Decimal(amount) / NANO).quantize(Decimal(digits), ROUND_FLOOR):,f}"
