"""egress.json of a run directory: what one container may reach, written by the backend."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

NAME = "egress.json"
LOCK = "egress.lock"
"""Held by the living process; who can take it knows that it is dead."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an egress process is to do.

    Args:
        container, task, plan, group: who spends, and for whom.
        book: path of meter.db.
        virtual_key: what the container shows instead of a key; worth nothing anywhere else.
        url: where the API is, without a path behind it.
        key_env, key_file, key_command: where the real key is; the first that is set counts. The value of a
            variable is handed over by the supervisor and stands nowhere.
        prices: a file of prices over ours.
        ca_file: authorities whose certificates count beside this machine's.
        allow: hosts that the proxy lets through, `example.org` or `*.example.org`.
        allow_private: networks that it lets through though they are this machine's or its neighbours'.
        holds: a request beyond the ceiling waits while the supervisor holds the container still, and goes on
            when the ceiling is raised; else it is refused at once.
        fetches: requests may let the provider fetch from any host, as the container itself may.
        elsewhere: this is not the machine of the controller. The book is of this container alone and holds what it
            was granted, the key is always handed over, and hosts are allowed by orders.
    """

    container: str
    task: str
    book: str
    virtual_key: str
    plan: str | None = None
    group: str | None = None
    url: str = "https://api.anthropic.com"
    key_env: str = "ANTHROPIC_API_KEY"
    key_file: str = ""
    key_command: tuple[str, ...] = ()
    prices: str = ""
    ca_file: str = ""
    allow: tuple[str, ...] = ()
    allow_private: tuple[str, ...] = ()
    holds: bool = True
    fetches: bool = True
    elsewhere: bool = False

    def as_text(self) -> str:
        """Give the form of egress.json."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Settings:
        """Read the form of egress.json.

        Raises:
            ValueError: it has another form.
        """
        try:
            lists = {
                name: tuple(str(each) for each in fields[name])
                for name in ("key_command", "allow", "allow_private")
                if name in fields
            }
            return cls(**{**fields, **lists})
        except TypeError as error:
            raise ValueError(f"not the settings of an egress process: {error}") from error


def load(directory: Path) -> Settings:
    """Read the settings of a run directory.

    Raises:
        OSError, ValueError: there are none that can be read.
    """
    return Settings.from_json(json.loads((directory / NAME).read_text(encoding="utf-8")))


def write(directory: Path, settings: Settings) -> None:
    """Write the settings of a run directory, whole or not at all. Raises OSError."""
    new = directory / f".{NAME}"
    new.write_text(settings.as_text(), encoding="utf-8")
    new.chmod(0o600)
    new.replace(directory / NAME)
