"""`parhelia modal`: the account at the provider."""

from __future__ import annotations

import click

from parhelia_tui.cli.feedback import waiting
from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import output_options
from parhelia_tui.cli.output import Out
from parhelia_tui.cli.tables import details


@click.group(cls=LazyGroup, order=("setup",))
def modal() -> None:
    """Sandboxes of an account at Modal (parhelia help modal)."""


@modal.command()
@output_options
def setup() -> None:
    """Check the account, open the app and build the image; safe to repeat. The first image takes minutes."""
    import asyncio

    out = Out()
    with waiting("opening the app and building the image"):
        done = asyncio.run(out.client.set_up_modal())
    again = ["parhelia doctor", "parhelia task create --backend modal PROMPT"]
    out.answer(done, lambda: details(list(done.items())), next_actions=again)
