"""The file of prices, and one of the user's over it."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from parhelia_tui.core.meter.prices import Usage, price
from parhelia_tui.core.model.errors import ParheliaError

ONE = Usage(1_000_000, 0)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Where a user keeps prices."""
    return tmp_path / "prices.toml"


def test_a_user_may_change_a_price_and_add_a_model(own: Path) -> None:
    own.write_text(
        "dated = 2027-03-01\n[models.claude-sonnet-5]\ninput = 1.5\noutput = 7\n"
        '[models."house/model.1"]\ninput = 0.02\noutput = 0\ncache.read = 0\n'
    )
    assert price("claude-sonnet-5", ONE, own).usd == Decimal("1.5")
    assert price("house/model.1", ONE, own).usd == Decimal("0.02")
    assert str(price("house/model.1", ONE, own).dated) == "2027-03-01"
    assert price("claude-opus-5", ONE, own).usd == 5
    assert price("claude-sonnet-5", ONE).usd == 2


def test_the_multiples_of_a_users_file_count_for_its_own_models(own: Path) -> None:
    own.write_text("[cache]\nread = 0.5\n[models.mine]\ninput = 2\noutput = 3\n")
    assert price("mine", Usage(0, 0, cache_read=1_000_000), own).usd == 1
    assert price("mine", Usage(0, 0, cache_write_5m=1_000_000), own).usd == Decimal("2.5")
    assert price("claude-sonnet-5", Usage(0, 0, cache_read=1_000_000), own).usd == Decimal("0.2")


def test_a_dearer_model_of_the_user_is_what_an_unknown_one_costs(own: Path) -> None:
    own.write_text("[models.gold]\ninput = 900\noutput = 1\n")
    assert price("unheard-of", ONE, own).priced_as == "gold"
    assert price("unheard-of", Usage(0, 1_000_000), own).priced_as == "claude-opus-4"


def test_a_user_may_change_by_what_a_special_way_of_answering_is_dearer(own: Path) -> None:
    own.write_text("[factors]\nfast = 6\n")
    assert price("claude-opus-5", ONE, own, {"fast"}).usd == 30
    assert price("claude-opus-5", ONE, own, {"us", "fast"}).usd == 33
    assert price("claude-opus-5", ONE, None, {"us"}).usd == Decimal("5.5")
    assert "30 USD per million" in price("claude-opus-5", ONE, own, {"fast"}).explanation


def test_a_changed_file_is_read_again(own: Path) -> None:
    own.write_text("[models.mine]\ninput = 2\noutput = 3\n")
    assert price("mine", ONE, own).usd == 2
    own.write_text("[models.mine]\ninput = 4\noutput = 3\n")
    os.utime(own, ns=(1, 1))
    assert price("mine", ONE, own).usd == 4


def test_an_empty_file_changes_nothing(own: Path) -> None:
    own.write_text("")
    assert price("claude-sonnet-5", ONE, own) == price("claude-sonnet-5", ONE)


MODEL = "[models.m]\ninput = 1\noutput = 2\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[models.m]\ninput = 1\n", "line 1: models.m.output is missing"),
        ("[models.m]\noutput = 1\n\ninput = '3'", "line 4: models.m.input must be a number"),
        ("[models.m]\noutput = 1\ninput = -3", "line 3: models.m.input must lie from 0"),
        ("[models.m]\noutput = 1\ninput = nan", "line 3: models.m.input must lie from 0"),
        ("[models.m]\noutput = 1\ninput = inf", "line 3: models.m.input must lie from 0"),
        ("[models.m]\noutput = 1\ninput = 1e7", "line 3: models.m.input must lie from 0"),
        ("[models.m]\noutput = 1\ninput = 1e-10", "with at most 9 decimals"),
        ("[models.m]\noutput = 1\ninput = true", "line 3: models.m.input must be a number"),
        (MODEL + "outptu = 2\n", "line 4: models.m.outptu is unknown; known are cache, input"),
        (MODEL + "cache = 3\n", "line 4: models.m.cache must be a table"),
        (MODEL + "cache.write = 3\n", "line 4: models.m.cache.write is unknown"),
        (MODEL + "long = { input = 3, output = 4 }\n", "models.m.long.above must be a number of tokens"),
        (MODEL + "long = { above = 1.5, input = 3, output = 4 }\n", "line 4: models.m.long.above must be"),
        (MODEL + "long = { above = 5, input = 3 }\n", "models.m.long.output is missing"),
        ("models = 1\n", "line 1: models must be a table"),
        ("models.m = 1\n", "line 1: models.m must be a table"),
        ("dated = 2026\n", "line 1: dated must be a day"),
        ("dated = 2026-11-01T00:00:00\n", "line 1: dated must be a day"),
        ("source = 1\n", "line 1: source must be a text"),
        ("price = 1\n", "line 1: price is unknown"),
        ("[factors]\nslow = 2\n", "line 2: factors.slow is unknown; known are fast, us"),
        ("[factors]\nfast = -2\n", "line 2: factors.fast must lie from 0"),
        ("[models\n", "is no TOML"),
        ("[" * 100_000, "is no TOML"),
    ],
)
def test_a_fault_is_told_with_its_line(own: Path, text: str, said: str) -> None:
    own.write_text(text)
    with pytest.raises(ParheliaError) as caught:
        price("m", ONE, own)
    assert caught.value.code == "E700"
    assert said in caught.value.message
    assert str(own) in caught.value.message


def test_a_file_that_is_no_text_is_an_error_of_configuration(own: Path) -> None:
    own.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ParheliaError, match="is no TOML") as caught:
        price("m", ONE, own)
    assert caught.value.code == "E700"


@pytest.mark.parametrize("what", ["missing", "directory", "fifo", "huge"])
def test_what_is_no_ordinary_file_is_an_error_of_configuration(own: Path, what: str) -> None:
    if what == "directory":
        own.mkdir()
    elif what == "fifo":
        os.mkfifo(own)
    elif what == "huge":
        own.write_bytes(b"#" * 2_000_000)
    with pytest.raises(ParheliaError) as caught:
        price("m", ONE, own)
    assert caught.value.code == "E700"
