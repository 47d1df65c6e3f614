"""The budget pane: what was spent, of which ceilings, and how long that goes on."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

from rich.style import Style
from rich.text import Text

from parhelia_tui.core.client import Totals
from parhelia_tui.core.model.display import count, length, money, several
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.widgets import look

AHEAD_HOURS = 6
"""How far a ceiling without an end of its own is looked ahead."""
Colours = Mapping[str, str]


def budget(fleet: FleetView, colours: Colours) -> list[Text]:
    """What was spent, of which ceilings, and how long that goes on."""
    totals = fleet.totals
    day, whole = totals.ceilings.get("day"), totals.ceilings.get("all")
    calm = Style(color=colours.get("secondary"))

    def line(name: str, *values: str) -> Text:
        text = Text(f" {name:<7}", calm)
        for value, unit in zip(values[::2], values[1::2], strict=True):
            text.append(value, Style(color=colours.get("foreground"), bold=True))
            text.append(f" {unit}  ")
        return text

    unknown = totals.unknown_cost_entries
    if totals.ceilings:
        lines = [
            line("spent", _of(totals.spent_today_usd, day), "today"),
            line("in all", _of(totals.spent_total_usd, whole), ""),
            line("burn", f"{money(totals.burn_usd_per_hour)}/h", _end(fleet)),
        ]
    else:
        lines = [
            line("spent", money(totals.spent_today_usd), "today", money(totals.spent_total_usd), "in all"),
            line("burn", money(totals.burn_usd_per_hour), "in the last hour"),
        ]
    lines.append(line("tokens", count(totals.input_tokens), "in", count(totals.output_tokens), "out"))
    if totals.worth_today_usd:
        lines.append(line("beside", money(totals.worth_today_usd), "by subscription today"))
    if unknown:
        # Seconds of sandboxes too: not all of them are answers.
        said = f" {several(unknown, 'entry', 'entries')} of unknown cost today"
        lines.append(Text(said, Style(color=colours.get("warning"))))
    if totals.ceilings:
        lines.append(Text(" left    ", calm).append(burn_down(fleet), Style(color=colours.get("primary"))))
    lines.append(
        Text(f" {look.bars(totals.hours)}", Style(color=colours.get("primary"))).append(" last 24 h", calm)
    )
    return lines


def _of(spent: float, ceiling: float | None) -> str:
    return money(spent) if ceiling is None else f"{money(spent)}/{money(ceiling)}"


def _ends(fleet: FleetView) -> list[tuple[float, str]]:
    """When each ceiling is reached if it goes on so: hours from now, the nearest first; a day may end before."""
    totals, burn = fleet.totals, fleet.totals.burn_usd_per_hour
    return sorted(
        (each / burn, scope)
        for scope, each in _left(totals).items()
        # A new day begins with nothing spent.
        if burn > 0 and (scope != "day" or _same_day(fleet.at, fleet.at + each / burn * 3600))
    )


def _left(totals: Totals) -> dict[str, float]:
    spent = {"day": totals.spent_today_usd, "all": totals.spent_total_usd}
    return {scope: limit - spent[scope] for scope, limit in totals.ceilings.items() if scope in spent}


def _end(fleet: FleetView) -> str:
    """What becomes of the money if it goes on so: when it is spent, or what is left of the day's at midnight."""
    left = _left(fleet.totals)
    if any(each <= 0 for each in left.values()):
        return "the budget is spent"
    ends = _ends(fleet)
    if ends:
        hours = ends[0][0]
        at = time.strftime("%H:%M", time.localtime(fleet.at + hours * 3600))
        return f"spent in {length(hours * 3600)}" + (f", {at}" if hours < 24 else "")
    if "day" in left and fleet.totals.burn_usd_per_hour:
        rest = left["day"] - fleet.totals.burn_usd_per_hour * _hours_to_midnight(fleet.at)
        return f"{money(rest)} left at midnight"
    return ""


def burn_down(fleet: FleetView) -> str:
    """What was left of a ceiling after each hour, as bars, and behind them what will be left if it goes on so.

    What is to come has other signs than what was: ░ while there is money, · when there is none. It is the ceiling
    of the day where there is one, from midnight to midnight; else the one for all, over a day and six hours more.
    """
    totals = fleet.totals
    left = _left(totals)
    scope = "day" if "day" in left else "all"
    if scope not in left:
        return ""
    past = len(totals.hours)
    ahead = AHEAD_HOURS
    if scope == "day":
        ahead = math.ceil(_hours_to_midnight(fleet.at))
        past = max(1, 24 - ahead)
    # From now back: what is left now, and before each hour what was spent in it besides.
    values = [left[scope]]
    for spent in reversed(totals.hours[len(totals.hours) - past + 1 :] if past > 1 else ()):
        values.append(values[-1] + spent)
    bars = look.bars([max(0.0, each) for each in reversed(values)], most=totals.ceilings[scope])
    rest = (left[scope] - totals.burn_usd_per_hour * hour for hour in range(1, ahead + 1))
    return bars + "".join("░" if each > 0 else "·" for each in rest)


def _hours_to_midnight(at: float) -> float:
    now = time.localtime(at)
    return 24 - now.tm_hour - now.tm_min / 60 - now.tm_sec / 3600


def _same_day(at: float, later: float) -> bool:
    return later - at < 86400 and time.localtime(at).tm_mday == time.localtime(later).tm_mday
