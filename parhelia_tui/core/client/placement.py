"""Where a task would go, as the controller would choose now."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Sequence
from contextlib import closing

from parhelia_tui.core.agents.places import lacks
from parhelia_tui.core.agents.registry import talk_of
from parhelia_tui.core.backends.modal import provider
from parhelia_tui.core.backends.modal.probe import has_account
from parhelia_tui.core.backends.offers import machine, needs_of, offers
from parhelia_tui.core.backends.registry import backend
from parhelia_tui.core.meter import book
from parhelia_tui.core.meter.left import left, promised
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.placement import AUTO, Choice, Needs, Offer, Refusal, choose
from parhelia_tui.core.model.records import Container, Limits, Task
from parhelia_tui.core.settings.config import Config
from parhelia_tui.core.settings.config_files import load
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.store import containers


def place(paths: Paths, db: sqlite3.Connection, task: Task, at: float) -> Choice | Refusal:
    """Choose for a task that is not stored yet; one that names its backend has that alone to choose from.

    Args:
        at: epoch seconds.

    Raises:
        ParheliaError: E700 for a configuration that cannot be read, E505, E506 for the book of money.
    """
    live = containers.live(db)
    path = paths.home / book.NAME
    with closing(book.open_book(path) if path.exists() else book.empty_book()) as opened:
        bounds = left(db, opened, task, at, promised(live))
    config = load().config
    found = _offers(config, task, live)
    return choose(_needs(paths, config, task, found), found, bounds)


def refuse_impossible(paths: Paths, task: Task) -> None:
    """Refuse what no backend that a task may go to could ever give; room and money are not looked at.

    Raises:
        ParheliaError: E603, E700.
    """
    config = load().config
    found = _offers(config, task, ())
    said = choose(_needs(paths, config, task, found), found)
    if isinstance(said, Refusal) and not said.for_now:
        raise ParheliaError("E603", f"no backend here fits: {said.why}", recovery=_ways(task))


def forced_end_s(task: Task) -> float | None:
    """Say after how many seconds a task is ended at Modal although it was to have longer.

    Returns:
        None where it has all of its time, goes on in another sandbox, or may be elsewhere.
    """
    if task.backend != "modal" or task.limits.lifetime_s is None or talk_of(task.agent):
        return None
    return provider.forced_end_s(task.limits, load().config.modal)


def _ways(task: Task) -> tuple[str, ...] | None:
    """What may help: a provider, or an account there where there is none; else the usual."""
    if task.backend == "local":
        wanted = f"--gpu {task.limits.gpu}" if task.limits.gpu else f"--region {task.limits.region}"
        return tuple(f"parhelia task create --backend {name} {wanted} PROMPT" for name in ("modal", "auto"))
    return None if has_account() else ("modal token new", "parhelia help modal")


def _offers(config: Config, task: Task, live: Sequence[Container]) -> list[Offer]:
    found = [each for each in offers(config, live, machine()) if task.backend in (AUTO, each.backend)]
    return found if task.backend == AUTO else [_without_a_choice(each) for each in found]


def _without_a_choice(offer: Offer) -> Offer:
    """What a backend gives to whom names it: limits as they were named, and this machine takes all of those."""
    if offer.backend != "local":
        return dataclasses.replace(offer, size=Limits())
    return dataclasses.replace(
        offer, cores=None, memory_mb=None, places=None, free_cores=None, free_memory_mb=None
    )


def _needs(paths: Paths, config: Config, task: Task, found: Sequence[Offer]) -> Needs:
    images = {each.backend: backend(each.backend, paths, modal=config.modal).image for each in found}
    return needs_of(task, lacks(task.agent, images))
