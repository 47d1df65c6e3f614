"""Where a task would go, as the controller would choose now."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from parhelia_tui.core.agents.places import lacks
from parhelia_tui.core.backends.offers import machine, needs_of, offers
from parhelia_tui.core.backends.registry import backend
from parhelia_tui.core.meter import book
from parhelia_tui.core.meter.left import left, promised
from parhelia_tui.core.model.placement import AUTO, Choice, Refusal, choose
from parhelia_tui.core.model.records import Task
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
    found = offers(config, live, machine())
    images = {each.backend: backend(each.backend, paths, modal=config.modal).image for each in found}
    needs = needs_of(task, lacks(task.agent, images))
    return choose(needs, [each for each in found if task.backend in (AUTO, each.backend)], bounds)
