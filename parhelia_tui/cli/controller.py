"""`parhelia controller`, `reconciler` and `cleanup`: the process that acts."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from parhelia_tui.cli.feedback import waiting
from parhelia_tui.cli.lazy import Command, LazyGroup
from parhelia_tui.cli.options import count_option, output_options, yes_option
from parhelia_tui.cli.output import MANNER, Out, confirmed, need_answer
from parhelia_tui.cli.tables import age, details, nothing, styled
from parhelia_tui.core.model.display import several
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.states import ContainerState
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.model.typed import seconds

LOOK_EVERY_S = 0.1


@click.group(cls=LazyGroup)
def controller() -> None:
    """The one process that acts; it starts by itself when it is needed."""


@controller.command()
@output_options
def start() -> None:
    """Start the controller, if none runs."""
    out = Out()
    with waiting("starting the controller"):
        out.client.ensure_controller()
    about = out.client.controller_status()
    out.answer(about, f"the controller runs, pid {about.pid}")


@controller.command()
@output_options
def stop() -> None:
    """Stop the controller; what runs goes on, and the next controller takes it over."""
    out = Out()
    with waiting("stopping the controller"):
        stopped = out.client.stop_controller()
    out.answer(
        {"stopped": stopped}, "the controller left; what runs goes on" if stopped else "no controller ran"
    )


@controller.command("status")
@output_options
def controller_status() -> None:
    """Show whether a controller runs and what it does."""
    out = Out()
    about = out.client.controller_status()
    if about.pid is None:
        out.answer(
            {"state": "absent", "pid": None}, "no controller runs; the next command that needs one starts it"
        )
        return
    said = out.client.controller_details()
    page = [
        ("running", f"for {age(said['since'])}, pid {said['pid']}"),
        ("containers", f"{said['live_containers']} of at most {said['max_containers']}"),
        ("at work on", ", ".join(said["jobs"])),
        ("trouble", styled(said["trouble"], fg="red") if said["trouble"] else ""),
    ]
    out.answer({"state": "running", **said}, lambda: details(page))


@controller.command()
@output_options
def run() -> int:
    """Run the controller here and print its log, until Ctrl+C or until there is nothing left to do."""
    out = Out()
    about = out.client.controller_status()
    if about.pid is not None:
        raise ParheliaError(
            "E103",
            f"a controller runs already, pid {about.pid}",
            recovery=("parhelia controller stop", "parhelia controller logs"),
        )
    log = out.client.paths.logs / "controller.log"
    position = log.stat().st_size if log.exists() else 0
    process = out.client.run_controller()
    try:
        while process.poll() is None:
            position = _print_from(out, log, position)
            time.sleep(LOOK_EVERY_S)
    except KeyboardInterrupt:
        # The terminal has told it already, unless the signal came to this process alone.
        process.terminate()
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=30)
        _print_from(out, log, position)
    return process.returncode or 0


def _print_from(out: Out, log: Path, position: int) -> int:
    """Print the lines of the log from a position (bytes) on, and give the new one."""
    try:
        with log.open("rb") as lines:
            if lines.seek(0, 2) < position:
                # It was full, and a new one has begun.
                position = 0
            lines.seek(position)
            data = lines.read()
    except FileNotFoundError:
        return position
    whole = data[: data.rfind(b"\n") + 1]
    for line in whole.decode("utf-8", "replace").splitlines():
        said = _parsed(line)
        out.record(said, _log_line(said))
    return position + len(whole)


def _parsed(line: str) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    return said if isinstance(said, dict) else {"message": line}


def _log_line(said: dict[str, Any]) -> str:
    """One line of the log for people; the trace of a failure follows it."""
    at = said.get("at")
    clock = time.strftime("%H:%M:%S", time.localtime(at)) if isinstance(at, float) else "-"
    level = one_line(str(said.get("level", "-")), 10)
    trace = "".join(f"\n    {one_line(each, 2000)}" for each in str(said.get("trace", "")).splitlines())
    return f"{clock}  {level:<8} {one_line(str(said.get('message', '')), 2000)}{trace}"


@controller.command()
@count_option("lines", 50, "The last so many.")
@output_options
def logs(lines: int) -> None:
    """Print the last lines of the controller's log."""
    out = Out()
    path = out.client.paths.logs / "controller.log"
    try:
        said = path.read_text("utf-8", "replace").splitlines()[-lines:]
    except FileNotFoundError:
        said = []
    lines_said = [_parsed(line) for line in said]
    out.answer(lines_said, "\n".join(map(_log_line, lines_said)) or nothing())


