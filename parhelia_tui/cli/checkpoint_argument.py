"""How a command names a checkpoint."""

from __future__ import annotations

from collections.abc import Callable

import click

from parhelia_tui.cli.options import completer


def argument(name: str, metavar: str, *, required: bool = True) -> Callable[..., Callable[..., object]]:
    """An argument that a checkpoint's id, the beginning of one or a tag fits; the shell completes it."""
    return click.argument(name, metavar=metavar, required=required, shell_complete=completer("checkpoint"))
