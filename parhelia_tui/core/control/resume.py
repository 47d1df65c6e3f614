"""Getting a container ready in which the work of an earlier attempt goes on."""

from __future__ import annotations

from parhelia_tui.core.agents.registry import talk_of
from parhelia_tui.core.control import rollback
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.control.telling import tell
from parhelia_tui.core.model.records import Container, Task
from parhelia_tui.core.settings.paths import private_directory


async def prepare(context: Context, task: Task, container: Container) -> None:
    """Bring workspace and talk to the checkpoint that a task goes on from; safe to repeat.

    Raises:
        ParheliaError: E202, E600 when the checkpoint cannot be used.
    """
    assert task.resume_from is not None
    checkpoint = rollback.ready(context, task.resume_from)
    if task.resume_workspace == "restore":
        others = rollback.others_at_work(context, task, container)
        if others:
            _tell_left_alone(context, container, others)
        else:
            # The container does not run yet, so there is nothing to hold still and no talk to keep.
            await rollback.roll(context, task, None, checkpoint, f"cp-{container.id.partition('-')[2]}")
    talk = talk_of(task.agent)
    if checkpoint.conversation and talk:
        home = private_directory(private_directory(context.paths.container(container.id)) / "home")
        if not (home / talk).exists():
            await context.workers.work(
                {
                    "op": "restore",
                    "root": str(context.paths.checkpoints),
                    "tree": checkpoint.conversation,
                    "target": str(home / talk),
                },
                lambda stage, done, total: None,
            )
    tell(
        context,
        container,
        "task.resumed",
        f"attempt {container.attempt} goes on from {checkpoint.id}",
        data={"checkpoint_id": checkpoint.id, "workspace": task.resume_workspace},
    )


def has_talk(context: Context, task: Task, container: Container) -> bool:
    """Say whether the talk of an earlier attempt lies in a container's home."""
    talk = talk_of(task.agent)
    return bool(
        task.resume_from and talk and (context.paths.container(container.id) / "home" / talk).is_dir()
    )


def _tell_left_alone(context: Context, container: Container, others: list[str]) -> None:
    tell(
        context,
        container,
        "workspace.left_alone",
        f"the workspace stays as it is, because {', '.join(others)} work on it too",
        level="warning",
    )
