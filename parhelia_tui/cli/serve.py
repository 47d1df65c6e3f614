"""`parhelia serve`: the dashboard in a browser of this machine."""

from __future__ import annotations

import click

from parhelia_tui.cli.lazy import Command
from parhelia_tui.cli.main import dashboard_of
from parhelia_tui.cli.options import output_options
from parhelia_tui.cli.output import Out


@click.command(cls=Command)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    default=0,
    help="Which port; without it, a free one.",
)
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="Which address of the loopback network; no other is possible.",
)
@output_options
@click.pass_context
def serve(context: click.Context, port: int, host: str) -> None:
    """Serve the dashboard to a browser of this machine, until Ctrl+C.

    The printed link has a token; without it nothing is answered. Each page that is opened is a dashboard of its own.
    """

    def say(link: str) -> None:
        Out().record(
            {"link": link},
            f"The dashboard is at {link}\nWho has this link can do all that you can. Ctrl+C ends it.",
        )

    dashboard_of(context).serve(host, port, say)
