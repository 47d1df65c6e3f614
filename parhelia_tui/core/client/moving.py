"""A task that goes on otherwise than it began: somewhere else, with another system, within other limits."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, cast

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.otherwise import Otherwise
from parhelia_tui.core.model.records import Limits, Task
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.store.changes import Value

_UNITS = {"cpus": "processors", "memory_mb": "MB of memory", "pids": "processes", "lifetime_s": "s of life"}
_LIMITS = (*_UNITS, "gpu", "region")


def otherwise(given: Mapping[str, Any], profile: str | None = None) -> Otherwise:
    """Make what is asked for out of fields of an `OtherwiseRequest`, of which None is not given.

    Args:
        profile: one of the configuration; what it says of the system and its limits lies under the fields.

    Raises:
        ParheliaError: E100 with each fault, E101 for a profile that there is not, E700.
    """
    # Late: who goes on with nothing different needs neither.
    from pydantic import ValidationError

    from parhelia_tui.core.client.requests import refused
    from parhelia_tui.core.model.request import OtherwiseRequest

    fields = {name: value for name, value in given.items() if value is not None}
    if profile is not None:
        fields = _with_profile(profile, fields)
    try:
        asked = OtherwiseRequest.model_validate(fields)
    except ValidationError as error:
        raise refused(error) from None
    limits = Limits(**asked.limits.model_dump())
    return Otherwise(asked.backend, asked.persistent, asked.image, asked.own_system, limits)


def _with_profile(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    from parhelia_tui.core.settings.config_files import load

    loaded = load(flags={"profile": name})
    defaults = loaded.config.defaults

    def says(key: str) -> bool:
        return "(profile " in loaded.sources[f"defaults.{key}"]

    under = {key: getattr(defaults, key) for key in ("persistent", "image") if says(key)}
    if fields.get("own_system"):
        under.pop("image", None)
    limits = {key: value for key, value in defaults.limits.model_dump().items() if says(f"limits.{key}")}
    over = {key: value for key, value in fields.get("limits", {}).items() if value is not None}
    return {**under, **fields, "limits": {**limits, **over}}


def moved(task: Task, asked: Otherwise, paths: Paths) -> dict[str, Value]:
    """Say which columns of a task change when it goes on otherwise; none where nothing does.

    What is elsewhere works on a copy, so a directory of this machine becomes one. What only the other place can
    give is not asked for any more.

    Raises:
        ParheliaError: E603 for a backend that there is not, or that could never give what the task shows or is
            asked for; E101 for what excludes each other, E208 for an image that there is not.
    """
    changes = _elsewhere(task, asked.backend)
    backend = str(changes.get("backend", task.backend))
    if asked.image is not None:
        from parhelia_tui.core.client.images import usable_image

        changes["image"] = usable_image(asked.image, paths, backend=backend, unsandboxed=task.unsandboxed)
    elif asked.own_system:
        changes["image"] = ""
    if asked.persistent is not None:
        if asked.persistent and task.unsandboxed:
            raise ParheliaError(
                "E101", f"task {task.id} runs without isolation, so there is no system of its own to keep"
            )
        if asked.persistent and backend != "local":
            raise ParheliaError("E603", f"{backend} keeps no system for the next container")
        changes["persistent"] = int(asked.persistent)
    limits = asked.limits
    if backend == "local" and (limits.gpu or limits.region):
        raise ParheliaError(
            "E603",
            "a GPU and a region are a provider's to give",
            recovery=(f"parhelia resume {task.id} --backend modal --gpu KIND",),
        )
    changes.update({name: getattr(limits, name) for name in _LIMITS if getattr(limits, name) is not None})
    if backend != "local":
        from parhelia_tui.core.client.placement import refuse_impossible

        refuse_impossible(paths, _after(task, changes))
    return {name: value for name, value in changes.items() if value != _before(task, name)}


def _after(task: Task, changes: Mapping[str, Value]) -> Task:
    """A task with changed columns, which is not stored yet."""
    within = {name: value for name, value in changes.items() if name in _LIMITS}
    own = {name: value for name, value in changes.items() if name not in _LIMITS}
    flags = {name: bool(own[name]) for name in ("persistent", "unsandboxed") if name in own}
    # The columns are typed as what a database takes; which goes where is known by their names.
    limits: Any = dataclasses.replace(task.limits, **cast("dict[str, Any]", within))
    return dataclasses.replace(task, **cast("dict[str, Any]", own | flags), limits=limits)


def told(task: Task, changes: Mapping[str, Value]) -> list[str]:
    """Say in words what changes."""
    said = []
    if "backend" in changes:
        said.append(f"at {changes['backend']} instead of {task.backend}")
        if "gpu" in changes and task.limits.gpu:
            said.append(f"without its {task.limits.gpu}")
    if changes.get("workspace_mode") == "clone":
        said.append("on a copy of its directory")
    if "image" in changes:
        said.append(f"{_system(str(changes['image']))} instead of {_system(task.image)}")
    if "persistent" in changes:
        said.append(
            "its system kept from now on" if changes["persistent"] else "its system not kept any more"
        )
    for name, unit in _UNITS.items():
        if name in changes:
            before = getattr(task.limits, name)
            than = "no limit" if before is None else f"{before:g}"
            said.append(f"at most {changes[name]:g} {unit} instead of {than}")
    said.extend(f"{name} {changes[name]}" for name in ("gpu", "region") if changes.get(name))
    return said


def _system(image: str) -> str:
    return f"the system of image {image}" if image else "the plain system"


def _before(task: Task, name: str) -> Value:
    if name in _LIMITS:
        value: Value = getattr(task.limits, name)
        return value
    before: Value = getattr(task, name)
    return int(before) if isinstance(before, bool) else before


def _elsewhere(task: Task, backend: str | None) -> dict[str, Value]:
    """What changes with the backend alone."""
    from parhelia_tui.core.backends.registry import BACKENDS
    from parhelia_tui.core.client.mounting import refuse_elsewhere

    if backend is None or backend == task.backend:
        return {}
    if backend not in BACKENDS:
        raise ParheliaError(
            "E603",
            f"there is no backend {one_line(backend, 40)!r}; there is {', '.join(sorted(BACKENDS))}",
            details={"known": sorted(BACKENDS)},
        )
    changes: dict[str, Value] = {"backend": backend}
    if backend == "local":
        return {**changes, "gpu": None, "region": None}
    refuse_elsewhere(backend, task.mounts)
    if task.workspace_mode == "shared":
        changes["workspace_mode"] = "clone"
    return {**changes, "persistent": 0, "unsandboxed": 0, "image": ""}