@click.group(cls=LazyGroup)
def reconciler() -> None:
    """Compare what runs with what is stored."""


@reconciler.command("status")
@output_options
def reconciler_status() -> None:
    """Show the last round."""
    out = Out()
    if out.client.controller_status().pid is None:
        out.answer({"running": False}, "no controller runs, so nothing is reconciled")
        return
    said = out.client.controller_details()
    last, every = said["last_reconcile"], said["reconcile_every_s"]
    when = f"{age(last['at'])} ago, {last['seen']} seen, {last['live']} live" if last else "not yet"
    if last and not last["complete"]:
        when += ", NOT complete: nothing was changed by it"
    out.answer({"running": True, "last": last, "every_s": every}, f"every {every:g} s; last: {when}")


@reconciler.command("run")
@output_options
def reconciler_run() -> None:
    """Run one round now and show what it found and did."""
    out = Out()
    with waiting("comparing what runs with what is stored"):
        done = out.client.reconcile()
    _answer_of_round(
        out,
        done,
        done,
        lambda: details([(name, _counted(value)) for name, value in done.items()]),
    )


def _answer_of_round(
    out: Out,
    done: dict[str, Any],
    data: dict[str, Any],
    text: str | Callable[[], str],
    next_actions: Sequence[str] = (),
) -> None:
    """Answer with what a round did, and fail where it could not look at everything.

    What was not seen must not look like nothing that is there. Programs get one answer, so in theirs what was
    done is among the details of the error.

    Args:
        done: the round.
        data: for programs.

    Raises:
        ParheliaError: E503 with what was not looked at, and why.
    """
    if done["complete"] or not MANNER.json:
        out.answer(data, text, next_actions=next_actions)
    if not done["complete"]:
        raise ParheliaError(
            "E503",
            f"not everything was looked at: {'; '.join(map(str, done['errors']))}",
            details=data,
            recovery=("parhelia doctor", "parhelia reconciler run"),
        )


def _end_orphans(out: Out, *, dry_run: bool, yes: bool) -> None:
    need_answer(yes or dry_run, "parhelia cleanup --terminate")
    with waiting("comparing what runs with what is stored"):
        done = out.client.reconcile()
    orphans = [each.id for each in out.client.containers([ContainerState.ORPHANED])]
    if orphans and not dry_run:
        confirmed(f"End {several(len(orphans), 'container')} that nobody knows ({', '.join(orphans)})?", yes)
        for each in orphans:
            out.client.terminate_container(each, "it was an orphan; ended by the user")
    word = "would be ended" if dry_run else "being ended"
    lines = [f"{len(orphans)} {word}", *orphans]
    data = {"orphans": orphans, "dry_run": dry_run, "errors": done["errors"]}
    _answer_of_round(out, done, data, "\n".join(lines), ["parhelia container list"])


def _counted(value: Any) -> str:
    if isinstance(value, list | dict):
        return f"{len(value)}: {', '.join(map(str, value))}" if value else "none"
    return str(value)


@click.command(cls=Command)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--older-than", metavar="TIME", help="Only of those that ended so long ago, as 12h or 30d.")
@click.option("--persistent", is_flag=True, help="Also the homes and systems of persistent containers.")
@click.option("--terminate", is_flag=True, help="Instead: end containers that run and that nobody knows.")
@yes_option
@output_options
def cleanup(dry_run: bool, older_than: str | None, persistent: bool, terminate: bool, yes: bool) -> None:
    """Remove what ended containers left: logs and private homes. Workspaces and persistent containers stay."""
    out = Out()
    if terminate:
        _end_orphans(out, dry_run=dry_run, yes=yes)
        return
    older_than_s = seconds(older_than) or 0.0
    if not dry_run:
        systems = ", homes and installed systems" if persistent else " and private homes"
        confirmed(f"Remove the logs{systems} of {'old' if older_than_s else 'all'} ended containers?", yes)
    with waiting("cleaning up"):
        done = out.client.cleanup(dry_run=dry_run, persistent=persistent, older_than_s=older_than_s)
    word = "would be removed" if dry_run else "removed"
    lines = [f"{len(done['removed'])} {word}", *(f"kept {name}: {why}" for name, why in done["kept"].items())]
    out.answer(done, "\n".join(map(one_line, lines)))
