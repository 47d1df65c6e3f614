"""What is needed of the configuration before the first frame: the tables `[dashboard]` and `[keys]`.

Reading all of the configuration imports pydantic, which costs 50 ms. This reads two tables with tomllib, and
only out of files that are there. Whatever is not plainly right is left to the whole reading, which says what is
wrong with it and where. A project may not set these keys, so no project's file is looked at.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from parhelia_tui.core.settings.key_names import conflict, fault_of, screen_faults
from parhelia_tui.core.settings.user_files import SYSTEM_DIRECTORY, user_directory

THEMES = ("dark", "dusk", "light", "paper", "contrast", "plain")
TASK_COLUMNS = (
    "state", "task", "agent", "where", "cost", "age", "id", "doing", "turns", "tokens", "priority", "workspace",
    "network", "batch", "attempt", "owner", "began", "took",
)  # fmt: skip
"""Every column that the table of tasks can have, by its name in the configuration."""
CONTAINER_COLUMNS = (
    "health",
    "task",
    "container",
    "net",
    "cpu",
    "memory",
    "age",
    "where",
    "limits",
    "pids",
    "beat",
    "workspace",
    "owner",
    "pulse",
)  # fmt: skip
_PREFIX = "PARHELIA_DASHBOARD__"
VARIABLE = f"{_PREFIX}THEME"
SYSTEM_FILE = SYSTEM_DIRECTORY / "config.toml"


@dataclass(frozen=True, slots=True)
class Dashboard:
    """How the dashboard looks and behaves.

    Args:
        theme: one of `THEMES`.
        read_only: it changes nothing.
        reduced_motion: nothing blinks and nothing glides.
        keys: actions of the home screen with the keys that the user wants for them.
        screen_keys: the same by the names of other screens.
        columns, container_columns: names out of `TASK_COLUMNS` and `CONTAINER_COLUMNS`, in the order wanted.
    """

    theme: str = "dark"
    read_only: bool = False
    reduced_motion: bool = False
    columns: tuple[str, ...] = TASK_COLUMNS[:6]
    container_columns: tuple[str, ...] = CONTAINER_COLUMNS[:7]
    keys: Mapping[str, str] = field(default_factory=dict)
    screen_keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class _AskTheWhole(Exception):
    """This is not for a quick look."""


def dashboard(environ: Mapping[str, str] | None = None, system_file: Path = SYSTEM_FILE) -> Dashboard:
    """Give what is configured of the dashboard.

    Args:
        environ: the environment, the process's own if not given.
        system_file: the file of the machine.

    Raises:
        ParheliaError: E700 for a value that is none, or a file that cannot be read.
    """
    environment = os.environ if environ is None else environ
    try:
        return _quick(environment, system_file)
    except _AskTheWhole:
        from parhelia_tui.core.settings.config_files import load

        config = load(environ=environment, system_file=system_file).config
        return _made(
            {**config.dashboard.model_dump(), "keys": config.keys, "screen_keys": config.screen_keys}
        )


def column_fault(names: tuple[str, ...], known: tuple[str, ...]) -> str:
    """Say what is wrong with a choice of columns; empty where nothing is."""
    for name in names:
        if name not in known:
            return f"{name[:40]!r} is no column; there are {', '.join(known)}"
    if len(set(names)) < len(names):
        return "a column stands there twice"
    return "" if names else "one column at least is needed"


def _quick(environ: Mapping[str, str], system_file: Path) -> Dashboard:
    found: dict[str, Any] = {}
    keys: dict[str, Any] = {}
    screens: dict[str, dict[str, Any]] = {}
    for path in (system_file, user_directory(environ) / "config.toml"):
        file = _read(path)
        found |= _table(file, "dashboard")
        keys |= _table(file, "keys")
        of_screens = _table(file, "screen_keys")
        for name in of_screens:
            screens[name] = screens.get(name, {}) | _table(of_screens, name)
    if environ.get("PARHELIA_PROFILE"):
        # A profile may build on another and be one of the project's, whose rules are not for here.
        raise _AskTheWhole
    for name, value in environ.items():
        if name == VARIABLE and value:
            found["theme"] = value
        elif name.startswith((_PREFIX, "PARHELIA_KEYS__", "PARHELIA_SCREEN_KEYS__")) and value:
            raise _AskTheWhole
    faulty = any(fault_of(name, text) for name, text in keys.items()) or conflict(keys)
    if {"keys", "screen_keys"} & found.keys() or faulty or any(screen_faults(screens)):
        raise _AskTheWhole
    return _checked(_made({**found, "keys": keys, "screen_keys": screens}))


def _made(found: Mapping[str, Any]) -> Dashboard:
    known = {each.name for each in fields(Dashboard)}
    if not found.keys() <= known:
        raise _AskTheWhole
    given: dict[str, Any] = {
        name: tuple(each) if isinstance(each, list) else each for name, each in found.items()
    }
    return Dashboard(**given)


def _checked(made: Dashboard) -> Dashboard:
    """Let only through what is plainly right."""
    lists = ((made.columns, TASK_COLUMNS), (made.container_columns, CONTAINER_COLUMNS))
    switches = all(each is True or each is False for each in (made.read_only, made.reduced_motion))
    right = switches and made.theme in THEMES and all(_fits(names, known) for names, known in lists)
    if not right:
        raise _AskTheWhole
    return made


def _fits(names: Any, known: tuple[str, ...]) -> bool:
    texts = isinstance(names, tuple) and all(isinstance(name, str) for name in names)
    return texts and not column_fault(names, known)


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError:
        raise _AskTheWhole from None
    import tomllib

    try:
        return tomllib.loads(text.decode())
    except (ValueError, RecursionError):
        raise _AskTheWhole from None


def _table(file: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = file.get(name, {})
    if not isinstance(section, dict):
        raise _AskTheWhole
    return section
