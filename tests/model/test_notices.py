"""What is told of the history, and when nothing is."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator

import pytest

from parhelia_tui.core.model.notices import Finder, Notice, is_quiet, is_wanted, sequence
from parhelia_tui.core.model.records import Event
from parhelia_tui.core.settings.config_notify import NotifyConfig
from tests.support.store import make_task

NOW = 1_772_719_331.0
"""2026-03-05 14:02:11 UTC."""
TASK = make_task(title="Fix it", priority=5)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The local time is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def event(type: str, at: float = NOW, message: str = "why", level: str = "warning") -> Event:
    """An event of the task."""
    return Event(1, at, type, level, "controller", message, TASK.id, None, None, {})


def notice(kind: str = "waiting", **changed: object) -> Notice:
    """A notice of the task."""
    made = Notice(kind, TASK.id, TASK.title, "why", 5, NOW)
    return dataclasses.replace(made, **changed)  # type: ignore[arg-type]


def test_a_change_is_told_once_though_it_is_said_twice() -> None:
    finder = Finder()
    said = [
        finder.find(event("task.waiting", NOW), TASK, NOW),
        finder.find(event("approval.asked", NOW + 0.5), TASK, NOW),
        finder.find(event("approval.asked", NOW + 30), TASK, NOW + 30),
        finder.find(event("task.needs_review", NOW + 31), TASK, NOW + 31),
        finder.find(event("task.waiting", NOW + 31.5), TASK, NOW + 32),
    ]
    assert [each.kind if each else None for each in said] == [
        "waiting",
        None,
        "waiting",
        "needs_review",
        "waiting",
    ]


def test_what_is_no_news_is_not_told() -> None:
    finder = Finder()
    assert finder.find(event("task.running"), TASK, NOW) is None
    assert finder.find(event("approval.asked", level="info"), TASK, NOW) is None
    assert finder.find(event("task.failed"), None, NOW) is None
    assert finder.find(event("task.failed", NOW - 3600), TASK, NOW) is None


def test_a_notice_is_safe_and_short() -> None:
    evil = "Fix it: \x1b]0;x\x07 with sk-ant-api03-A1b2C3d4E5f6G7h8I9j0 " + "y" * 900
    found = Finder().find(event("task.failed", message=evil), TASK, NOW)
    assert found is not None
    assert found.headline == "Fix it has failed"
    assert found.about.startswith("with [hidden] yyy")
    assert len(found.about) <= 300


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({}, True),
        ({"on": ("failed",)}, False),
        ({"least_priority": 6}, False),
        ({"least_priority": 5}, True),
        ({"quiet": ("14:00-14:03",)}, False),
        ({"quiet": ("13:00-14:02",)}, True),
        ({"quiet": ("22:00-14:03",)}, False),
        ({"quiet": ("22:00-14:02",)}, True),
        ({"quiet": ("00:00-23:59",), "quiet_priority": 5}, True),
    ],
    ids=str,
)
def test_filters(rules: dict[str, object], told: bool) -> None:
    assert is_wanted(notice(), NotifyConfig.model_validate(rules, strict=False)) is told


def test_a_span_over_midnight() -> None:
    midnight = NOW - (14 * 3600 + 2 * 60 + 11)
    assert is_quiet(midnight - 60, ("22:00-07:00",))
    assert is_quiet(midnight, ("22:00-07:00",))
    assert not is_quiet(midnight + 7 * 3600, ("22:00-07:00",))


@pytest.mark.parametrize("quiet", ["22-7", "24:00-07:00", "22:60-23:00", "22:00", ""])
def test_what_is_no_span_is_refused(quiet: str) -> None:
    with pytest.raises(ValueError, match="no span of the day"):
        NotifyConfig(quiet=(quiet,))


@pytest.mark.parametrize("address", ["ftp://x", "https://", "https://user:word@x/", "x", "http://a b"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        NotifyConfig(webhook=address)


@pytest.mark.parametrize("way", ["osc9", "osc99", "osc777"])
def test_no_text_leaves_its_sequence(way: str) -> None:
    said = sequence(way, "a\x07b;\x1b\\c", "d\x9c\x1b]2;e", in_tmux=False)
    assert said.startswith(f"\x1b]{way[3:]};")
    inside = said.replace("\x1b]99;i=parhelia:p=body;", "").replace("\x1b\\", "")[2:].rstrip("\x07")
    assert not {letter for letter in inside if letter < " " or "\x7f" <= letter < "\xa0"}
    through = sequence(way, "a", "b", in_tmux=True)
    assert through.startswith("\x1bPtmux;\x1b\x1b]")
    assert through.endswith("\x1b\\")


def test_the_end_of_a_group_is_told_once_and_not_for_each_part() -> None:
    part = dataclasses.replace(TASK, parent_id="t-group", target="a.py")
    finder = Finder()
    assert [
        finder.find(event(f"task.{kind}"), part, NOW) for kind in ("completed", "failed", "cancelled")
    ] == [None] * 3
    # Who waits for somebody is told of all the same.
    assert finder.find(event("task.needs_review"), part, NOW) is not None
    assert finder.find(event("task.failed"), dataclasses.replace(TASK, parts=2), NOW) is not None
