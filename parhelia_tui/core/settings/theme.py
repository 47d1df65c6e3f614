"""The one key that is needed before the first frame: `dashboard.theme`.

Reading all of the configuration imports pydantic, which costs 50 ms. This reads the one key with tomllib, and
only out of files that are there. Whatever is not plainly right is left to the whole reading, which says what is
wrong with it and where. A project may not set this key, so no project's file is looked at.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BUILT_IN = "dark"
THEMES = ("dark", "dusk", "light", "paper", "contrast", "plain")
VARIABLE = "PARHELIA_DASHBOARD__THEME"
SYSTEM_FILE = Path("/etc/parhelia/config.toml")


class _AskTheWhole(Exception):
    """This is not for a quick look."""


def theme(environ: Mapping[str, str] | None = None, system_file: Path = SYSTEM_FILE) -> str:
    """Give the theme, one of `THEMES`.

    Args:
        environ: the environment, the process's own if not given.
        system_file: the file of the machine.

    Raises:
        ParheliaError: E700 for a theme that is none, or a file that cannot be read.
    """
    environment = os.environ if environ is None else environ
    try:
        return _quick(environment, system_file)
    except _AskTheWhole:
        from parhelia_tui.core.settings.config_files import load

        return load(environ=environment, system_file=system_file).config.dashboard.theme


def _quick(environ: Mapping[str, str], system_file: Path) -> str:
    home, base = Path(environ.get("HOME", "")), Path(environ.get("XDG_CONFIG_HOME", ""))
    if not base.is_absolute():
        base = (home if home.is_absolute() else Path.home()) / ".config"
    files = [_table(path) for path in (system_file, base / "parhelia" / "config.toml")]
    found: Any = BUILT_IN
    for file in files:
        found = _in(file, found)
    profile = environ.get("PARHELIA_PROFILE")
    if profile:
        # A profile may build on another and be one of the project's, whose rules are not for here.
        raise _AskTheWhole
    found = environ.get(VARIABLE) or found
    if found not in THEMES:
        raise _AskTheWhole
    return str(found)


def _table(path: Path) -> dict[str, Any]:
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


def _in(file: Mapping[str, Any], below: Any) -> Any:
    section = file.get("dashboard", {})
    if not isinstance(section, dict):
        raise _AskTheWhole
    return section.get("theme", below)
