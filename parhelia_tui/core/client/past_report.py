"""A moment of the past as a report: for people as Markdown, for programs as JSON."""

from __future__ import annotations

import dataclasses
import json
import re
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from parhelia_tui.core.client.past import Past
from parhelia_tui.core.model.display import age, glyph, length, money, size
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.states import CONTAINER_LIVE
from parhelia_tui.core.model.text import one_line

EVENTS = 50
_TASK = (
    "id",
    "title",
    "state",
    "agent",
    "backend",
    "workspace",
    "attempt",
    "container_id",
    "question",
    "reason",
)
_NUMBERS = ("input_tokens", "output_tokens", "cost_usd", "created_at", "started_at", "finished_at")
_CONTAINER = ("id", "task_id", "backend", "state", "health", "slot", "cpu_percent", "memory_bytes", "pids")


def data(found: Past) -> dict[str, Any]:
    """A moment as plain values; times are epoch seconds."""
    fleet = found.fleet
    live = [each for each in fleet.containers if each.state in CONTAINER_LIVE]
    return {
        "at": fleet.at,
        "known_from": found.first,
        "known_to": found.last,
        "totals": dataclasses.asdict(fleet.totals),
        "controller": fleet.controller.state,
        "tasks": [{name: getattr(each, name) for name in (*_TASK, *_NUMBERS)} for each in fleet.tasks],
        "containers": [
            {name: getattr(each, name) for name in (*_CONTAINER, "last_heartbeat_at")} for each in live
        ],
        "waiting": [
            {"id": each.id, "task_id": each.task_id, "tool": each.tool, "since": each.created_at}
            for each in fleet.waiting
        ],
        "events": [dataclasses.asdict(each) for each in fleet.events],
    }


def markdown(found: Past) -> str:
    """A moment as a page for people. Every text of others is one safe line in it."""
    fleet = found.fleet
    states = ", ".join(f"{count} {state}" for state, count in sorted(fleet.totals.by_state.items()) if count)
    lines = [
        f"# The fleet at {moment(fleet.at)}",
        "",
        f"- tasks: {states or 'none'}",
        f"- spent: {money(fleet.totals.spent_today_usd)} that day, {money(fleet.totals.spent_total_usd)} in all,"
        f" {money(fleet.totals.burn_usd_per_hour)} in the hour before",
        f"- controller: {fleet.controller.state}",
        f"- known from {moment(found.first)} to {moment(found.last)}",
        "",
        "## Tasks",
        "",
        "| state | task | id | agent | cost | age | ran |",
        "|---|---|---|---|---|---|---|",
    ]
    for task in fleet.tasks:
        ran = length((task.finished_at or fleet.at) - task.started_at) if task.started_at else "-"
        title = f"{task.title} (asks: {task.question})" if task.question else task.title
        lines.append(
            f"| {glyph(task.state)} {task.state} | {_cell(title)} | {task.id} | {_cell(task.agent)}"
            f" | {money(task.cost_usd)} | {age(task.created_at, fleet.at)} | {ran} |"
        )
    lines += [
        "",
        "## Containers",
        "",
        "| health | container | task | CPU | memory | heartbeat |",
        "|---|---|---|---|---|---|",
    ]
    for each in fleet.containers:
        if each.state in CONTAINER_LIVE:
            cpu = "-" if each.cpu_percent is None else f"{each.cpu_percent:.0f} %"
            lines.append(
                f"| {glyph(each.health)} {each.health} | {each.id} | {each.task_id} | {cpu}"
                f" | {size(each.memory_bytes)} | {age(each.last_heartbeat_at, fleet.at)} |"
            )
    lines += ["", f"## The last {min(EVENTS, len(fleet.events))} events", ""]
    lines += [f"- {moment(each.at)} `{each.type}` {_cell(each.message)}" for each in fleet.events[-EVENTS:]]
    return "\n".join(lines) + "\n"


def write(found: Past, target: Path) -> None:
    """Write a report; a name that ends with `.json` gets JSON, every other one Markdown.

    Raises:
        ParheliaError: E101 when the file is there already or cannot be written.
    """
    text = json.dumps(data(found), indent=1) + "\n" if target.suffix == ".json" else markdown(found)
    try:
        with target.open("x", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except FileExistsError:
        raise ParheliaError(
            "E101", f"{one_line(str(target), 300)} is there already; nothing was written"
        ) from None
    except OSError as error:
        raise ParheliaError(
            "E101", f"{one_line(str(target), 300)} cannot be written: {error.strerror}"
        ) from error


def read_moment(text: str, now: float) -> float:
    """Read a moment: a date and time (ISO 8601, of this machine's zone where it names none), seconds, or how long ago.

    Raises:
        ParheliaError: E101 for what is none, lies before 1970, or is not over yet.
    """
    at = _moment(text.strip(), now)
    if at is None or at < 0:
        raise ParheliaError(
            "E101",
            f"{one_line(text, 60)!r} is no moment",
            details={"as": "2026-03-05T14:02, 1772719331, 15m"},
        )
    if at > now:
        raise ParheliaError("E101", f"{moment(at)} is not over yet")
    return at


def _moment(text: str, now: float) -> float | None:
    ago = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)([smhd])", text)
    if ago:
        return now - float(ago[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[ago[2]]
    try:
        # A year alone would be read as seconds, and nobody means 1970.
        return (
            float(text)
            if re.fullmatch(r"\d{9,11}(\.\d{1,6})?", text)
            else datetime.fromisoformat(text).timestamp()
        )
    except (ValueError, OverflowError, OSError):
        return None


def moment(at: float) -> str:
    """A time as people write it, in the zone of this machine."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def _cell(text: str) -> str:
    """A text in a table of Markdown: one line, in which nothing is a link, a tag or another cell."""
    safe = one_line(text, 200)
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#!" else letter for letter in safe)
