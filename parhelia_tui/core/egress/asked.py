"""What a request asks for, as far as its price depends on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from parhelia_tui.core.egress.fetched import UNREADABLE, fetched, parse
from parhelia_tui.core.egress.usage import Reading, extras
from parhelia_tui.core.meter.bill import Usage
from parhelia_tui.core.meter.money import NANO, nano
from parhelia_tui.core.meter.prices import price
from parhelia_tui.core.model.redaction import redacted
from parhelia_tui.core.model.text import one_line

EXPECTED_OUTPUT = 4096
"""Tokens that an answer is thought to have at most, before it says; a request may allow far more and rarely
needs it, and what is set aside for one is not there for others."""
BYTES_A_TOKEN = 4
MODEL = 200
"""Characters of a model's name; with each request it is written into the book, and the container chooses it."""
A_SEARCH = NANO // 100
"""One web search of the provider's: 10 USD for a thousand (its page of prices, autumn 2026)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request.

    Args:
        model: as it says, made safe to be kept; empty where it cannot be read.
        most_output: tokens that the answer may have.
        size: bytes of its body.
        extras: what it asks for that makes it dearer.
        fetches: a host that it lets the provider ask; None for none.
    """

    model: str
    most_output: int
    size: int
    extras: frozenset[str] = frozenset()
    fetches: str | None = None

    @classmethod
    def read(cls, body: bytes) -> Asked:
        """Read a request; one that cannot be read goes on all the same, and is priced as the dearest."""
        try:
            fields = parse(body)
        except (ValueError, RecursionError):
            fields = None
        if not isinstance(fields, dict):
            return cls("", EXPECTED_OUTPUT, len(body), fetches=UNREADABLE)
        model, most = fields.get("model"), fields.get("max_tokens")
        return cls(
            one_line(redacted(model[:MODEL]), MODEL) if isinstance(model, str) else "",
            most if isinstance(most, int) and most > 0 else EXPECTED_OUTPUT,
            len(body),
            extras(fields) or frozenset(),
            fetched(fields),
        )

    def estimate(self, prices: Path | None, reading: Reading | None = None) -> int:
        """Say what it will cost, in nano-USD.

        Args:
            reading: what is known from the beginning of the answer.
        """
        output = min(self.most_output, EXPECTED_OUTPUT)
        if reading is None or not reading.started:
            usage = Usage(self.size // BYTES_A_TOKEN, output)
        else:
            known = reading.usage
            usage = Usage(
                known.input,
                max(known.output, output),
                known.cache_read,
                known.cache_write_5m,
                known.cache_write_1h,
            )
        return nano(price(self.model, usage, prices, self._extras(reading)).usd)

    def cost(self, prices: Path | None, reading: Reading) -> tuple[int, bool]:
        """Say what a response cost.

        A request may name two models, and a reader of JSON takes the one or the other; so where the answer
        tells of a dearer model that is known, that is charged.

        Returns:
            Nano-USD, and whether the model is in no table of prices.
        """
        dearer = self._extras(reading)
        bill = price(self.model, reading.usage, prices, dearer)
        other = price(reading.model, reading.usage, prices, dearer) if reading.model else bill
        if not other.assumed and ((bill.assumed and not self.model) or other.usd > bill.usd):
            bill = other
        return nano(bill.usd) + reading.searches * A_SEARCH, bill.assumed

    def _extras(self, reading: Reading | None) -> frozenset[str]:
        """What was given counts, and before that is said, what was asked for."""
        return self.extras if reading is None or reading.extras is None else reading.extras
