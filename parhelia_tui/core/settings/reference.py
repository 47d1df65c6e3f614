"""The configuration as a file that says each key with its meaning and its default."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pydantic import BaseModel

from parhelia_tui.core.settings.config import Config
from parhelia_tui.core.settings.config_layers import KeyPath, section_of
from parhelia_tui.core.settings.project_rules import may_set

_PROJECT = {"yes": " A project may set it.", "narrower": " A project may narrow it.", "no": ""}


def example() -> str:
    """Write a whole configuration file in which every key has its default.

    Returns:
        TOML; a key without a default stands in a comment.
    """
    return "\n".join(_table(Config, ())).strip() + "\n"


def beginning() -> str:
    """Write a configuration file to begin with: every key with its meaning, and none of them set.

    Values that are set would stay as they are when a later version has better ones.
    """
    lines = example().splitlines()
    return "\n".join(line if not line or line[0] in "#[" else f"# {line}" for line in lines) + "\n"


def described() -> dict[str, str]:
    """Give each key with what it means; the keys of a table of any names are told of by the table."""
    found = {}
    waiting: list[tuple[type[BaseModel], KeyPath]] = [(Config, ())]
    while waiting:
        model, path = waiting.pop()
        for name, field in model.model_fields.items():
            inner = section_of(model, name)
            if inner is not None:
                waiting.append((inner, (*path, name)))
            else:
                found[".".join((*path, name))] = field.description or ""
    return found


def _table(model: type[BaseModel], path: KeyPath) -> Iterator[str]:
    tables = []
    for name, field in model.model_fields.items():
        inner = section_of(model, name)
        if inner is not None:
            tables.append((inner, (*path, name)))
            continue
        yield f"# {field.description}{_PROJECT[may_set((*path, name))]}"
        default = field.get_default(call_default_factory=True)
        yield f"# {name} =" if default is None else f"{name} = {_value(default)}"
        yield ""
    for inner, below in tables:
        about = (inner.__doc__ or "").strip().split("\n")[0]
        yield f"# {about}"
        yield f"[{'.'.join(below)}]"
        yield from _table(inner, below)


def _value(value: object) -> str:
    # JSON writes texts, numbers, truth and lists of them as TOML does; the one table among the defaults
    # is empty.
    return json.dumps(list(value) if isinstance(value, tuple) else value)
