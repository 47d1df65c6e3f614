"""Options and arguments that several commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, TypeVar

import click

from parhelia_tui.cli.output import MANNER
from parhelia_tui.core.model import mounting
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.typed import in_words_of, seconds

F = TypeVar("F", bound=Callable[..., Any])
LEVELS = ("debug", "info", "warning", "error")


def output_options(command: F) -> F:
    """`--json` and `--fields`; the command itself need not know of them."""
    for option in (
        click.option(
            "--fields", metavar="A,B", is_eager=True, expose_value=False, callback=_fields,
            help="Only these fields of each record.",
        ),
        click.option(
            "--json", is_flag=True, is_eager=True, expose_value=False, callback=_json, help="Print JSON."
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def _json(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    MANNER.json = MANNER.json or value
    MANNER.command = context.command_path


def _fields(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        MANNER.fields = tuple(name.strip() for name in value.split(",") if name.strip())
        if not MANNER.fields:
            raise click.BadParameter("it names no field", context, parameter)


def yes_option(command: F) -> F:
    """`--yes`: no questions."""
    return click.option("--yes", "-y", is_flag=True, help="Do not ask.")(command)


def backend_option(command: F) -> F:
    """`--backend`: where work that was done elsewhere goes on."""
    return click.option(
        "--backend", metavar="NAME", help="Where it goes on: local, modal. Where it was if not given."
    )(command)


def count_option(name: str, default: int, help_text: str) -> Callable[[F], F]:
    """A number of things to show, at least one: `--limit` or `--lines`, with `-n` for short."""
    return click.option(
        f"--{name}",
        "-n",
        type=click.IntRange(1),
        metavar="N",
        default=default,
        show_default=True,
        help=help_text,
    )


def choices_option(name: str, parameter: str, values: type[StrEnum]) -> Callable[[F], F]:
    """An option that may be given several times, each with one of these values."""
    return click.option(
        f"--{name}",
        parameter,
        multiple=True,
        type=click.Choice([each.value for each in values]),
        help="Repeatable.",
    )


def completer(kind: str) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    """What a shell offers for an argument: known tasks, containers, sessions or checkpoints."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
        from parhelia_tui.cli.completion import known

        return known(kind, incomplete)

    return complete


def task_argument(command: F) -> F:
    """TASK, completed by the shell."""
    return click.argument("task_id", metavar="TASK", shell_complete=completer("task"))(command)


def container_argument(command: F) -> F:
    """CONTAINER, completed by the shell."""
    return click.argument("container_id", metavar="CONTAINER", shell_complete=completer("container"))(command)


def optional_container_argument(command: F) -> F:
    """[CONTAINER], completed by the shell."""
    return click.argument(
        "container_id", metavar="[CONTAINER]", required=False, shell_complete=completer("container")
    )(command)


def session_argument(command: F) -> F:
    """SESSION: its name, or the task or container whose main session it is; completed by the shell."""
    return click.argument("name", metavar="SESSION", shell_complete=completer("session"))(command)


def filter_options(command: F) -> F:
    """Which events: by type, level, task and container."""
    for option in (
        click.option("--container", help="Only of this container."),
        click.option("--task", help="Only of this task."),
        click.option("--level", type=click.Choice(LEVELS), default="debug", help="At least so severe."),
        click.option("--type", "types", metavar="A,B", help="Only these, as task.*,container.running."),
    ):
        command = option(command)
    return command


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


_Option = tuple[tuple[str, ...], dict[str, Any]]
_REQUEST: tuple[_Option, ...] = (
    (
        ("--workspace", "-w"),
        {"metavar": "DIR", "help": "Directory to work on; the present one if not given."},
    ),
    (
        ("--mode",),
        {"type": click.Choice(["shared", "clone", "empty"]), "help": "The directory, a copy, or a new one."},
    ),
    (
        ("--network",),
        {"type": click.Choice(["none", "api", "allowlist", "open"]), "help": "Network of the container."},
    ),
    (
        ("--budget", "budget_usd"),
        {"type": click.FloatRange(0, 1_000_000), "metavar": "USD", "help": "What it may spend on the API."},
    ),
    (
        ("--backend",),
        {"metavar": "NAME", "help": "Where it runs: local, modal, or auto: where it fits and costs least."},
    ),
    (("--priority",), {"type": int, "help": "Larger goes first, -100 to 100."}),
    (("--env", "-e"), {"multiple": True, "metavar": "K=V", "help": "Variable inside; repeatable."}),
    (
        ("--mount", "mounts"),
        {
            "multiple": True,
            "metavar": "HOST:INSIDE[:rw]",
            "help": "Show a path of this machine inside, read-only without :rw; repeatable.",
        },
    ),
    (("--cpus",), {"type": float, "help": "Processors at most."}),
    (("--memory",), {"type": int, "metavar": "MB", "help": "Memory at most, in MiB."}),
    (("--pids",), {"type": int, "help": "Processes at most."}),
    (("--gpu",), {"metavar": "KIND", "help": "GPU at a provider, as T4, A100 or H100:2."}),
    (("--region",), {"metavar": "NAME", "help": "Region of a provider, as us-east or eu."}),
    (("--timeout",), {"metavar": "TIME", "help": "Lifetime, as 90s, 15m or 4h."}),
    (
        ("--persistent/--no-persistent",),
        {"is_flag": True, "default": None, "help": "Keep what is installed in the system."},
    ),
    (
        ("--image",),
        {"metavar": "NAME", "help": "Begin with the system of an image (parhelia image list)."},
    ),
    (("--unsandboxed",), {"is_flag": True, "default": None, "help": "Run WITHOUT isolation."}),
    (("--profile",), {"metavar": "NAME", "help": "A profile of the configuration."}),
)
_SLOT: _Option = (("--slot",), {"type": int, "help": "Number among the containers of this workspace."})
_AGENT: _Option = (
    ("--agent",),
    {"metavar": "NAME", "help": "Which agent works on it: claude, shell, demo, or one of the configuration."},
)


