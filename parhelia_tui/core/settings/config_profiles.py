"""Profiles: named overlays, one of which a person may choose by a flag or a variable."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.config_layers import Layer, check, shown

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")

Profiles = dict[str, list[Layer]]
"""The parts of each profile, from the lowest file to the highest. A part may hold the key `extends`."""


def take_profiles(layer: Layer) -> tuple[Layer, dict[str, Layer]]:
    """Part a file's layer from the profiles in it, and check the form of both.

    Raises:
        ParheliaError: E700 with the place of what is wrong.
    """
    rest = {name: value for name, value in layer.data.items() if name != "profiles"}
    plain = Layer(layer.name, rest, layer.places, layer.code)
    check(plain)
    tables = layer.data.get("profiles", {})
    if not isinstance(tables, Mapping):
        raise layer.error(("profiles",), "profiles is a table, not a value")
    found = {}
    for name, table in tables.items():
        path = ("profiles", name)
        if not _NAME.fullmatch(name):
            raise layer.error(path, f"{shown((name,))!r} is no name of a profile: letters, digits, - and _")
        if not isinstance(table, Mapping):
            raise layer.error(path, f"{shown(path)} is a table, not a value")
        part = layer.part(path)
        extends = table.get("extends")
        if extends is not None and not isinstance(extends, str):
            raise part.error(("extends",), f"{shown((*path, 'extends'))}: it should be the name of a profile")
        check(_without_extends(part))
        found[name] = part
    return plain, found


def check_chains(profiles: Profiles) -> None:
    """Refuse profiles that extend what is not there, or themselves by whatever way.

    Raises:
        ParheliaError: E700 with the place of `extends`.
    """
    for name in profiles:
        _chain(profiles, name)


def overlays(profiles: Profiles, chosen: str, by: str) -> list[Layer]:
    """Give the layers of a profile, from what it extends at last to its own.

    Args:
        by: what chose it, `flag` or the name of a variable, for the message.

    Raises:
        ParheliaError: E700, or E101 for a flag, when there is no such profile.
    """
    if chosen not in profiles:
        known = sorted(profiles)
        among = f" among {one_line(', '.join(known))}" if known else "; none is configured"
        raise ParheliaError(
            "E101" if by == "flag" else "E700",
            f"{by}: there is no profile {one_line(chosen, 64)!r}{among}{_near(chosen, known)}",
            details={"known": known},
        )
    layers = []
    for name in reversed(_chain(profiles, chosen)):
        for part in profiles[name]:
            places = {path: f"{place} (profile {name})" for path, place in part.places.items()}
            layers.append(Layer(part.name, _without_extends(part).data, places, part.code))
    return layers


def _chain(profiles: Profiles, name: str) -> list[str]:
    """Follow `extends` from a profile, itself first."""
    chain = [name]
    while True:
        told = [part for part in profiles[chain[-1]] if "extends" in part.data]
        if not told:
            return chain
        following = str(told[-1].data["extends"])
        if following not in profiles:
            raise told[-1].error(
                ("extends",),
                f"profile {chain[-1]!r} extends {one_line(following, 64)!r}, which does not exist"
                + _near(following, sorted(profiles)),
            )
        if following in chain:
            ring = " extends ".join([*chain[chain.index(following) :], following])
            raise told[-1].error(("extends",), f"profiles go round in a circle: {ring}")
        chain.append(following)


def _without_extends(part: Layer) -> Layer:
    data = {name: value for name, value in part.data.items() if name != "extends"}
    return Layer(part.name, data, part.places, part.code)


def _near(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name[:64], known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
