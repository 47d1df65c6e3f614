"""The choice of a backend and a size, from needs, offers and money."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from parhelia_tui.core.model.placement import Choice, Left, Needs, Offer, Refusal, choose
from parhelia_tui.core.model.records import Limits


def hourly(usd: float | None) -> Callable[[Limits], float | None]:
    """A price a second that makes so many USD an hour, and 2 more for a GPU."""
    return lambda limits: None if usd is None else (usd + (2.0 if limits.gpu else 0.0)) / 3600


HERE: dict[str, Any] = {
    "backend": "local", "cores": 4.0, "memory_mb": 8000, "places": 8, "free_cores": 4.0, "free_memory_mb": 8000,
    "keeps_systems": True, "without_isolation": True,
}  # fmt: skip
CLOUD: dict[str, Any] = {
    "backend": "modal", "gpus": {"t4": 0.0001, "h100": 0.001}, "regions": True, "places": 100,
    "size": Limits(cpus=1.0, memory_mb=2048), "second": hourly(0.1),
}  # fmt: skip


def chosen(
    limits: Limits = Limits(), here: dict[str, Any] | None = None, cloud: dict[str, Any] | None = None,
    left: tuple[Left, ...] = (), **needs: Any,
) -> Choice | Refusal:  # fmt: skip
    """Choose between this machine and a cloud with some differences."""
    offers = [Offer(**{**HERE, **(here or {})}), Offer(**{**CLOUD, **(cloud or {})})]
    return choose(Needs(limits, **needs), offers, left)


def goes_to(found: Choice | Refusal) -> Choice:
    """The choice, where there is one."""
    assert isinstance(found, Choice), found
    return found


def test_what_fits_here_stays_here_and_costs_nothing() -> None:
    found = goes_to(chosen(Limits(cpus=2, memory_mb=1000)))
    assert (found.backend, found.usd_per_hour, found.limits) == ("local", 0.0, Limits(cpus=2, memory_mb=1000))
    assert found.why == "2 cores, 1000 MiB, costs nothing"


@pytest.mark.parametrize(
    ("limits", "here", "why"),
    [
        (Limits(gpu="T4"), {}, "local has no GPU for containers"),
        (Limits(region="eu"), {}, "local is in no region that could be chosen"),
        (Limits(cpus=5), {}, "local has 4 cores"),
        (Limits(memory_mb=8001), {}, "local has 8000 MiB of memory"),
        (Limits(cpus=2), {"free_cores": 1.0}, "local has too few cores free"),
        (Limits(memory_mb=100), {"free_memory_mb": 99}, "local has too little memory free"),
        (Limits(), {"places": 0}, "local holds as many containers as it may"),
        (Limits(), {"unusable": "is closed"}, "local is closed"),
    ],
)
def test_what_does_not_fit_here_goes_elsewhere_and_says_why(
    limits: Limits, here: dict[str, Any], why: str
) -> None:
    found = goes_to(chosen(limits, here))
    assert found.backend == "modal"
    price = "an hour" if limits.region is None else "an hour and what the region adds"
    assert found.why.endswith(f"{price}; {why}")


def test_a_size_is_given_to_what_names_none_and_kept_where_it_is_named() -> None:
    found = goes_to(chosen(Limits(cpus=8, lifetime_s=60), {"places": 0}))
    assert found.limits == Limits(cpus=8, memory_mb=2048, lifetime_s=60)


@pytest.mark.parametrize(("asked", "given"), [("any", "T4"), ("ANY:2", "T4:2"), ("h100", "h100")])
def test_of_gpus_the_cheapest_is_taken_where_any_will_do(asked: str, given: str) -> None:
    found = goes_to(chosen(Limits(gpu=asked)))
    assert found.limits.gpu == given
    assert found.usd_per_hour == pytest.approx(2.1)


@pytest.mark.parametrize(
    ("needs", "why"),
    [
        ({"limits": Limits(gpu="B9")}, "modal has no GPU B9; it has H100, T4"),
        ({"limits": Limits(gpu="T4"), "persistent": True}, "modal keeps no system for the next container"),
        ({"limits": Limits(gpu="T4"), "unsandboxed": True}, "modal runs nothing without isolation"),
        ({"limits": Limits(gpu="T4"), "network": "ipx"}, "modal has no network ipx"),
        ({"limits": Limits(gpu="T4"), "cloud": {"unusable": "has no token"}}, "modal has no token"),
        (
            {"limits": Limits(cpus=9, lifetime_s=99), "cloud": {"longest_s": 9.0}},
            "modal ends everything after 9 s",
        ),
    ],
)
def test_what_no_backend_can_ever_give_is_refused_with_the_reason_of_each(
    needs: dict[str, Any], why: str
) -> None:
    found = chosen(**needs)
    assert isinstance(found, Refusal)
    assert not found.for_now
    assert found.why.startswith("local ")
    assert found.why.endswith(why)


def test_what_could_be_had_later_waits() -> None:
    found = chosen(Limits(cpus=2), {"free_cores": 0.0}, {"places": 0})
    assert isinstance(found, Refusal)
    assert found.for_now
    assert found.why == "local has too few cores free; modal holds as many containers as it may"
    # One that never fits elsewhere waits for this machine all the same.
    waits = chosen(Limits(cpus=2), {"free_cores": 0.0}, {"unusable": "has no token"})
    assert isinstance(waits, Refusal)
    assert waits.for_now


def test_an_hour_has_to_be_payable_or_all_of_a_shorter_life() -> None:
    little = (Left("the budget of today", 5.0), Left("the budget of task t-1", 0.05))
    found = chosen(Limits(), {"places": 0}, left=little)
    assert isinstance(found, Refusal)
    assert found.for_now
    assert found.why.endswith("modal costs $0.10 an hour, more than is left of the budget of task t-1")
    assert goes_to(chosen(Limits(lifetime_s=1800), {"places": 0}, left=little)).backend == "modal"
    # What costs nothing needs no money.
    assert goes_to(chosen(Limits(), left=(Left("the budget of today", -1.0),))).backend == "local"


def test_a_price_that_nobody_knows_is_not_nothing() -> None:
    unknown = {"second": hourly(None)}
    assert goes_to(chosen(Limits(), {"places": 0}, unknown)).usd_per_hour is None
    found = chosen(Limits(), {"places": 0}, unknown, left=(Left("the budget of today", 100.0),))
    assert isinstance(found, Refusal)
    assert "a price that nobody knows" in found.why


def test_the_cheaper_of_two_is_taken() -> None:
    dear, cheap = (Offer(name, second=hourly(usd)) for name, usd in (("dear", 2.0), ("cheap", 1.0)))
    assert goes_to(choose(Needs(Limits()), [dear, cheap])).backend == "cheap"
    assert goes_to(choose(Needs(Limits()), [cheap, dear])).backend == "cheap"
