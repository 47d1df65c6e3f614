"""`parhelia container`: look at containers and end them."""

from __future__ import annotations

import sys

import click

from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import json_option
from parhelia_tui.cli.output import Out, age, plain_data, state, table
from parhelia_tui.core.model.records import Container
from parhelia_tui.core.model.states import CONTAINER_LIVE, ContainerState


@click.group(cls=LazyGroup)
def container() -> None:
    """Look at containers and end them."""


@container.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice([each.value for each in ContainerState]))
@click.option("--all", "everything", is_flag=True, help="Also those that have ended.")
@click.option("--limit", type=click.IntRange(1), default=100)
@json_option
def list_(
    states: tuple[str, ...], everything: bool, limit: int, json_wanted: bool, fields: str | None
) -> None:
    """List containers, newest first."""
    out = Out(json_wanted, fields)
    wanted = [ContainerState(each) for each in states] or ([] if everything else sorted(CONTAINER_LIVE))
    found = out.client.containers(wanted, limit=limit)
    rows = [_row(each) for each in found]
    out.answer(found, table(("ID", "TASK", "STATE", "HEALTH", "WHERE", "MEMORY", "AGE"), rows))


def _row(found: Container) -> list[str]:
    where = f"{found.backend}/{found.slot}"
    states = [state(found.state), found.health]
    return [found.id, found.task_id, *states, where, _memory(found), age(found.created_at)]


def _memory(found: Container) -> str:
    return "-" if found.memory_bytes is None else f"{found.memory_bytes / 1e6:.0f} MB"


@container.command()
@click.argument("container_id")
@json_option
def show(container_id: str, json_wanted: bool, fields: str | None) -> None:
    """Show a container."""
    out = Out(json_wanted, fields)
    found = out.client.container(container_id)
    lines = [
        f"{name:<18} {value}" for name, value in plain_data(found).items() if value not in (None, "", {})
    ]
    out.answer(found, "\n".join(lines))


@container.command()
@click.argument("container_id")
@click.option("--limit", type=click.IntRange(1), default=100)
@json_option
def events(container_id: str, limit: int, json_wanted: bool, fields: str | None) -> None:
    """List the events of a container."""
    from parhelia_tui.cli.task import _event_line

    out = Out(json_wanted, fields)
    found = out.client.events(container_id=out.client.container(container_id).id, limit=limit)
    out.answer(found, "\n".join(map(_event_line, found)))


@container.command()
@click.argument("container_id", required=False)
@json_option
def health(container_id: str | None, json_wanted: bool, fields: str | None) -> None:
    """Show the health of a container with its heartbeats, or of all live ones."""
    out = Out(json_wanted, fields)
    if container_id is None:
        live = out.client.containers(sorted(CONTAINER_LIVE))
        rows = [[each.id, each.health, age(each.last_heartbeat_at)] for each in live]
        out.answer(
            [{"id": each.id, "health": each.health} for each in live],
            table(("ID", "HEALTH", "LAST BEAT"), rows),
        )
        return
    found = out.client.container(container_id)
    beats = out.client.heartbeats(found.id, 30)
    rows = [
        [
            age(each.at),
            f"{each.cpu_percent or 0:.0f} %",
            f"{(each.memory_bytes or 0) / 1e6:.0f} MB",
            str(each.pids),
        ]
        for each in beats
    ]
    data = {"id": found.id, "health": found.health, "heartbeats": beats}
    out.answer(
        data, f"{found.id} is {found.health}\n" + table(("AGO", "CPU", "MEMORY", "PROCESSES"), rows, 0)
    )


@container.command()
@click.argument("container_id")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@json_option
def terminate(container_id: str, yes: bool, json_wanted: bool, fields: str | None) -> None:
    """End a container with everything in it; its workspace stays as it is."""
    out = Out(json_wanted, fields)
    found = out.client.container(container_id)
    if not yes and sys.stdin.isatty():
        click.confirm(f"End {found.id}, which works on task {found.task_id}?", abort=True)
    out.answer(out.client.terminate_container(found.id), f"{found.id} is being ended")
