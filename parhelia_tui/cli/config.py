"""`parhelia config`: what is configured, and where it comes from."""

from __future__ import annotations

import click

from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import json_option
from parhelia_tui.cli.output import Out


@click.group(cls=LazyGroup)
def config() -> None:
    """Show the configuration."""


@config.command()
@json_option
def show(json_wanted: bool, fields: str | None) -> None:
    """Show every key with its value and where it comes from."""
    out = Out(json_wanted, fields)
    values = out.client.configuration()
    lines = [f"{key} = {value['value']!r}  ({value['source']})" for key, value in values.items()]
    out.answer(values, "\n".join(lines))
