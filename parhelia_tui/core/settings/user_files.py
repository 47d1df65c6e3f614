"""Where the files of the machine and of the user lie."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

SYSTEM_DIRECTORY = Path("/etc/parhelia")


def user_directory(environ: Mapping[str, str]) -> Path:
    """Give the directory of the user's files: in $XDG_CONFIG_HOME if that is absolute, else in ~/.config."""
    base = Path(environ.get("XDG_CONFIG_HOME", ""))
    return (base if base.is_absolute() else home_of(environ) / ".config") / "parhelia"


def home_of(environ: Mapping[str, str]) -> Path:
    """Give the user's home: $HOME if that is absolute, else what the system knows."""
    home = Path(environ.get("HOME", ""))
    return home if home.is_absolute() else Path.home()
