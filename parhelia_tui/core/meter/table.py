"""Reading prices from TOML: our own file, and one of the user's over it."""

from __future__ import annotations

import functools
import pkgutil
import stat
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from parhelia_tui.core.meter.rates import ModelPrice, Rates, Table
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.toml_places import places

SHIPPED = Path(__file__).with_name("prices.toml")
MOST_USD = 1_000_000
"""The highest price that is believed, for a million tokens; what is above is a mistake."""
DECIMALS = 9
SIZE_LIMIT = 1 << 20
FACTORS = {"fast", "us"}
"""What makes a request dearer, by the words with which an answer says that it was given (its `usage`)."""


def table(override: Path | None = None) -> Table:
    """Give all prices.

    Args:
        override: a file whose models are added to ours or replace them; its `[cache]` counts for its own.

    Raises:
        ParheliaError: E700 for a file that cannot be used, with its line.
    """
    if override is None:
        return _shipped()
    try:
        seen = override.stat()
    except OSError as error:
        raise ParheliaError("E700", f"{override} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(seen.st_mode):
        raise ParheliaError("E700", f"{override} is not a file")
    return _overlaid(override, (seen.st_mtime_ns, seen.st_size, seen.st_ino))


@functools.cache
def _shipped() -> Table:
    return _File(SHIPPED).table(date.min, {})


@functools.lru_cache(4)
def _overlaid(override: Path, _: tuple[int, int, int]) -> Table:
    ours = _shipped()
    own = _File(override).table(ours.dated, _File(SHIPPED).cache({}))
    return Table(own.dated, {**ours.models, **own.models}, {**ours.factors, **own.factors})


def _read(path: Path) -> bytes:
    """Read a file, but not more of it than is allowed and one byte. Raises OSError."""
    if path == SHIPPED:
        # In a sandbox it stands in an archive, together with this module.
        return pkgutil.get_data(__name__, path.name) or b""
    with path.open("rb") as file:
        return file.read(SIZE_LIMIT + 1)


class _File:
    """One file on its way to a table; every fault in it is told with its line.

    Args:
        path: what to read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            text = _read(path)
            if len(text) > SIZE_LIMIT:
                raise ParheliaError("E700", f"{path} is larger than {SIZE_LIMIT} bytes")
            self._text = text.decode()
            # Decimal keeps what is written: 0.1 is a tenth and nothing beside it.
            self._data = tomllib.loads(self._text, parse_float=Decimal)
        except OSError as error:
            raise ParheliaError("E700", f"{path} cannot be read: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise ParheliaError("E700", f"{path} is no TOML: {one_line(str(error))}") from error

    def table(self, dated: date, cache: Mapping[str, Decimal]) -> Table:
        """Read it all; `dated` and `cache` are what counts where it says nothing."""
        self._known((), self._data, {"dated", "source", "cache", "factors", "models"})
        said = self._data.get("dated", dated)
        if isinstance(said, datetime) or not isinstance(said, date):
            self._fault(("dated",), "must be a day, as 2026-11-01")
        if not isinstance(self._data.get("source", ""), str):
            self._fault(("source",), "must be a text")
        usual = self.cache(cache)
        models = self._part((), self._data, "models")
        factors = self._part((), self._data, "factors")
        self._known(("factors",), factors, FACTORS)
        return Table(
            said,
            {name: self._model(("models", name), models, usual) for name in models},
            {name: self._number(("factors", name), factors) for name in factors},
        )

    def cache(self, usual: Mapping[str, Decimal]) -> dict[str, Decimal]:
        """The multiples of the input price that count where a model says nothing."""
        return self._multiples((), self._data, usual)

    def _model(self, at: tuple[str, ...], models: dict[str, Any], usual: Mapping[str, Decimal]) -> ModelPrice:
        entry = self._part(at[:-1], models, at[-1])
        self._known(at, entry, {"input", "output", "cache", "long"})
        cache = self._multiples(at, entry, usual)
        rates = self._rates(at, entry, cache)
        if "long" not in entry:
            return ModelPrice(rates)
        deep, long = (*at, "long"), self._part(at, entry, "long")
        self._known(deep, long, {"above", "input", "output"})
        above = long.get("above")
        if type(above) is not int or above < 0:
            self._fault((*deep, "above"), "must be a number of tokens")
        return ModelPrice(rates, above, self._rates(deep, long, cache))

    def _rates(self, at: tuple[str, ...], entry: dict[str, Any], cache: Mapping[str, Decimal]) -> Rates:
        return Rates(
            input=self._number((*at, "input"), entry),
            output=self._number((*at, "output"), entry),
            cache_write_5m=cache["write_5m"],
            cache_write_1h=cache["write_1h"],
            cache_read=cache["read"],
        )

    def _multiples(
        self, at: tuple[str, ...], entry: dict[str, Any], usual: Mapping[str, Decimal]
    ) -> dict[str, Decimal]:
        deep, said = (*at, "cache"), self._part(at, entry, "cache")
        self._known(deep, said, {"write_5m", "write_1h", "read"})
        return {**usual, **{name: self._number((*deep, name), said) for name in said}}

    def _part(self, at: tuple[str, ...], entry: dict[str, Any], name: str) -> dict[str, Any]:
        part = entry.get(name, {})
        if not isinstance(part, dict):
            self._fault((*at, name), "must be a table")
        return dict(part)

    def _number(self, at: tuple[str, ...], entry: dict[str, Any]) -> Decimal:
        value = entry.get(at[-1])
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self._fault(at, "must be a number" if at[-1] in entry else "is missing")
        number = Decimal(value)
        if not number.is_finite() or not 0 <= number <= MOST_USD or number != round(number, DECIMALS):
            self._fault(at, f"must lie from 0 to {MOST_USD:,}, with at most {DECIMALS} decimals")
        return number

    def _known(self, at: tuple[str, ...], entry: dict[str, Any], names: set[str]) -> None:
        for name in entry:
            if name not in names:
                self._fault((*at, name), f"is unknown; known are {', '.join(sorted(names))}")

    def _fault(self, at: tuple[str, ...], what: str) -> NoReturn:
        found = places(self._text)
        line = next((found[at[:end]] for end in range(len(at), 0, -1) if at[:end] in found), 1)
        key = one_line(".".join(at), 100)
        raise ParheliaError("E700", f"{self._path}, line {line}: {key} {what}", details={"line": line})
