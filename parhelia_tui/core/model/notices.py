"""What is told to a person of what happens, and when nothing is."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from parhelia_tui.core.model.records import Event, Task
from parhelia_tui.core.model.redaction import redacted
from parhelia_tui.core.model.text import one_line

WORDS: Mapping[str, str] = {
    "waiting": "waits for you",
    "needs_review": "needs your review",
    "failed": "has failed",
    "completed": "is done",
    "cancelled": "was cancelled",
    "test": "is a test",
}
KINDS: Mapping[str, str] = {
    "task.waiting": "waiting",
    "approval.asked": "waiting",
    "task.needs_review": "needs_review",
    "task.failed": "failed",
    "task.completed": "completed",
    "task.cancelled": "cancelled",
}
"""Events of the history that are changes somebody may want to hear of."""
TOGETHER_S = 2.0
"""An agent may say twice that it waits: that it does, and what for."""
OF_THE_GROUP = ("completed", "failed", "cancelled")
"""Ends that are told once for a group and not for each of its parts."""
OLDEST_S = 600.0
"""What happened longer ago, while nobody looked, is no news."""


class Filters(Protocol):
    """What is told (core/settings/config_notify.py)."""

    @property
    def on(self) -> Sequence[str]:
        """The kinds that are told."""

    @property
    def least_priority(self) -> int:
        """Tasks of a lower one are not told of."""

    @property
    def quiet(self) -> Sequence[str]:
        """Spans of the local day, as "22:00-07:30"; one that ends before it begins goes over midnight."""

    @property
    def quiet_priority(self) -> int:
        """Tasks of at least this are told of in quiet hours too."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One change that somebody may want to hear of; its texts are safe, short and without secrets of known shapes.

    Args:
        kind: a key of `WORDS`.
        about: what is asked, or why it ended.
        priority: of the task.
        at: epoch seconds.
    """

    kind: str
    task_id: str
    title: str
    about: str
    priority: int
    at: float

    @property
    def headline(self) -> str:
        """Who, and what of it."""
        return f"{self.title} {WORDS[self.kind]}"


class Finder:
    """Finds what is to be told in the history, one notice for each change."""

    def __init__(self) -> None:
        self._waited: dict[str, float] = {}

    def find(self, event: Event, task: Task | None, now: float) -> Notice | None:
        """Say what is to be told of an event; events are given in their order.

        Args:
            task: the one it is about.
            now: epoch seconds.
        """
        kind = KINDS.get(event.type)
        # A question that a rule has decided waits for nobody.
        decided = event.type == "approval.asked" and event.level == "info"
        if kind is None or decided or task is None or now - event.at > OLDEST_S:
            return None
        if task.parent_id is not None and kind in OF_THE_GROUP:
            return None
        if kind == "waiting":
            before = self._waited.get(task.id)
            self._waited[task.id] = event.at
            if before is not None and event.at - before < TOGETHER_S:
                return None
        else:
            self._waited.pop(task.id, None)
        about = event.message.removeprefix(f"{task.title}: ")
        return Notice(
            kind,
            task.id,
            redacted(one_line(task.title, 120)),
            redacted(one_line(about, 300)),
            task.priority,
            event.at,
        )


def is_wanted(notice: Notice, filters: Filters) -> bool:
    """Say whether a notice passes the filters."""
    if notice.kind not in filters.on or notice.priority < filters.least_priority:
        return False
    return notice.priority >= filters.quiet_priority or not is_quiet(notice.at, filters.quiet)


def is_quiet(at: float, spans: Sequence[str]) -> bool:
    """Say whether a moment (epoch seconds) lies in one of these spans of the local day."""
    now = time.localtime(at)
    minute = now.tm_hour * 60 + now.tm_min
    for span in spans:
        begin, end = (int(part[:2]) * 60 + int(part[3:]) for part in span.split("-"))
        if begin <= minute < end or (begin > end and (minute >= begin or minute < end)):
            return True
    return False


def sequence(way: str, headline: str, about: str, *, in_tmux: bool) -> str:
    """Write the control sequence by which a terminal tells its desktop.

    Args:
        way: osc9 (iTerm2, ConEmu), osc99 (kitty, sw.kovidgoyal.net/kitty/desktop-notifications) or osc777 (urxvt).
        in_tmux: pass it through a tmux that allows that (allow-passthrough).
    """
    head, rest = one_line(headline, 120), one_line(about, 200)
    if way == "osc9":
        said = f"\x1b]9;{head}: {rest}\x07" if rest else f"\x1b]9;{head}\x07"
    elif way == "osc777":
        said = f"\x1b]777;notify;{head.replace(';', ',')};{rest.replace(';', ',')}\x07"
    else:
        said = f"\x1b]99;i=parhelia:d=0;{head}\x1b\\\x1b]99;i=parhelia:p=body;{rest}\x1b\\"
    return "\x1bPtmux;" + said.replace("\x1b", "\x1b\x1b") + "\x1b\\" if in_tmux else said
