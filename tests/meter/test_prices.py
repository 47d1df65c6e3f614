"""What tokens cost: the table as published, and arithmetic that never rounds."""

from __future__ import annotations

from dataclasses import astuple, fields, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parhelia_tui.core.meter.prices import Usage, price
from parhelia_tui.core.meter.table import table

KNOWN = sorted(table().models)
FLAT = [name for name in KNOWN if table().models[name].long is None]
KINDS = [field.name for field in fields(Usage)]

tokens = st.integers(0, 10**9)
usages = st.builds(Usage, tokens, tokens, tokens, tokens, tokens)
models = st.sampled_from([*KNOWN, "some-model-of-tomorrow"])


def usd(model: str, **spent: int) -> Decimal:
    """The price of so many tokens, the rest zero."""
    return price(model, Usage(**{"input": 0, "output": 0, **spent})).usd


MILLION = 1_000_000

# model: input, output, cache write for 5 minutes, for an hour, cache read; USD for a million tokens
PUBLISHED = {
    "claude-opus-4": ("15", "75", "18.75", "30", "1.5"),
    "claude-opus-4-1": ("15", "75", "18.75", "30", "1.5"),
    "claude-opus-4-5": ("5", "25", "6.25", "10", "0.5"),
    "claude-opus-4-6": ("5", "25", "6.25", "10", "0.5"),
    "claude-opus-5": ("5", "25", "6.25", "10", "0.5"),
    "claude-opus-5-5": ("4", "20", "5", "8", "0.2"),
    "claude-sonnet-4-5": ("3", "15", "3.75", "6", "0.3"),
    "claude-sonnet-4-6": ("3", "15", "3.75", "6", "0.3"),
    "claude-sonnet-5": ("2", "10", "2.5", "4", "0.2"),
    "claude-sonnet-5-5": ("2", "10", "2.5", "4", "0.1"),
    "claude-haiku-4-5": ("1", "5", "1.25", "2", "0.1"),
    "claude-fable-5": ("10", "50", "12.5", "20", "1"),
    "claude-fable-5-1": ("10", "50", "12.5", "20", "0.25"),
    "claude-fable-5-2": ("8", "40", "10", "16", "0.2"),
}


@pytest.mark.parametrize("model", PUBLISHED)
def test_a_model_costs_what_is_published(model: str) -> None:
    order = ("input", "output", "cache_write_5m", "cache_write_1h", "cache_read")
    seen = tuple(usd(model, **{kind: MILLION}) for kind in order)
    assert seen == tuple(Decimal(each) for each in PUBLISHED[model])


def test_a_long_prompt_is_charged_at_its_own_price_all_of_it() -> None:
    model = "claude-haiku-5-5"
    assert usd(model, input=100_000, output=1000) == Decimal("0.0105")
    assert usd(model, input=100_001, output=1000) == Decimal("0.0525005")


def test_cached_tokens_make_a_prompt_long_and_are_charged_by_its_price() -> None:
    model = "claude-haiku-5-5"
    assert usd(model, cache_read=100_000) == Decimal("0.001")
    assert usd(model, cache_read=99_999, cache_write_5m=1, input=1) == (
        Decimal("0.00499995") + Decimal("0.000000625") + Decimal("0.0000005")
    )


def test_the_output_alone_makes_no_prompt_long() -> None:
    assert usd("claude-haiku-5-5", output=200_000) == Decimal("0.1")


