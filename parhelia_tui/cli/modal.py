"""`parhelia modal`: the account at the provider."""

from __future__ import annotations

import click

from parhelia_tui.cli.feedback import waiting
from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import output_options
from parhelia_tui.cli.output import Out
from parhelia_tui.cli.tables import details
from parhelia_tui.core.model.errors import ParheliaError


@click.group(cls=LazyGroup, order=("setup", "check"))
def modal() -> None:
    """Sandboxes of an account at Modal (parhelia help modal)."""


@modal.command()
@output_options
def setup() -> None:
    """Check the account, make app, volume, secret and image; safe to repeat. The first image takes minutes."""
    import asyncio

    out = Out()
    with waiting("opening the app and building the image"):
        done = asyncio.run(out.client.set_up_modal())
    again = ["parhelia doctor", "parhelia task create --backend modal PROMPT"]
    out.answer(done, lambda: details(list(done.items())), next_actions=again)


@modal.command()
@output_options
def check() -> None:
    """Start a sandbox without a task, look at what there is in it, and end it."""
    import asyncio

    out = Out()
    with waiting("looking into a sandbox"):
        seen = asyncio.run(out.client.check_modal())
    if seen["lacks"]:
        raise ParheliaError(
            "E503",
            f"a sandbox lacks {', '.join(seen['lacks'])}",
            recovery=("parhelia modal setup", "parhelia help modal"),
            details=seen,
        )
    out.answer(
        seen, lambda: details([(name, _words(value)) for name, value in seen.items() if name != "lacks"])
    )


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
