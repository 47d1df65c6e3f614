"""Which backend does not answer, and since when: kept for every front, for as long as it is so."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from typing import Any

from parhelia_tui.core.backends.base import Backend, Listing
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.store import meta
from parhelia_tui.core.store.connection import writing

PATIENCE_S = 15.0
"""Seconds after which a backend that was asked what it has counts as one that does not answer."""


def begin(tx: sqlite3.Connection) -> None:
    """Forget what an earlier controller wrote: nobody has asked since."""
    meta.put(tx, meta.SILENT, "{}")


async def listing(context: Context, name: str, backend: Backend) -> Listing:
    """Ask a backend for all that it has, and keep whether it answers; one that hangs is told of meanwhile."""
    asked_at = context.clock()
    asking = asyncio.ensure_future(backend.list())
    try:
        await asyncio.wait({asking}, timeout=PATIENCE_S)
        if not asking.done():
            _keep(context, name, asked_at, "")
        found = await asking
    finally:
        if not asking.done():
            asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asking
    if found.complete:
        _drop(context, name)
    else:
        _keep(context, name, asked_at, found.error)
    return found


def _keep(context: Context, name: str, asked_at: float, why: str) -> None:
    silent = _silent(context)
    # From the first question that had no answer on.
    since = silent.get(name, {}).get("since", asked_at)
    _put(context, {**silent, name: {"since": since, "why": why}})


def _drop(context: Context, name: str) -> None:
    _put(context, {other: each for other, each in _silent(context).items() if other != name})


def _silent(context: Context) -> dict[str, dict[str, Any]]:
    return dict(json.loads(meta.get(context.db, meta.SILENT) or "{}"))


def _put(context: Context, silent: dict[str, dict[str, Any]]) -> None:
    """Write what is new; where that cannot be, the round that asks goes on all the same."""
    if silent != _silent(context):
        with contextlib.suppress(ParheliaError), writing(context.db) as tx:
            meta.put(tx, meta.SILENT, json.dumps(silent))
