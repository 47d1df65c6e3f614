"""`parhelia container`: look at containers and end them."""

from __future__ import annotations

import click

from parhelia_tui.cli import spares
from parhelia_tui.cli.follow import LOOK_EVERY_S, pause
from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import (
    choices_option,
    container_argument,
    count_option,
    output_options,
    yes_option,
)
from parhelia_tui.cli.output import Out, confirmed, plain_data
from parhelia_tui.cli.tables import Styled, age, details, event_lines, size, state, styled, table
from parhelia_tui.core.model.display import limits_in_words, several
from parhelia_tui.core.model.mounting import in_words
from parhelia_tui.core.model.records import Container, Heartbeat
from parhelia_tui.core.model.spares import Spare
from parhelia_tui.core.model.states import CONTAINER_ENDED, CONTAINER_LIVE, ContainerState, Health
from parhelia_tui.core.model.text import one_line

BEATS_SHOWN = 30
NEWEST = 100


@click.group(cls=LazyGroup)
def container() -> None:
    """Look at containers and end them."""


@container.command("list")
@choices_option("state", "states", ContainerState)
@choices_option("health", "healths", Health)
@click.option("--workspace", "-w", metavar="DIR", help="Only those that work on this directory.")
@click.option("--all", "everything", is_flag=True, help="Also those that have ended.")
@count_option("limit", 100, "At most so many.")
@output_options
def list_(
    states: tuple[str, ...], healths: tuple[str, ...], workspace: str | None, everything: bool, limit: int
) -> None:
    """List containers, newest first, and the sandboxes that are kept ready (spares)."""
    out = Out()
    wanted = [ContainerState(each) for each in states] or ([] if everything else sorted(CONTAINER_LIVE))
    # The limit counts what is shown, and only here is known what that is.
    known = out.client.containers(wanted, workspace=workspace, limit=None if healths else limit)
    found = [each for each in known if not healths or each.health in healths][:limit]
    is_whole = not (states or healths or workspace)
    ready = out.client.controller_status().spares
    # No container yet, so they are beside the list, and no choice of containers is one of them.
    out.answer(found, lambda: _list_page(found, ready if is_whole else ()), beside={"spares": ready})


def _list_page(found: list[Container], ready: tuple[Spare, ...]) -> str:
    return "\n\n".join([_container_table(found), *map(spares.line, ready)])


def _container_table(found: list[Container]) -> str:
    rows = [
        [each.id, each.task_id, _isolated(each), state(each.state), _health(each), size(each.memory_bytes),
         age(each.last_heartbeat_at), age(each.created_at), each.workspace]
        for each in found
    ]  # fmt: skip
    whole = table(("ID", "TASK", "WHERE", "STATE", "HEALTH", "MEMORY", "BEAT", "AGE", "WORKSPACE"), rows, 8)
    drifted = [f"{each.id} is not as it was made: {_drift(each)}" for each in found if _drift(each)]
    return "\n\n".join([whole, *(["\n".join(drifted)] if drifted else [])])


def _isolated(found: Container) -> str | Styled:
    where = f"{found.backend}/{found.slot}"
    return styled(f"{where} NOT ISOLATED", fg="red") if found.unsandboxed else where


def _health(found: Container) -> str | Styled:
    if found.state in CONTAINER_ENDED:
        return "-"
    return styled(f"{found.health} DRIFTED", fg="yellow") if _drift(found) else state(found.health)


def _drift(found: Container) -> str:
    return "" if found.state in CONTAINER_ENDED else one_line(found.drift, 300)


@container.command()
@container_argument
@output_options
def show(container_id: str) -> None:
    """Show a container, or a sandbox that is kept ready."""
    out = Out()
    found = out.client.container_or_spare(container_id)
    elsewhere = out.client.provider_id(found)
    if isinstance(found, Spare):
        spare = found
        out.answer(
            {**plain_data(spare), "provider_id": elsewhere},
            lambda: spares.page(spare, elsewhere),
            next_actions=[f"parhelia container terminate {spare.id}"],
        )
        return
    out.answer(
        {**plain_data(found), "provider_id": elsewhere},
        lambda: _container_page(found, elsewhere),
        next_actions=[f"parhelia container events {found.id}", f"parhelia task show {found.task_id}"],
    )


def _container_page(found: Container, elsewhere: str) -> str:
    return details(
        [
            (found.id, state(found.state)),
            ("why", found.reason),
            ("being made" if found.state is ContainerState.CREATING else "coming home", found.step),
            ("health", "" if found.state in CONTAINER_ENDED else state(found.health)),
            ("drift", _drift(found)),
            ("exit code", "" if found.exit_code is None else str(found.exit_code)),
            ("task", f"{found.task_id}, attempt {found.attempt}"),
            ("workspace", f"{found.workspace}, slot {found.slot}"),
            ("image", found.image),
            *(("shows", in_words(each)) for each in found.mounts),
            ("backend", found.backend),
            ("its id there", elsewhere),
            ("isolation", styled("NOT ISOLATED", fg="red") if found.unsandboxed else ""),
            ("network", found.network),
            ("persistent", "yes" if found.persistent else ""),
            ("limits", limits_in_words(found.limits)),
            ("uses", _uses(found.cpu_percent, found.memory_bytes, found.pids)),
            ("heartbeat", f"{age(found.last_heartbeat_at)} ago" if found.last_heartbeat_at else ""),
            ("created", f"{age(found.created_at)} ago"),
        ]
    )


