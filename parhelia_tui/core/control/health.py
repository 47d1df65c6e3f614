"""What missed heartbeats say of a container."""

from __future__ import annotations

from collections.abc import Collection

from parhelia_tui.core.control import ending
from parhelia_tui.core.control.context import Context, Silence
from parhelia_tui.core.model.records import Container
from parhelia_tui.core.model.states import ContainerState, Health
from parhelia_tui.core.settings.config import HealthConfig
from parhelia_tui.core.settings.disk import is_full
from parhelia_tui.core.store import containers, events, tasks
from parhelia_tui.core.store.connection import writing

RETURN_S = 10.0
"""Seconds after its backend answers again in which a container is not judged: its heartbeats are on their way here."""

_LEVEL = {Health.HEALTHY: "info", Health.DEGRADED: "warning", Health.UNHEALTHY: "error", Health.DEAD: "error"}


def health_of(silence_s: float, config: HealthConfig) -> Health:
    """Judge a silence.

    Args:
        silence_s: seconds since the last heartbeat.
        config: the beat's interval, and how many missed beats make which state.
    """
    missed = int(silence_s / config.heartbeat_s)
    if missed >= config.dead:
        return Health.DEAD
    if missed >= config.unhealthy:
        return Health.UNHEALTHY
    return Health.DEGRADED if missed >= config.degraded else Health.HEALTHY


def judge(context: Context, container_id: str, *, reached: bool) -> None:
    """Store the health of a running container whose silence has lasted too long.

    Call it after its spool was read: what nobody has read yet is no silence. Nor is the way home of what one made that
    has ended. Dead is only whose silence was seen: while its backend does not answer, or nobody looks, nothing is known
    of a container, and nothing of it is ended.

    Args:
        reached: its backend could be asked for it just now.
    """
    now = context.clock()
    container = containers.find(context.db, container_id)
    if container is None or container.state is not ContainerState.RUNNING:
        context.silences.pop(container_id, None)
        return
    if container.step:
        return
    heard = container.last_heartbeat_at or container.started_at
    if heard is None:
        return
    if is_full(context.paths.home):
        # Neither its supervisor nor we can write down that it lives.
        context.deaf.until = now
    if context.deaf.until <= now:
        heard = max(heard, context.deaf.until)
    config = context.config.health
    seen = context.silences.setdefault(container_id, Silence(seen_at=heard))
    if reached:
        _count(seen, now, heard, config.heartbeat_s)
    health = health_of(now - heard, config)
    proven = health_of(seen.counted_s, config) is Health.DEAD
    if health is Health.DEAD and not proven and container.health is not Health.DEAD:
        health = Health.UNHEALTHY
    if health is Health.HEALTHY or 0 <= now - seen.back_at < RETURN_S:
        return
    with_way_back = proven and container.wanted == "run" and _has_way_back(context, container)
    if health is container.health and not with_way_back:
        return
    why = f"no heartbeat for {now - heard:.0f} s"
    with writing(context.db) as tx:
        if with_way_back:
            # Work without a sign of life is not waited for where it can go on elsewhere.
            containers.update(tx, container, health=health, wanted="recover", reason=why)
        else:
            containers.update(tx, container, health=health)
        if health is container.health:
            return
        events.append(
            tx,
            f"container.{health}",
            why if reached else f"{why}, and {container.backend} does not tell of it",
            level=_LEVEL[health],
            task_id=container.task_id,
            container_id=container.id,
            at=now,
        )


def note_look(context: Context, container_id: str, *, answered: bool, late: bool) -> None:
    """Keep in mind whether the backend of a container answers, and when it does so again.

    Args:
        answered: a look had its answer.
        late: it had to wait for that.
    """
    seen = context.silences.get(container_id)
    if seen is None:
        return
    # Where each answer is late, nothing came back with this one.
    if answered and (seen.unanswered or (late and not seen.late)):
        seen.back_at = context.clock()
    seen.unanswered, seen.late = not answered, late


def is_stale(context: Context, container: Container) -> bool:
    """Say whether a container has been silent for longer than `health.stale_s` though it would have been heard."""
    seen = context.silences.get(container.id)
    return seen is not None and seen.counted_s > context.config.health.stale_s


def forget_ended(context: Context, live: Collection[Container]) -> None:
    """Keep nothing in mind of containers that have ended."""
    for container_id in context.silences.keys() - {each.id for each in live}:
        del context.silences[container_id]
    for container_id in context.interrupted.keys() - {each.id for each in live}:
        del context.interrupted[container_id]


def _count(seen: Silence, now: float, heard: float, heartbeat_s: float) -> None:
    """Count one look: for one heartbeat at most, since one that hung, or the first for hours, saw no more missing."""
    counted_s = seen.counted_s + min(now - seen.seen_at, heartbeat_s)
    seen.counted_s = max(0.0, min(counted_s, now - heard))
    seen.seen_at = now


def _has_way_back(context: Context, container: Container) -> bool:
    task = tasks.find(context.db, container.task_id)
    return task is not None and ending.has_way_back(context.db, task)
