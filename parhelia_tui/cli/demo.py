"""`parhelia demo`: a small live fleet to look at."""

from __future__ import annotations

import os
import shlex

import click

from parhelia_tui.cli.lazy import Command
from parhelia_tui.cli.main import open_dashboard
from parhelia_tui.cli.options import output_options
from parhelia_tui.cli.output import MANNER, Out, on_terminal
from parhelia_tui.core.settings.paths import HOME_VARIABLE, state_home

OWN = "parhelia-demo"
"""Name of the state directory of the demo: what it plays at spending is not to stand among the user's own."""


@click.command(cls=Command)
@click.option(
    "--count", type=click.IntRange(1, 50), metavar="N", default=6, show_default=True, help="How many tasks."
)
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed gives the same fleet.")
@click.option("--backend", metavar="NAME", default="local", show_default=True, help="Where it runs.")
@click.option("--no-dashboard", is_flag=True, help="Only start the tasks.")
@output_options
@click.pass_context
def demo(context: click.Context, count: int, seed: int, backend: str, no_dashboard: bool) -> int | None:
    """Start a few demo agents and commands, and open the dashboard over them.

    They have a state directory of their own, parhelia-demo beside yours, so that nothing of them counts among your
    tasks and money; where PARHELIA_HOME is set, they are there.
    """
    before = _in_a_place_of_its_own()
    out = Out()
    make = out.client.request_maker()
    made = out.client.create_tasks(
        [make({**each, "backend": backend}) for each in out.client.demo_requests(count, seed)]
    )
    out.answer(
        made,
        "\n".join(
            [
                *(f"{each.id}  {each.title}" for each in made),
                *([f"see them: {before}parhelia"] if before else []),
            ]
        ),
        next_actions=[
            f"{before}{each}" for each in ("parhelia", "parhelia task list", "parhelia task cancel ID")
        ],
    )
    if no_dashboard or MANNER.json or not on_terminal():
        return None
    return open_dashboard(context)


def _in_a_place_of_its_own() -> str:
    """Go to the state directory of the demo, where no other was asked for; give what leads there before a command."""
    if os.environ.get(HOME_VARIABLE):
        return ""
    home = str(state_home(OWN))
    # The dashboard and the controller that are opened from here find it there.
    os.environ[HOME_VARIABLE] = home
    return f"{HOME_VARIABLE}={shlex.quote(home)} "
