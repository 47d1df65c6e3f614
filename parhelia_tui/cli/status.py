"""`parhelia status` and `agent`: how things are."""

from __future__ import annotations

from collections import Counter

import click

from parhelia_tui.cli.lazy import Command, LazyGroup
from parhelia_tui.cli.options import output_options
from parhelia_tui.cli.output import Out, plain_data
from parhelia_tui.cli.tables import age, details, money, styled, table
from parhelia_tui.core.client import ControllerStatus, Totals
from parhelia_tui.core.client.fleet import DISK_FULL
from parhelia_tui.core.model.spares import in_words
from parhelia_tui.core.model.states import CONTAINER_LIVE


@click.command(cls=Command)
@output_options
def status() -> None:
    """Show the fleet in a few lines."""
    out = Out()
    about, totals = out.client.controller_status(), out.client.totals()
    places = Counter(each.backend for each in out.client.containers(tuple(CONTAINER_LIVE)))
    out.answer(
        {"controller": about, "totals": totals, "containers": dict(places)},
        lambda: _status_page(about, totals, places),
        next_actions=["parhelia task list", "parhelia doctor"],
        cost_usd=totals.spent_total_usd,
    )


def _status_page(about: ControllerStatus, totals: Totals, places: Counter[str]) -> str:
    counts = [f"{number} {name}" for name, number in sorted(totals.by_state.items())]
    since = f" for {age(about.since)}, pid {about.pid}" if about.since else ""
    isolation = about.isolation or "not yet known"
    return details(
        [
            ("controller", styled(f"{about.state}{since}", fg="green" if about.pid else None)),
            ("backend", ", ".join([about.backend, *_elsewhere(about, places)])),
            ("isolation", styled("NONE", fg="red") if isolation == "none" else isolation),
            ("disk", styled(DISK_FULL, fg="red") if about.disk_full else ""),
            *(
                ("silent", styled(each.in_words(name), fg="yellow"))
                for name, each in sorted(about.silent.items())
            ),
            ("tasks", ", ".join(counts) or "none yet"),
            ("spent", f"{money(totals.spent_today_usd)} today, {money(totals.spent_total_usd)} in all"),
        ]
    )


def _elsewhere(about: ControllerStatus, places: Counter[str]) -> list[str]:
    """How many containers are not on this machine, where, and what is kept ready there."""
    counts = [f"{number} at {name}" for name, number in sorted(places.items()) if name != about.backend]
    return [*counts, *in_words(about.spares)]


@click.group(cls=LazyGroup)
def agent() -> None:
    """The agents there are."""


@agent.command("list")
@output_options
def agent_list() -> None:
    """List the agents, and whether each is there on this machine."""
    out = Out()
    found = out.client.probed_agents()
    data = [{"name": name, "summary": about, **plain_data(probe)} for name, about, probe in found]
    rows = [
        [name, about, probe.version, probe.problem or probe.warning or probe.path]
        for name, about, probe in found
    ]
    out.answer(data, lambda: table(("NAME", "WHAT IT DOES", "VERSION", "WHERE"), rows))