def request_options(command: F) -> F:
    """What a task can be asked for; `request_fields` reads the values."""
    for names, about in reversed((*_REQUEST, _SLOT)):
        command = click.option(*names, **about)(command)
    return command


_OTHERWISE = (
    "--cpus",
    "--memory",
    "--pids",
    "--gpu",
    "--region",
    "--timeout",
    "--persistent/--no-persistent",
)
_PROFILE: _Option = (
    ("--profile",),
    {"metavar": "NAME", "help": "What this profile says of system and limits."},
)
_SYSTEM: tuple[_Option, ...] = (
    (
        ("--image",),
        {"metavar": "NAME", "help": "Go on with the system of this image (parhelia image list)."},
    ),
    (("--own-system",), {"is_flag": True, "help": "Go on with this machine's own system, without an image."}),
)


def otherwise_options(command: F) -> F:
    """What may be different where work goes on; `otherwise_fields` reads the values."""
    limits = [each for each in _REQUEST if each[0][0] in _OTHERWISE]
    for names, about in reversed((*limits, *_SYSTEM, _PROFILE)):
        command = click.option(*names, **about)(command)
    return command


def otherwise_fields(given: dict[str, Any]) -> dict[str, Any]:
    """Make fields of what is to be different from the values of `otherwise_options`, without the profile.

    Raises:
        ParheliaError: E101 for an image beside the system of this machine.
    """
    if given["image"] is not None and given["own_system"]:
        raise ParheliaError("E101", "--image and --own-system exclude each other")
    return {
        "persistent": given["persistent"],
        "image": given["image"],
        "own_system": given["own_system"],
        "limits": _limits(given),
    }


def agent_option(command: F) -> F:
    """`--agent`."""
    return click.option(*_AGENT[0], **_AGENT[1])(command)


def batch_defaults(command: F) -> F:
    """The same for every task of a batch; on the page of `parhelia help batch`, not in the help of the root."""
    for names, about in reversed((_AGENT, *_REQUEST)):
        command = click.option(*names, **about, hidden=True)(command)
    return command


def request_fields(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make fields of a request from the values of `request_options`.

    Returns:
        The fields, in which None was not given, and the flags for the configuration.
    """
    fields = dict(given)
    limits = _limits(fields)
    for name in ("cpus", "memory", "pids", "timeout", "gpu", "region"):
        del fields[name]
    fields["env"] = pairs(fields["env"], "environment variable")
    fields["mounts"] = mounting.apart(fields["mounts"])
    fields["workspace_mode"] = fields.pop("mode")
    fields["limits"] = limits
    return fields, {"profile": fields.pop("profile")}


def _limits(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "cpus": given["cpus"],
        "memory_mb": given["memory"],
        "pids": given["pids"],
        "lifetime_s": seconds(given["timeout"]),
        "gpu": given["gpu"],
        "region": given["region"],
    }


_OF_LIMITS = {
    "cpus": "--cpus",
    "memory_mb": "--memory",
    "pids": "--pids",
    "lifetime_s": "--timeout",
    "gpu": "--gpu",
    "region": "--region",
}
_OF_FIELDS = {
    "workspace_mode": "--mode",
    "priority": "--priority",
    "slot": "--slot",
    "backend": "--backend",
    "image": "--image",
    "agent": "--agent",
    "budget_usd": "--budget",
    "budget_each_usd": "--budget-each",
}


@contextmanager
def as_typed(fields: dict[str, Any]) -> Iterator[None]:
    """Name the options that were typed, in the faults of what is made of them, and not the fields that they fill.

    Args:
        fields: as `request_fields` or `otherwise_fields` gives them.

    Raises:
        ParheliaError: E100 as it came, in these words.
    """
    # What was not typed came from a template, which names the field.
    names = {
        **{name: option for name, option in _OF_FIELDS.items() if fields.get(name) is not None},
        **{
            f"limits.{name}": option
            for name, option in _OF_LIMITS.items()
            if fields["limits"].get(name) is not None
        },
    }
    try:
        yield
    except ParheliaError as error:
        said = in_words_of(error, names)
        if said is error:
            raise
        raise said from error


def standard_input() -> str:
    """Everything that standard input holds.

    Raises:
        ParheliaError: E102 when it is closed, E100 when it is not text.
    """
    if sys.stdin is None or sys.stdin.closed:
        raise ParheliaError("E102", "standard input is closed, so nothing can be read from it")
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise ParheliaError("E100", f"standard input is not UTF-8 text, at byte {error.start + 1}") from None
