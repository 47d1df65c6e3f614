"""Reading what is configured, and writing one line of it, in threads."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parhelia_tui.core.client import Client
from parhelia_tui.core.settings.paths import Paths


@dataclass(frozen=True, slots=True)
class Setting:
    """A key with its value and its meaning."""

    key: str
    value: Any
    source: str
    about: str


def plain(value: Any) -> str:
    """Give a value as it is written in a file."""
    if isinstance(value, str):
        return value or '""'
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False, default=str)


def every(paths: Paths) -> list[Setting]:
    """Read every key of the configuration. Raises E700."""
    with closing(Client(paths)) as door:
        about = door.meanings()
        return [
            Setting(key, each["value"], each["source"], _meaning(about, key))
            for key, each in door.configuration().items()
        ]


def typed(paths: Paths, key: str, text: str) -> Any:
    """Understand a value that was typed for a key. Raises E100."""
    with closing(Client(paths)) as door:
        return door.typed_setting(key, text)


def user_file(paths: Paths) -> Path:
    """Name the user's own file."""
    with closing(Client(paths)) as door:
        return door.possible_configuration_files()[1]


def written(paths: Paths, key: str, text: str) -> Path:
    """Set a key in the user's own file; give the file. Raises E100, E401, E500, E700."""
    with closing(Client(paths)) as door:
        return door.write_setting(key, text)


def _meaning(about: dict[str, str], key: str) -> str:
    """What a key means; one of a table of any names is told of by its table."""
    while key and key not in about:
        key = key.rpartition(".")[0]
    return about.get(key, "")
