"""What every part of the controller works with."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from parhelia_tui.core.backends.base import Backend
from parhelia_tui.core.control.worker import Workers
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Container
from parhelia_tui.core.settings.config import Config
from parhelia_tui.core.settings.paths import Paths


@dataclass(slots=True)
class Book:
    """The controller's connection to the book of money, once there is a book, or why it cannot be used."""

    db: sqlite3.Connection | None = None
    trouble: str = ""


@dataclass(slots=True)
class ApiKey:
    """The value of the variable with the API's key: in the memory of this process and nowhere else.

    Args:
        value: empty as long as nobody has said it.
        given: which containers have which value.
    """

    value: str = ""
    given: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Silence:
    """What looks at one container make of its silence.

    Args:
        counted_s: seconds of it that looks bear out.
        seen_at: when a look saw it last, in epoch seconds.
        unanswered: the last look had no answer.
        late: it waited long for that.
        back_at: when its backend answered again after that, in epoch seconds.
    """

    counted_s: float = 0.0
    seen_at: float = 0.0
    unanswered: bool = False
    late: bool = False
    back_at: float = 0.0


@dataclass(slots=True)
class Deaf:
    """The time in which nothing that is written of containers could arrive.

    Args:
        until: in epoch seconds.
    """

    until: float = 0.0


@dataclass(slots=True)
class Full:
    """What is known of a provider that had no room.

    Args:
        why: in words, for who waits.
        refused_at: when it said so last, in epoch seconds.
        pause_s: seconds for which it is not asked again.
        next_at: when one may ask it again, in epoch seconds.
    """

    why: str
    refused_at: float
    pause_s: float
    next_at: float


@dataclass(slots=True)
class HeldBack:
    """The spent ceilings that tasks of the queue may still name.

    Args:
        scopes: None as long as nobody has looked which ones an earlier controller told of.
    """

    scopes: set[str] | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """The tools of one controller.

    Args:
        db: its connection; used from the event loop's thread alone, and never over an `await`.
        clock: gives epoch seconds.
        since: when this controller began, in epoch seconds.
        being_created: ids of containers that are just being created here; nobody else may begin with them.
        looked: when the last periodic checkpoint of a task was begun; one that finds nothing new is not kept.
        held_back: the spent ceilings that tasks of the queue may still name.
        scrubbed: ended containers in whose files keys were hidden, as far as this controller knows.
        rolling: workspaces that are being brought to an earlier state just now.
        workers: have what is to be done on the checkpoint store done.
        book: what was asked for and spent, for every process that spends.
        api_key: the API's key, where a variable holds it.
        allowances: what the meters of containers elsewhere were told last of what they may spend.
        silences: by container, how long it is silent for those who look at it.
        deaf: until when nobody could be heard, as no sign of life can be written on a full disk.
        interrupted: containers whose making was broken off by a provider that does not answer, so that nobody knows how
            far it came; each with when it is tried again, in epoch seconds.
        full: by backend and kind of GPU, the providers that had no room.
        taking_apart: held while what an ended container left is removed, or given to another one.
    """

    paths: Paths
    config: Config
    db: sqlite3.Connection
    backends: Mapping[str, Backend]
    logger: logging.Logger
    clock: Callable[[], float] = time.time
    since: float = 0.0
    being_created: set[str] = field(default_factory=set)
    looked: dict[str, float] = field(default_factory=dict)
    held_back: HeldBack = field(default_factory=HeldBack)
    scrubbed: set[str] = field(default_factory=set)
    rolling: set[str] = field(default_factory=set)
    workers: Workers = field(default_factory=Workers)
    book: Book = field(default_factory=Book)
    api_key: ApiKey = field(default_factory=ApiKey)
    allowances: dict[str, dict[str, Any]] = field(default_factory=dict)
    silences: dict[str, Silence] = field(default_factory=dict)
    deaf: Deaf = field(default_factory=Deaf)
    interrupted: dict[str, float] = field(default_factory=dict)
    full: dict[tuple[str, str], Full] = field(default_factory=dict)
    taking_apart: asyncio.Lock = field(default_factory=asyncio.Lock)

    def backend_of(self, container: Container) -> Backend:
        """The backend that a container runs on. Raises E603 when there is none of that name."""
        found = self.backends.get(container.backend)
        if found is None:
            raise ParheliaError("E603", f"there is no backend {container.backend!r}")
        return found
