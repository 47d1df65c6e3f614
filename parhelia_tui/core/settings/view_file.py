"""What the dashboard remembers of how it was left: a small file of the state directory, never the user's own."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

NAME = "dashboard.json"
SIZE_LIMIT = 65_536


@dataclass(frozen=True, slots=True)
class View:
    """How the home screen and the form for a task were left. Empty is what the configuration or the program says.

    Args:
        columns, container_columns: names of columns in their order.
        sort, container_sort: the column to sort by, with a minus before it where the largest comes first.
        left, right: names of panes in their order in each column of the screen.
        hidden: names of panes that are not shown.
        new_agent, new_backend, new_network, new_mode: what the last new task was asked for with.
        new_cpus, new_memory_mb, new_lifetime_s, new_gpu, new_region: its limits, as they were typed.
    """

    columns: tuple[str, ...] = ()
    container_columns: tuple[str, ...] = ()
    sort: str = ""
    container_sort: str = ""
    left: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    new_agent: str = ""
    new_backend: str = ""
    new_network: str = ""
    new_mode: str = ""
    new_cpus: str = ""
    new_memory_mb: str = ""
    new_lifetime_s: str = ""
    new_gpu: str = ""
    new_region: str = ""


def read_view(home: Path) -> View:
    """Read how the dashboard was left; what cannot be read was never written.

    Args:
        home: the state directory.
    """
    try:
        text = (home / NAME).read_bytes()[:SIZE_LIMIT]
        said = json.loads(text)
    except (OSError, ValueError, RecursionError):
        return View()
    return _taken(said) if isinstance(said, dict) else View()


def write_view(home: Path, view: View) -> None:
    """Write how the dashboard is left, whole or not at all. A disk that takes nothing costs the memory alone."""
    draft = home / f".{NAME}.{os.getpid()}"
    with suppress(OSError):
        draft.write_text(json.dumps(asdict(view)), encoding="utf-8")
        draft.replace(home / NAME)


def _taken(said: Mapping[str, Any]) -> View:
    """Take what has the right form; the screens look whether the names mean something."""
    taken: dict[str, Any] = {}
    for name, empty in asdict(View()).items():
        value = said.get(name)
        if isinstance(empty, str) and isinstance(value, str):
            taken[name] = value
        elif not isinstance(empty, str) and isinstance(value, list):
            taken[name] = tuple(each for each in value if isinstance(each, str))
    return View(**taken)
