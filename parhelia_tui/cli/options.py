"""Options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from parhelia_tui.core.model.errors import ParheliaError

F = TypeVar("F", bound=Callable[..., Any])
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, None: 1.0}


def json_option(command: F) -> F:
    """`--json` and `--fields`."""
    command = click.option("--fields", metavar="A,B", help="Only these fields of each record (with --json).")(
        command
    )
    return click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")(command)


def seconds(text: str | None) -> float | None:
    """Read a length of time: 90, 90s, 4h, 1.5d.

    Raises:
        ParheliaError: E101 when it is none.
    """
    if text is None:
        return None
    match = _LENGTH.fullmatch(text.strip())
    if match is None:
        raise ParheliaError("E101", f"{text!r} is no length of time; write 90s, 15m, 4h or 1d")
    return float(match[1]) * _UNITS[match[2]]


def pairs(values: tuple[str, ...], what: str) -> dict[str, str]:
    """Read K=V pairs.

    Raises:
        ParheliaError: E101 when one has no =.
    """
    found = {}
    for each in values:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise ParheliaError("E101", f"{each!r} is no {what}; write NAME=VALUE")
        found[name] = value
    return found


def request_options(command: F) -> F:
    """What a task can be asked for, for `task create`, `run` and `shell`."""
    for option in (
        click.option(
            "--workspace", "-w", metavar="DIR", help="Directory to work on; the present one if not given."
        ),
        click.option(
            "--mode", type=click.Choice(["shared", "clone", "empty"]), help="How the workspace is used."
        ),
        click.option("--network", type=click.Choice(["none", "open"]), help="Network of the container."),
        click.option(
            "--env", "-e", multiple=True, metavar="K=V", help="Environment variable inside; repeatable."
        ),
        click.option("--cpus", type=float, help="Processors at most."),
        click.option("--memory", type=int, metavar="MB", help="Memory at most, in MiB."),
        click.option("--pids", type=int, help="Processes at most."),
        click.option("--timeout", metavar="TIME", help="Lifetime, as 90s, 15m or 4h."),
        click.option("--slot", type=int, help="Number among the containers of this workspace."),
        click.option(
            "--persistent", is_flag=True, default=None, help="Keep what is installed in the system."
        ),
        click.option("--unsandboxed", is_flag=True, default=None, help="Run WITHOUT isolation."),
        click.option("--profile", help="A profile of the configuration."),
    ):
        command = option(command)
    return command


def request_fields(given: dict[str, Any]) -> dict[str, Any]:
    """Make fields of a request from the values of `request_options`."""
    limits = {
        "cpus": given.pop("cpus"),
        "memory_mb": given.pop("memory"),
        "pids": given.pop("pids"),
        "lifetime_s": seconds(given.pop("timeout")),
    }
    given["env"] = pairs(given["env"], "environment variable")
    given["workspace_mode"] = given.pop("mode")
    given["limits"] = limits
    given.pop("profile", None)
    return given