def _uses(cpu: float | None, memory: int | None, pids: int | None) -> str:
    if cpu is None and memory is None and pids is None:
        return ""
    processes = several(pids or 0, "process", "processes")
    return f"{'-' if cpu is None else f'{cpu:.0f} %'} of a core, {size(memory)}, {processes}"


@container.command()
@container_argument
@count_option("limit", 100, "The newest so many.")
@output_options
def events(container_id: str, limit: int) -> None:
    """List the events of a container."""
    out = Out()
    found = out.client.events(container_id=out.client.container(container_id).id, limit=limit)
    out.answer(found, lambda: event_lines(found))


@container.command()
@click.argument("container_id", metavar="[CONTAINER]", required=False)
@output_options
def health(container_id: str | None) -> None:
    """Show the health of a container with its heartbeats, or of all live ones."""
    out = Out()
    if container_id is None:
        live = out.client.containers(sorted(CONTAINER_LIVE))
        data = [
            {"id": each.id, "health": each.health, "last_heartbeat_at": each.last_heartbeat_at}
            for each in live
        ]
        rows = [[each.id, state(each.health), age(each.last_heartbeat_at)] for each in live]
        out.answer(data, lambda: table(("CONTAINER", "HEALTH", "BEAT"), rows))
        return
    found = out.client.container(container_id)
    beats = out.client.heartbeats(found.id, BEATS_SHOWN)
    out.answer(
        {"id": found.id, "health": found.health, "heartbeats": beats},
        lambda: f"{found.id}  {state(found.health)}\n\n{_beats(beats)}",
    )


def _beats(beats: tuple[Heartbeat, ...]) -> str:
    rows = [
        [
            age(each.at),
            "-" if each.cpu_percent is None else f"{each.cpu_percent:.0f} %",
            size(each.memory_bytes),
            "-" if each.pids is None else str(each.pids),
        ]
        for each in beats
    ]
    return table(("AGO", "CPU", "MEMORY", "PROCESSES"), rows, 0)


@container.command()
@click.argument("container_id", metavar="[CONTAINER]", required=False)
@output_options
def watch(container_id: str | None) -> None:
    """Follow the states and the health of containers: of one until it has ended, of all until Ctrl+C."""
    out = Out()
    one = out.client.container(container_id).id if container_id else None
    seen: dict[str, tuple[str, str, str]] = {}
    while True:
        found = [out.client.container(one)] if one else _live_and_newest(out)
        for each in reversed(found):
            now = (str(each.state), str(each.health), each.step)
            # What had ended before is no news.
            if seen.get(each.id, now if not one and each.state in CONTAINER_ENDED else None) != now:
                out.record(
                    each,
                    f"{each.id}  {state(each.state)}  {_health(each)}  {one_line(each.reason or each.step)}".rstrip(),
                )
            seen[each.id] = now
        if one and found[0].state in CONTAINER_ENDED:
            return
        pause(LOOK_EVERY_S)


def _live_and_newest(out: Out) -> list[Container]:
    newest = out.client.containers(limit=NEWEST)
    known = {each.id for each in newest}
    return [
        *newest,
        *(each for each in out.client.containers(sorted(CONTAINER_LIVE)) if each.id not in known),
    ]


@container.command()
@container_argument
@yes_option
@output_options
def terminate(container_id: str, yes: bool) -> None:
    """End a container with everything in it; its workspace stays as it is.

    Or end a sandbox that is kept ready; another is made only once a further task has begun at its provider.
    """
    out = Out()
    found = out.client.container_or_spare(container_id)
    if isinstance(found, Spare):
        confirmed(f"End {found.id}, a spare sandbox at {found.backend}?", yes)
        out.answer(
            out.client.terminate_spare(found.id),
            f"{found.id} is being ended; none is made in its place until a task begins at {found.backend}",
        )
        return
    confirmed(f"End {found.id}, which works on task {found.task_id}?", yes)
    out.answer(out.client.terminate_container(found.id), f"{found.id} is being ended")


@container.command()
@container_argument
@output_options
def hosts(container_id: str) -> None:
    """List whom a container called and whom it was denied."""
    out = Out()
    found = out.client.container(container_id)
    seen = out.client.hosts_of(found.id)
    rows = [
        [
            one_line(each.host, 120),
            str(each.called or ""),
            styled(str(each.denied), fg="red") if each.denied else "",
            age(each.last_at),
        ]
        for each in seen
    ]
    denied = [each.host for each in seen if each.denied and not each.called]
    out.answer(
        seen,
        lambda: table(("HOST", "CALLED", "DENIED", "AGO"), rows, 0) if rows else "it has called nobody yet",
        next_actions=[f"parhelia container allow {found.id} {denied[0]}"] if denied else [],
    )


@container.command()
@container_argument
@click.argument("hosts", metavar="HOST...", nargs=-1, required=True)
@output_options
def allow(container_id: str, hosts: tuple[str, ...]) -> None:
    """Let a running container of the network allowlist reach HOST too: example.org, or *.example.org."""
    out = Out()
    found = out.client.container(container_id)
    out.client.allow_hosts(found.id, hosts)
    out.answer(
        {"container_id": found.id, "hosts": list(hosts)},
        f"{found.id} may reach {', '.join(hosts)} now; network.allow in the configuration is for every container",
        next_actions=[f"parhelia container hosts {found.id}"],
    )
