"""`parhelia demo`: a small live fleet to look at."""

from __future__ import annotations

import sys

import click

from parhelia_tui.cli.main import open_dashboard
from parhelia_tui.cli.output import Out


@click.command()
@click.option("--count", type=click.IntRange(1, 50), default=6, help="How many tasks.")
@click.option("--seed", type=int, default=7, help="The same seed gives the same fleet.")
@click.option("--no-dashboard", is_flag=True, help="Only start the tasks.")
def demo(count: int, seed: int, no_dashboard: bool) -> None:
    """Start a few demo agents and commands, and open the dashboard over them."""
    out = Out()
    made = out.client.create_tasks(
        [out.client.request(each) for each in out.client.demo_requests(count, seed)]
    )
    for each in made:
        click.echo(f"{each.id}  {each.title}")
    if not no_dashboard and sys.stdout.isatty() and sys.stdin.isatty():
        raise click.exceptions.Exit(open_dashboard())
