"""Refusing what would keep a key in the store and carry it into a container."""

from __future__ import annotations

from collections.abc import Mapping

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.redaction import holds_key


def refuse_keys(said: Mapping[str, str]) -> None:
    """Refuse texts of which one holds a key of a known shape.

    Args:
        said: the texts, by what each is in words.

    Raises:
        ParheliaError: E100, which says where the key stands and not what it is.
    """
    where = next((what for what, text in said.items() if holds_key(text)), None)
    if where is not None:
        raise ParheliaError(
            "E100",
            f"{where} holds what looks like a key; it would be stored, and seen in the container. The agent's API"
            " gets its key from [api]; what else needs one can read it from a file of the workspace",
            recovery=("parhelia help E100", "parhelia config example"),
        )
