"""Which backend and size fit a task: a choice from what it needs, what backends give, and what is free and left."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from parhelia_tui.core.model.display import money, several
from parhelia_tui.core.model.records import Limits

AUTO = "auto"
"""In the place of a backend's name: choose one."""
ANY_GPU = "any"
"""In the place of a kind of GPU: the cheapest there is."""
HOUR_S = 3600.0
"""What has to be payable before something that costs is begun: an hour, or all of a shorter lifetime."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a task asks for.

    Args:
        live_files: files of this machine themselves, and not copies of them.
        image: the system of an image that was made on this machine.
        lacks: what its agent lacks, by backend.
    """

    limits: Limits
    network: str = "none"
    persistent: bool = False
    unsandboxed: bool = False
    live_files: bool = False
    image: bool = False
    lacks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a backend gives, and what of it is free.

    Args:
        unusable: why nothing can run there at all; empty where something can.
        gpus: USD for a second of each kind, in lower case; empty where there are none.
        cores, memory_mb: the most that one container can have; None where nobody knows a bound.
        longest_s: the longest lifetime; None where there is no bound.
        size: what a container gets of what it names no need of.
        places: how many more containers may run there; None where that is not bounded.
        free_cores, free_memory_mb: what nobody was promised; None where that does not count.
        second: prices a second of a container in USD; None for what nobody knows the price of.
    """

    backend: str
    unusable: str = ""
    networks: frozenset[str] = frozenset({"none", "api", "allowlist", "open"})
    gpus: Mapping[str, float] = field(default_factory=dict)
    regions: bool = False
    keeps_systems: bool = False
    without_isolation: bool = False
    live_files: bool = False
    cores: float | None = None
    memory_mb: int | None = None
    longest_s: float | None = None
    size: Limits = Limits()
    places: int | None = None
    free_cores: float | None = None
    free_memory_mb: int | None = None
    second: Callable[[Limits], float | None] = lambda limits: 0.0


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a ceiling.

    Args:
        of: which one, in words, as in "today's budget".
    """

    of: str
    usd: float


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a task goes.

    Args:
        limits: its own, with what the backend gives where it names none.
        why: in words, with why it does not go where it would cost less.
        usd_per_hour: None where nobody knows it.
    """

    backend: str
    limits: Limits
    why: str
    usd_per_hour: float | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a task goes nowhere.

    Args:
        for_now: it can when something is free, or somebody allows more money.
    """

    why: str
    for_now: bool


def place_in_words(place: Choice | Refusal) -> str:
    """Say where a task would go and what an hour of it costs, or why it would wait."""
    if isinstance(place, Choice):
        return f"it would run on {place.backend}: {place.why}"
    return f"it would wait: {place.why}"


def choose(needs: Needs, offers: Sequence[Offer], left: Sequence[Left] = ()) -> Choice | Refusal:
    """Choose the cheapest backend that gives what is needed and has it free; of equals the first.

    Args:
        offers: in the order in which they are preferred.
        left: what is left of each ceiling that bounds the task.
    """
    refused: list[tuple[str, bool]] = []
    best, price = None, float("inf")
    for offer in offers:
        never = _never(needs, offer)
        limits = _size(needs.limits, offer)
        second = offer.second(limits)
        later = "" if never else _occupied(limits, offer) or _too_dear(limits, second, left)
        if never or later:
            refused.append((f"{offer.backend} {never or later}", not never))
            continue
        hour = None if second is None else second * HOUR_S
        asked = float("inf") if hour is None else hour
        if best is None or asked < price:
            choice = Choice(offer.backend, limits, "", hour)
            reasons = (_praise(choice), *(words for words, _ in refused))
            best, price = dataclasses.replace(choice, why="; ".join(reasons)), asked
    if best is None:
        return Refusal("; ".join(words for words, _ in refused), any(for_now for _, for_now in refused))
    return best


