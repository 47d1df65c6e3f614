"""The layer of `PARHELIA_*` variables, and the layer of flags."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from parhelia_tui.core.settings.config import Config
from parhelia_tui.core.settings.config_layers import KeyPath, Layer, merged, nested

PREFIX = "PARHELIA_"
_WORDS = {"1": True, "yes": True, "on": True, "0": False, "no": False, "off": False}


def environment_layer(environ: Mapping[str, str]) -> Layer:
    """Read `PARHELIA_SECTION__KEY=value`.

    A variable without two underscores in a row sets no key: `PARHELIA_HOME`, `PARHELIA_PROFILE` and what
    the program gives to its own children are such. An empty value sets nothing, but for `defaults.env`.
    """
    layer = Layer("environment", {})
    for variable in sorted(environ):
        path = _path(variable)
        text = environ[variable]
        if not path or (text == "" and path[:2] != ("defaults", "env")):
            continue
        layer.places[path] = variable
        layer.data.update(merged(layer.data, nested(path, typed(path, text))))
    return layer


def flag_layer(flags: Mapping[str, Any]) -> Layer:
    """Make a layer of flags: dotted keys and values; None is not set."""
    layer = Layer("flag", {}, code="E101")
    for key, value in flags.items():
        if value is not None:
            path = tuple(key.split("."))
            layer.places[path] = "flag"
            layer.data.update(merged(layer.data, nested(path, value)))
    return layer


def _path(variable: str) -> KeyPath:
    if not variable.startswith(PREFIX) or "__" not in variable:
        return ()
    parts = variable.removeprefix(PREFIX).split("__")
    path = tuple(part.lower() for part in parts)
    if path[:2] == ("defaults", "env") and len(parts) > 2:
        # A name of a variable keeps its letters, and may hold two underscores itself.
        return (*path[:2], "__".join(parts[2:]))
    return path


def typed(path: KeyPath, text: str) -> Any:
    """Give the text the type that its key wants: itself, else a TOML value, else a word for yes or no.

    Where none fits, the one whose type fits is given, so that the message is about its value.
    """
    candidates: list[Any] = [text]
    with suppress(tomllib.TOMLDecodeError, RecursionError):
        candidates.append(tomllib.loads(f"value = {text}")["value"])
    if text.lower() in _WORDS:
        candidates.append(_WORDS[text.lower()])
    meant = text
    for candidate in candidates:
        try:
            Config.model_validate(nested(path, candidate))
        except ValidationError as refused:
            if not refused.errors()[0]["type"].endswith("_type"):
                meant = candidate
        else:
            return candidate
    return meant
