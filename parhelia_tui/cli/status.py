"""`parhelia status`, `budget`, `doctor` and `agent`: how things are."""

from __future__ import annotations

import asyncio
import sys

import click

from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import json_option
from parhelia_tui.cli.output import Out, age, money, state, table
from parhelia_tui.core.model.errors import Exit


@click.command()
@json_option
def status(json_wanted: bool, fields: str | None) -> None:
    """Show the fleet in a few lines."""
    out = Out(json_wanted, fields)
    about, totals = out.client.controller_status(), out.client.totals()
    counts = (
        "  ".join(f"{state(name)} {number}" for name, number in sorted(totals.by_state.items()))
        or "no tasks yet"
    )
    since = f" for {age(about.since)}" if about.since else ""
    text = (
        f"controller  {about.state}{since}\nbackend     {about.backend}, isolation {about.isolation or 'not yet known'}\n"
        f"tasks       {counts}\nspent       {money(totals.spent_today_usd)} today, {money(totals.spent_total_usd)} in all"
    )
    out.answer({"controller": about, "totals": totals}, text, cost_usd=totals.spent_total_usd)


@click.group(cls=LazyGroup)
def budget() -> None:
    """What was spent."""


@budget.command("show")
@json_option
def budget_show(json_wanted: bool, fields: str | None) -> None:
    """Show what was spent, by what agents reported."""
    out = Out(json_wanted, fields)
    totals = out.client.totals()
    text = (
        f"today    {money(totals.spent_today_usd)}\nin all   {money(totals.spent_total_usd)}\n"
        f"an hour  {money(totals.burn_usd_per_hour)}\ntokens   {totals.input_tokens} in, {totals.output_tokens} out"
    )
    if totals.unknown_cost_entries:
        text += f"\n{totals.unknown_cost_entries} entries of today have no known cost"
    out.answer(totals, text, cost_usd=totals.spent_total_usd)


@click.command()
@json_option
def doctor(json_wanted: bool, fields: str | None) -> None:
    """Try what works on this machine; exit code 8 when something that is needed does not."""
    out = Out(json_wanted, fields)
    found = list(asyncio.run(out.client.probe()))
    broken = [each for each in found if each.required and not each.works]
    rows = []
    for each in found:
        mark = (
            click.style("✓ works", fg="green")
            if each.works
            else click.style("✗ missing", fg="red" if each.required else "yellow")
        )
        rows.append(
            [
                each.name,
                mark,
                each.how if each.works or not each.remedy else f"{each.how}; type: {each.remedy}",
            ]
        )
    about = out.client.controller_status()
    text = table(("PART", "STATE", "HOW"), rows, 2)
    text += f"\n\nstate directory  {out.client.paths.home}\ncontroller       {about.state}"
    out.answer(found, text)
    sys.exit(int(Exit.BACKEND if broken else Exit.OK))


@click.group(cls=LazyGroup)
def agent() -> None:
    """The agents there are."""


@agent.command("list")
@json_option
def agent_list(json_wanted: bool, fields: str | None) -> None:
    """List the agents."""
    out = Out(json_wanted, fields)
    found = out.client.agents()
    data = [{"name": name, "summary": about} for name, about in found]
    out.answer(data, table(("NAME", "WHAT IT DOES"), [list(each) for each in found]))
