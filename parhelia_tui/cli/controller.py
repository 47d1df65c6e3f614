"""`parhelia controller`, `reconciler` and `cleanup`: the process that acts."""

from __future__ import annotations

import click

from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import json_option
from parhelia_tui.cli.output import Out, age


@click.group(cls=LazyGroup)
def controller() -> None:
    """The one process that acts; it starts by itself when it is needed."""


@controller.command()
@json_option
def start(json_wanted: bool, fields: str | None) -> None:
    """Start the controller, if none runs."""
    out = Out(json_wanted, fields)
    out.client.ensure_controller()
    about = out.client.controller_status()
    out.answer(about, f"the controller runs, pid {about.pid}")


@controller.command()
@json_option
def stop(json_wanted: bool, fields: str | None) -> None:
    """Stop the controller; what runs goes on, and the next controller takes it over."""
    out = Out(json_wanted, fields)
    stopped = out.client.stop_controller()
    out.answer(
        {"stopped": stopped}, "the controller left; what runs goes on" if stopped else "no controller ran"
    )


@controller.command("status")
@json_option
def controller_status(json_wanted: bool, fields: str | None) -> None:
    """Show whether a controller runs and what it does."""
    out = Out(json_wanted, fields)
    about = out.client.controller_status()
    if about.pid is None:
        out.answer(about, "no controller runs; the next command that needs one starts it")
        return
    details = out.client.controller_details()
    load = f"{details['live_containers']} of at most {details['max_containers']} containers"
    text = f"running, pid {about.pid}, for {age(about.since)}\n{load}"
    if details["trouble"]:
        text += f"\ntrouble: {details['trouble']}"
    out.answer(details, text)


@controller.command()
@click.option("--lines", "-n", type=click.IntRange(1), default=50)
def logs(lines: int) -> None:
    """Print the last lines of the controller's log."""
    path = Out().client.paths.logs / "controller.log"
    if path.exists():
        for line in path.read_text("utf-8", "replace").splitlines()[-lines:]:
            click.echo(line)


@click.group(cls=LazyGroup)
def reconciler() -> None:
    """Compare what runs with what is stored."""


@reconciler.command("status")
@json_option
def reconciler_status(json_wanted: bool, fields: str | None) -> None:
    """Show the last round."""
    out = Out(json_wanted, fields)
    if out.client.controller_status().pid is None:
        out.answer({"running": False}, "no controller runs, so nothing is reconciled")
        return
    details = out.client.controller_details()
    last = details["last_reconcile"]
    when = f"{age(last['at'])} ago, {last['seen']} seen, {last['live']} live" if last else "not yet"
    data = {"running": True, "last": last, "every_s": details["reconcile_every_s"]}
    out.answer(data, f"every {details['reconcile_every_s']:g} s; last: {when}")


@reconciler.command("run")
@json_option
def reconciler_run(json_wanted: bool, fields: str | None) -> None:
    """Run one round now and show what it found and did."""
    out = Out(json_wanted, fields)
    done = out.client.reconcile()
    lines = [f"{name:<11} {value}" for name, value in done.items()]
    out.answer(done, "\n".join(lines))


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@json_option
def cleanup(dry_run: bool, json_wanted: bool, fields: str | None) -> None:
    """Remove what ended containers left: logs and private homes. Workspaces and persistent containers stay."""
    out = Out(json_wanted, fields)
    done = out.client.cleanup(dry_run=dry_run)
    word = "would be removed" if dry_run else "removed"
    lines = [f"{len(done['removed'])} {word}", *(f"kept {name}: {why}" for name, why in done["kept"].items())]
    out.answer(done, "\n".join(lines))