def _praise(choice: Choice) -> str:
    """What stands for a choice: its size and its price."""
    if choice.usd_per_hour is None:
        price = "nobody knows what it costs"
    elif choice.usd_per_hour == 0:
        price = "costs nothing"
    else:
        # Of what it names no need of it pays for what it uses.
        named = choice.limits.cpus is not None and choice.limits.memory_mb is not None
        price = f"costs {'' if named else 'at least '}{money(choice.usd_per_hour)} an hour"
        if choice.limits.region is not None:
            price += " and what the region adds"
    size = [
        several(choice.limits.cpus, "core") if choice.limits.cpus is not None else "",
        f"{choice.limits.memory_mb} MiB" if choice.limits.memory_mb is not None else "",
        choice.limits.gpu or "",
    ]
    return ", ".join(filter(None, (*size, price)))


def _size(asked: Limits, offer: Offer) -> Limits:
    """Fill in what was not asked for, and name the GPU where any will do."""
    filled = {
        name: getattr(offer.size, name)
        for name in ("cpus", "memory_mb", "pids", "lifetime_s")
        if getattr(asked, name) is None
    }
    kind, _, count = (asked.gpu or "").partition(":")
    if kind.lower() == ANY_GPU and offer.gpus:
        cheapest = min(offer.gpus, key=lambda each: (offer.gpus[each], each)).upper()
        filled["gpu"] = f"{cheapest}:{count}" if count else cheapest
    return dataclasses.replace(asked, **filled)


def _never(needs: Needs, offer: Offer) -> str:
    """Say what a backend cannot give, however long one waits; empty where it can give all."""
    asked = needs.limits
    kind = (asked.gpu or "").partition(":")[0].lower()
    reasons = (
        (bool(offer.unusable), offer.unusable),
        (offer.backend in needs.lacks, needs.lacks.get(offer.backend, "")),
        (needs.network not in offer.networks, f"has no network {needs.network}"),
        (bool(kind) and not offer.gpus, "has no GPU for containers"),
        (
            bool(kind and offer.gpus) and kind != ANY_GPU and kind not in offer.gpus,
            f"has no GPU {asked.gpu}; it has {', '.join(sorted(offer.gpus)).upper()}",
        ),
        (asked.region is not None and not offer.regions, "is in no region that could be chosen"),
        (needs.persistent and not offer.keeps_systems, "keeps no system for the next container"),
        (needs.unsandboxed and not offer.without_isolation, "runs nothing without isolation"),
        (needs.image and not offer.live_files, "has no images that were made here"),
        (needs.live_files and not offer.live_files, "has copies alone of this machine's files"),
        (_above(asked.cpus, offer.cores), f"has {several(offer.cores or 0, 'core')}"),
        (_above(asked.memory_mb, offer.memory_mb), f"has {offer.memory_mb} MiB of memory"),
        (_above(asked.lifetime_s, offer.longest_s), f"ends everything after {offer.longest_s or 0:g} s"),
    )
    return next((words for applies, words in reasons if applies), "")


# A task that waits says why, and again when that changes: so there is no number in it that changes by itself.
def _occupied(limits: Limits, offer: Offer) -> str:
    """Say what of a backend is taken just now; empty where there is room."""
    if offer.places is not None and offer.places <= 0:
        return "holds as many containers as it may"
    if _above(limits.cpus, offer.free_cores):
        return "has too few cores free"
    if _above(limits.memory_mb, offer.free_memory_mb):
        return "has too little memory free"
    return ""


def _too_dear(limits: Limits, second: float | None, left: Sequence[Left]) -> str:
    """Say which ceiling stands in the way of the first hour; empty where none does."""
    if second is None:
        return "has a price that nobody knows, and there is a ceiling" if left else ""
    span = min(limits.lifetime_s or HOUR_S, HOUR_S)
    for each in left:
        if second > 0 and second * span > each.usd:
            return f"costs {money(second * HOUR_S)} an hour, more than is left of {each.of}"
    return ""


def _above(asked: float | None, most: float | None) -> bool:
    return asked is not None and most is not None and asked > most
