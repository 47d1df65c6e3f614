"""What missed heartbeats say of a container."""

from __future__ import annotations

from parhelia_tui.core.control import ending
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.states import ContainerState, Health
from parhelia_tui.core.settings.config import HealthConfig
from parhelia_tui.core.store import containers, events, tasks
from parhelia_tui.core.store.connection import writing

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


def judge(context: Context, container_id: str) -> None:
    """Store the health of a running container whose silence has lasted too long.

    Call it after its spool was read: what nobody has read yet is no silence.
    """
    now = context.clock()
    container = containers.find(context.db, container_id)
    if container is None or container.state is not ContainerState.RUNNING:
        return
    heard = container.last_heartbeat_at or container.started_at
    if heard is None:
        return
    health = health_of(now - heard, context.config.health)
    if health in (container.health, Health.HEALTHY):
        return
    with writing(context.db) as tx:
        why = f"no heartbeat for {now - heard:.0f} s"
        task = tasks.find(tx, container.task_id)
        if health is Health.DEAD and task is not None and ending.has_way_back(tx, task):
            # Work without a sign of life is not waited for where it can go on elsewhere.
            containers.update(tx, container, health=health, wanted="recover", reason=why)
        else:
            containers.update(tx, container, health=health)
        events.append(
            tx,
            f"container.{health}",
            why,
            level=_LEVEL[health],
            task_id=container.task_id,
            container_id=container.id,
            at=now,
        )
