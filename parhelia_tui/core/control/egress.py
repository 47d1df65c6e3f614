"""What a container may reach: its plan, and the key for its egress process."""

from __future__ import annotations

import os

from parhelia_tui.core.agents.registry import network_of
from parhelia_tui.core.backends.plan import EgressPlan
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.store import tasks

METERED = ("api", "allowlist")
"""The networks in which the API is reached by a metered way alone."""


def is_metered(network: str, agent: str) -> bool:
    """Say whether a container reaches the API by us: by its network, or because its agent needs that."""
    return network in METERED or (network == "open" and network_of(agent) in METERED)


def take_key(context: Context) -> None:
    """Take the key out of this process's environment, so that no child of ours gets it."""
    found = os.environ.pop(context.config.api.key_env, "")
    if found:
        context.api_key.value = found


def plan(context: Context, task: Task, container: Container) -> EgressPlan | None:
    """Say by what a container reaches the API; None where it does not."""
    if not is_metered(container.network, task.agent):
        return None
    config = context.config
    return EgressPlan(
        task=task.id,
        plan=task.batch,
        group=task.parent_id,
        url=config.api.url,
        key_env=config.api.key_env,
        key_file=config.api.key_file,
        key_command=config.api.key_command,
        prices=config.api.prices,
        allow=config.network.allow,
        allow_private=config.network.allow_private,
    )


def lacks_key(context: Context, container: Container) -> bool:
    """Say whether a container does not know the key, or that there is none."""
    key = context.api_key
    if container.network == "none" or key.given.get(container.id) == key.value:
        return False
    task = tasks.find(context.db, container.task_id)
    return task is not None and is_metered(container.network, task.agent)


async def give_key(context: Context, container: Container) -> None:
    """Hand the key to the supervisor of a container, if there is one to hand over."""
    value = context.api_key.value
    if lacks_key(context, container) and await context.backend_of(container).give_key(container.id, value):
        context.api_key.given[container.id] = value
