"""One layer of the configuration, how it is checked alone, and how layers lie over each other."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.config import Config
from parhelia_tui.core.settings.toml_files import placed_error

KeyPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """What one file, the environment or the flags set.

    Args:
        name: what it is called in a message where no place is known.
        data: tables and values, of set keys only.
        places: where each key was set, as it is shown: "FILE:LINE", the name of a variable, a flag.
        code: the error of this layer's mistakes.
    """

    name: str
    data: dict[str, Any]
    places: dict[KeyPath, str] = field(default_factory=dict)
    code: str = "E700"

    def place(self, path: KeyPath) -> str:
        """Say where a key was set, or the nearest table around it, or else the first key in it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        inside = [key for key in self.places if key[: len(path)] == path]
        return self.places[min(inside)] if inside else self.name

    def error(self, path: KeyPath, sentence: str) -> ParheliaError:
        """Make the error about a key of this layer."""
        return placed_error(self.place(path), sentence, shown(path), self.code)

    def part(self, path: KeyPath) -> Layer:
        """Give the table at `path` as a layer of its own, places included."""
        data: Any = self.data
        for name in path:
            data = data[name]
        below = {key[len(path) :]: place for key, place in self.places.items() if key[: len(path)] == path}
        return Layer(below.pop((), self.name), data, below, self.code)


def shown(path: KeyPath) -> str:
    """Write a key with dots; a name from a file may hold anything, so it is made safe."""
    return one_line(".".join(path), 200)


def leaves(data: Mapping[str, Any], above: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Give each key that has a value, with the value; tables are gone into."""
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from leaves(value, (*above, name))
        else:
            yield (*above, name), value


def value_at(data: Mapping[str, Any], path: KeyPath) -> Any:
    """Give the value of a key, None where it is not set."""
    found: Any = data
    for name in path:
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found


def nested(path: KeyPath, value: Any) -> dict[str, Any]:
    """Make the tables around one value."""
    for name in reversed(path):
        value = {name: value}
    return dict(value)


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one layer over another: tables merge by key, everything else, lists too, replaces."""
    whole = dict(below)
    for name, value in above.items():
        under = whole.get(name)
        whole[name] = (
            merged(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
        )
    return whole


def check(layer: Layer) -> None:
    """Refuse a layer with an unknown key or a value of the wrong form.

    Raises:
        ParheliaError: about the first such key, with its place.
    """
    try:
        Config.model_validate(layer.data)
    except ValidationError as refused:
        first = min(refused.errors(), key=lambda error: _order(layer.place(_path(error))))
        path = _path(first)
        raise layer.error(path, _sentence(path, first)) from None


def _path(error: Any) -> KeyPath:
    # pydantic says of a key of a table of any names that it is meant, and not its value.
    return tuple(str(part) for part in error["loc"] if part != "[key]")


def _order(place: str) -> tuple[str, int]:
    file, _, line = place.rpartition(":")
    return (file, int(line)) if line.isdigit() else (place, 0)


def _sentence(path: KeyPath, error: Any) -> str:
    """Say in our words what pydantic found."""
    if error["type"] == "extra_forbidden":
        return unknown(path)
    if error["type"] == "model_type":
        return f"{shown(path)} is a table, not a value"
    said = str(error["msg"]).removeprefix("Value error, ")
    said = said.replace("Input should be", "it should be", 1).replace("Input should", "it should", 1)
    return f"{shown(path)}: {one_line(said, 300)}"


def unknown(path: KeyPath) -> str:
    """Say that a key is not known, and which one may have been meant."""
    *above, name = path
    where = f" in [{shown(tuple(above))}]" if above else ""
    known = [each for each in names_in(tuple(above)) if each != name]
    near = difflib.get_close_matches(name[:64], known, n=1)
    return f"unknown key {shown((name,))!r}{where}" + (f"; did you mean {near[0]!r}?" if near else "")


def names_in(path: KeyPath) -> list[str]:
    """Name the keys that a table may hold; nothing where it is none or holds any name."""
    model: type[BaseModel] = Config
    for name in path:
        inner = section_of(model, name)
        if inner is None:
            return []
        model = inner
    return [*model.model_fields, *(["profiles"] if model is Config else [])]


def section_of(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    """Give the model of a table in a table, None where the key is no table of fixed keys."""
    known = model.model_fields.get(name)
    if known is None or get_origin(known.annotation) is dict:
        # A table of any names.
        return None
    for kind in (known.annotation, *get_args(known.annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None
