"""`parhelia doctor`: what works on this machine, found out by trying."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable

import click

from parhelia_tui.cli.feedback import waiting
from parhelia_tui.cli.lazy import Command
from parhelia_tui.cli.options import output_options
from parhelia_tui.cli.output import Out
from parhelia_tui.cli.tables import Styled, styled, table
from parhelia_tui.core.client.failures import in_our_words
from parhelia_tui.core.model.display import size
from parhelia_tui.core.model.errors import Exit, ParheliaError
from parhelia_tui.core.settings.disk import is_quota_used_up

LEAST_FREE = 16 << 20
"""Bytes that have to be left on the disk of the state directory: a store, a log and a run directory take a few."""


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """One thing that works here or does not.

    Args:
        how: by which means, or why not.
        remedy: what to type to get it; empty where nothing is to be done.
        required: without it nothing runs.
        word: what it is where it does not work.
    """

    name: str
    works: bool
    how: str
    remedy: str = ""
    required: bool = True
    word: str = "fails"


@click.command(cls=Command)
@output_options
def doctor() -> int:
    """Try what works on this machine; exit code 8 when something that is needed does not."""
    import asyncio

    out = Out()
    with waiting("trying everything"):
        parts = [Part(**dataclasses.asdict(each)) for each in asyncio.run(out.client.probe())]
        parts += [
            _tried("state directory", lambda: _directory(out)),
            _tried("store", lambda: _store(out)),
            _tried("configuration", lambda: _configuration(out)),
            _tried("controller", lambda: _controller(out), required=False),
        ]
        authorities = _tried("certificates", lambda: asyncio.run(out.client.probe_authorities()))
        if authorities.how and not _is_misconfigured(parts):
            parts.append(authorities)
    broken = [each for each in parts if each.required and not each.works]
    remedies = [each.remedy for each in parts if not each.works and each.remedy]
    out.answer(parts, lambda: _page(parts), next_actions=remedies)
    return int(Exit.BACKEND if broken else Exit.OK)


def _is_misconfigured(parts: list[Part]) -> bool:
    """Say whether the configuration cannot be read, which is told of once."""
    return any(each.name == "configuration" and not each.works for each in parts)


def _page(parts: list[Part]) -> str:
    rows = [[each.name, _word(each), each.how] for each in parts]
    hints = [f"  {each.name}: {each.remedy}" for each in parts if not each.works and each.remedy]
    return "\n".join([table(("PART", "STATE", "HOW"), rows, 2), *(["", "type:", *hints] if hints else [])])


def _word(part: Part) -> Styled:
    if part.works:
        return styled("✓ works", fg="green")
    return styled(f"✗ {part.word}", fg="red") if part.required else styled(f"– {part.word}", fg="yellow")


def _tried(name: str, look: Callable[[], str], *, required: bool = True) -> Part:
    try:
        return Part(name, True, look(), required=required)
    except (ParheliaError, OSError) as error:
        known = in_our_words(error)
        if known is None:
            raise
        ways = [each for each in known.recovery if each != "parhelia doctor"]
        return Part(name, False, str(known), ways[0] if ways else "", required)


def _directory(out: Out) -> str:
    home = out.client.paths.home
    nearest = home
    while not nearest.exists():
        nearest = nearest.parent
    if not os.access(nearest, os.W_OK | os.X_OK) or not nearest.is_dir():
        raise ParheliaError("E500", f"{home} cannot be written", recovery=(f"ls -ld {nearest}",))
    free = shutil.disk_usage(nearest).free
    if free < LEAST_FREE:
        raise ParheliaError(
            "E507", f"{home}: {size(free)} are left on its disk", recovery=(f"df -h {nearest}",)
        )
    if is_quota_used_up(nearest):
        raise ParheliaError("E507", f"{home}: your quota of its disk is used up", recovery=("quota",))
    return str(home) if nearest == home else f"{home}, made when it is needed"


def _store(out: Out) -> str:
    if not out.client.paths.database.exists():
        return "made when it is needed"
    faults = out.client.check_store()
    if faults:
        raise ParheliaError("E506", f"{len(faults)} faults: {faults[0]}", recovery=("parhelia db check",))
    return f"sound, step {out.client.store_version()}"


def _configuration(out: Out) -> str:
    files = out.client.configuration_files()
    return ", ".join(map(str, files)) or "built in"


def _controller(out: Out) -> str:
    about = out.client.controller_status()
    return f"runs, pid {about.pid}" if about.pid else "starts when it is needed"