def test_an_unknown_model_costs_what_the_dearest_known_one_does_and_says_so() -> None:
    usage = Usage(1000, 1000, 1000, 1000, 1000)
    cost = price("some-model-of-tomorrow", usage)
    assert cost.assumed
    assert cost.usd == max(price(name, usage).usd for name in KNOWN)
    assert cost.explanation.startswith(f"unknown model, priced as {cost.priced_as}:")


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("claude-opus-4-20250514", "claude-opus-4"),
        ("claude-opus-4-1-20250805", "claude-opus-4-1"),
        ("claude-opus-4-1@20250805", "claude-opus-4-1"),
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", "claude-opus-4-1"),
        ("anthropic/claude-sonnet-5", "claude-sonnet-5"),
        ("claude-sonnet-4-5[1m]", "claude-sonnet-4-5"),
        ("claude-haiku-4-5-latest", "claude-haiku-4-5"),
        ("Claude-Haiku-4-5", "claude-haiku-4-5"),
    ],
)
def test_a_date_a_region_or_a_provider_around_a_name_changes_nothing(said: str, known: str) -> None:
    cost = price(said, Usage(1, 1))
    assert (cost.priced_as, cost.assumed) == (known, False)


@pytest.mark.parametrize(
    "said",
    ["", "claude", "claude-opus-5-7", "claude-opus-4-12", "claude-opus-4-5-fast", "x" * 10_000, "[1m]", "\0"],
)
def test_a_name_that_only_begins_like_a_known_one_is_unknown(said: str) -> None:
    assert price(said, Usage(1, 1)).assumed


def test_the_bill_names_each_kind_with_its_rate_and_adds_up() -> None:
    cost = price("claude-opus-5-5", Usage(10, 20, cache_read=30))
    assert [(part.kind, part.tokens, part.rate) for part in cost.parts] == [
        ("input", 10, Decimal(4)),
        ("cache_read", 30, Decimal("0.2")),
        ("output", 20, Decimal(20)),
    ]
    assert cost.usd == sum(part.usd for part in cost.parts)
    assert "30 cache_read x 0.20" in cost.explanation
    assert str(cost.dated) in cost.explanation


def test_nothing_costs_nothing() -> None:
    cost = price("claude-opus-5", Usage(0, 0))
    assert (str(cost.usd), cost.parts) == ("0", ())
    assert "no tokens" in cost.explanation


@pytest.mark.parametrize("wrong", [-1, 1.0, True, "1"])
@pytest.mark.parametrize("kind", KINDS)
def test_tokens_are_whole_numbers_from_zero_on(kind: str, wrong: object) -> None:
    spent: dict = {"input": 0, "output": 0, kind: wrong}
    with pytest.raises(ValueError, match=kind):
        Usage(**spent)


@given(models, usages, st.sampled_from(KINDS), tokens)
def test_more_tokens_never_cost_less(model: str, usage: Usage, kind: str, more: int) -> None:
    bigger = replace(usage, **{kind: getattr(usage, kind) + more})
    assert price(model, bigger).usd >= price(model, usage).usd


def together(one: Usage, other: Usage) -> Usage:
    """The tokens of both."""
    return Usage(*(getattr(one, kind) + getattr(other, kind) for kind in KINDS))


@given(st.sampled_from(FLAT), usages, usages)
def test_two_responses_cost_what_they_cost_apart(model: str, one: Usage, other: Usage) -> None:
    assert price(model, together(one, other)).usd == price(model, one).usd + price(model, other).usd


@given(usages, usages)
def test_cutting_a_prompt_in_two_never_costs_more_where_long_prompts_are_dearer(
    one: Usage, other: Usage
) -> None:
    model = "claude-haiku-5-5"
    assert price(model, together(one, other)).usd >= price(model, one).usd + price(model, other).usd


@given(usages)
def test_no_known_model_is_dearer_than_the_price_of_an_unknown_one(usage: Usage) -> None:
    assumed = price("some-model-of-tomorrow", usage).usd
    assert all(price(name, usage).usd <= assumed for name in KNOWN)


@given(models, usages)
def test_a_price_is_exact(model: str, usage: Usage) -> None:
    from fractions import Fraction

    cost = price(model, usage)
    assert Fraction(cost.usd) == sum(
        Fraction(part.tokens) * Fraction(part.rate) / MILLION for part in cost.parts
    )
    assert sum(part.tokens for part in cost.parts) == sum(astuple(usage))
