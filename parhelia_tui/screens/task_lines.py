"""The pages about one task, as lines; nothing here draws."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.style import Style
from rich.text import Text

from parhelia_tui.core.model.display import age, doing, length, limits_in_words, money, parts_done
from parhelia_tui.core.model.records import Approval, Attempt, Event, LedgerEntry, Memory, Task
from parhelia_tui.core.model.redaction import redacted
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.model.text import one_line, plain
from parhelia_tui.widgets import look

Colours = Mapping[str, str]
LABEL = 12
TEXT_CUT = 2000


@dataclass(frozen=True, slots=True)
class About:
    """All that is known of a task at one moment."""

    task: Task
    attempts: Sequence[Attempt]
    events: Sequence[Event]
    entries: Sequence[LedgerEntry]
    approvals: Sequence[Approval]
    memory: Memory | None
    step: str = ""
    """What the making of its container is at, or the way home of what that made; empty for neither."""


def overview(about: About, colours: Colours, now: float) -> list[Text]:
    """What it is, how it stands, which attempts there were, and what a person decided."""
    task = about.task
    rows: list[tuple[str, Text]] = [
        ("task", Text(task.id)),
        ("state", look.state(task.state, colours)),
        ("why", _words(task.reason)),
        ("being made" if task.state is TaskState.DISPATCHING else "coming home", _words(about.step)),
        ("parts", _words(parts_done(task) if task.is_group else "")),
        ("target", _words(task.target)),
        ("group", _words(task.parent_id or "")),
        ("gate of", _words(task.gate_of)),
        ("asks", _words(task.question)),
        ("does", _words(doing(task, now))),
        ("ended as", _words(task.agent_outcome)),
        ("says", _words(task.last_line)),
        ("exit code", Text("" if task.exit_code is None else str(task.exit_code))),
        ("agent", _words(task.agent)),
        ("workspace", _words(f"{task.workspace} ({task.workspace_mode})")),
        ("runs on", _words(f"{task.backend}, network {task.network}, priority {task.priority}")),
        ("placed", _words(f"{task.placed_on}: {task.placed_why}" if task.placed_on else "")),
        ("isolation", Text("NONE" if task.unsandboxed else "", Style(color=colours.get("error"), bold=True))),
        ("limits", _words(limits_in_words(task.limits))),
        ("batch", _words(task.batch or "")),
        ("talk", _words(_talk(task))),
        ("cost", _words(_cost(task))),
        ("created", _words(f"{_moment(task.created_at)}, {age(task.created_at, now)} ago")),
        ("took", _words(_took(task, now))),
    ]
    lines = [Text(one_line(task.title, TEXT_CUT), "bold"), Text()]
    lines += [_row(label, text, colours) for label, text in rows if text.plain]
    if about.attempts:
        lines += [Text(), _head("Attempts", colours)]
        elsewhere = any(each.backend not in ("", "local") for each in about.attempts)
        lines += [_attempt(each, each.backend if elsewhere else "", colours, now) for each in about.attempts]
    if about.approvals:
        lines += [Text(), _head("Asked", colours)]
        lines += [_approval(each, colours) for each in about.approvals]
    return lines


def events(about: About, colours: Colours, now: float) -> list[Text]:
    """Its history, the newest last."""
    tones = {"warning": colours.get("warning"), "error": colours.get("error")}
    lines = []
    for event in about.events:
        line = Text().append(f"{_moment(event.at)}  ", Style(color=colours.get("secondary")))
        line.append(f"{event.type:<26} ", Style(color=colours.get("secondary")))
        line.append(
            one_line(event.message, TEXT_CUT),
            Style(color=tones.get(event.level) or colours.get("foreground")),
        )
        lines.append(line)
    return lines or [Text("Nothing has happened yet.", "dim")]


def costs(about: About, colours: Colours, now: float) -> list[Text]:
    """What each response cost, and what all did together."""
    if not about.entries:
        return [Text("Nothing has been spent on it.", "dim")]
    lines = [_head(f"{'AT':<17}{'MODEL':<26}{'IN':>10}{'OUT':>9}{'COST':>11}{'TOGETHER':>12}", colours)]
    total = 0.0
    for each in about.entries:
        total += each.cost_usd or 0.0
        cost = "unknown" if each.cost_usd is None else money(each.cost_usd, 4)
        if each.worth_usd is not None:
            cost = f"({each.worth_usd:.4f})"
        lines.append(
            Text(
                f"{_moment(each.at):<17}{one_line(each.model, 24):<26}{each.input_tokens:>10,}"
                f"{each.output_tokens:>9,}{cost:>11}{money(total, 4):>12}"
            )
        )
    return lines


def prompt(about: About, colours: Colours, now: float) -> list[Text]:
    """What was asked of it, whole."""
    return [Text(line) for line in redacted(plain(about.task.prompt)).split("\n")]


def memory(about: About, colours: Colours, now: float) -> list[Text]:
    """What sessions of its project left for the next one."""
    if not about.task.project:
        return [Text("It has a workspace of its own alone, so nothing is remembered for it.", "dim")]
    found = about.memory
    known = (
        f"changed {age(found.updated_at, now)} ago by {found.written_by}"
        if found
        else "nothing is remembered yet"
    )
    lines = [_head(f"{one_line(about.task.project, 300)}: {one_line(known)}; e edits it", colours), Text()]
    return lines + [Text(line) for line in plain(found.text if found else "").rstrip("\n").split("\n")]


def _words(text: str) -> Text:
    return Text(one_line(text, TEXT_CUT))


def _row(label: str, text: Text, colours: Colours) -> Text:
    return Text.assemble((f"{label:<{LABEL}}", Style(color=colours.get("secondary"))), text)


def _head(text: str, colours: Colours) -> Text:
    return Text(text, Style(color=colours.get("secondary"), bold=True))


def _moment(at: float) -> str:
    return time.strftime("%d %b %H:%M:%S", time.localtime(at))


def _talk(task: Task) -> str:
    if not task.turns:
        return ""
    return f"{task.turns} turns, {task.seen_input_tokens:,} tokens in, {task.seen_output_tokens:,} out, as the agent shows"


def _cost(task: Task) -> str:
    if task.cost_usd is None and not task.input_tokens:
        return ""
    return f"{money(task.cost_usd)}, {task.input_tokens:,} tokens in, {task.output_tokens:,} out"


def _took(task: Task, now: float) -> str:
    if task.started_at is None:
        return ""
    return length((task.finished_at or now) - task.started_at) + ("" if task.finished_at else " so far")


def _attempt(each: Attempt, where: str, colours: Colours, now: float) -> Text:
    line = Text(f"{each.number:<4}{each.container_id:<13}{f'{one_line(where, 20)}  ' if where else ''}")
    line.append_text(look.state(each.state, colours))
    return line.append(f"  {age(each.started_at, now)}  {one_line(each.reason, TEXT_CUT)}")


def _approval(each: Approval, colours: Colours) -> Text:
    line = Text().append(f"{_moment(each.created_at)}  ", Style(color=colours.get("secondary")))
    line.append(f"{each.state:<10}", Style(color=colours.get("accent") if each.state == "pending" else None))
    said = one_line(each.message or " ".join(str(value) for value in each.input.values()), 200)
    by = f"  by {each.answered_by}" if each.answered_by else ""
    return line.append(f"{one_line(each.tool, 60)}  {said}{by}")
