"""What tokens cost, from a dated table."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("prices.toml")
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one response."""

    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a response cost.

    Args:
        usd: in USD.
        assumed: the model is not in the table, and the dearest known one's price was taken.
    """

    usd: float
    assumed: bool


def price(model: str, usage: Usage, table: Path = TABLE) -> Cost:
    """Price the tokens of a response; an unknown model costs what the dearest known one does.

    Args:
        model: the model's name; the longest name of the table that it begins with counts.
        table: the file with the prices, in USD for a million tokens.
    """
    rates = _rates(table)
    known = max((name for name in rates if model.startswith(name)), key=len, default=None)
    rate = rates[known] if known is not None else max(rates.values(), key=sum)
    spent = usage.input_tokens * rate[0] + usage.output_tokens * rate[1]
    return Cost(spent / MILLION, known is None)


@functools.cache
def _rates(table: Path) -> dict[str, tuple[float, float]]:
    with table.open("rb") as file:
        models = tomllib.load(file)["models"]
    return {name: (float(entry["input"]), float(entry["output"])) for name, entry in models.items()}
