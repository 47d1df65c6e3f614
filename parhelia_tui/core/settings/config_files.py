"""Finding the configuration files, and laying everything that says something over each other.

The order, each over the one before: built-in values, /etc/parhelia/config.toml, the user's file, the
project's file, the chosen profile, `PARHELIA_*` variables, flags.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.config import Config, contradictions
from parhelia_tui.core.settings.config_environment import environment_layer, flag_layer
from parhelia_tui.core.settings.config_layers import KeyPath, Layer, check, leaves, merged
from parhelia_tui.core.settings.config_profiles import Profiles, check_chains, overlays, take_profiles
from parhelia_tui.core.settings.project_rules import check_project
from parhelia_tui.core.settings.toml_files import read_toml
from parhelia_tui.core.settings.user_files import SYSTEM_DIRECTORY, home_of, user_directory

SYSTEM_FILE = SYSTEM_DIRECTORY / "config.toml"
PROJECT_NAME = ".parhelia.toml"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The configuration as all layers give it.

    Args:
        sources: where the value of each dotted key came from: "built-in", "FILE:LINE",
            "FILE:LINE (profile NAME)", the name of a variable, or "flag".
        files: the files that were read, the lowest first.
        profile: the profile that was chosen.
    """

    config: Config
    sources: dict[str, str]
    files: list[Path]
    profile: str | None = None


def load(
    *,
    flags: Mapping[str, Any] | None = None,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    system_file: Path = SYSTEM_FILE,
) -> Loaded:
    """Read the configuration.

    Args:
        flags: dotted keys with values, as {"defaults.network": "open"}; None is not set. The key `profile`
            chooses a profile.
        cwd: where the search for the project's file begins; None reads no project's file.
        environ: the environment, the process's own if not given.
        system_file: the file of the machine.

    Raises:
        ParheliaError: E700 for a file or a variable that cannot be used, E101 for such a flag.
    """
    environment = os.environ if environ is None else environ
    given = dict(flags or {})
    chosen = given.pop("profile", None)
    by = "flag" if chosen else "PARHELIA_PROFILE"
    chosen = chosen or environment.get("PARHELIA_PROFILE") or None

    trusted = [system_file, user_file(environment)]
    project = project_file(cwd, environment) if cwd is not None else None
    if project is not None and any(_same_file(project, each) for each in trusted):
        project = None

    layers: list[Layer] = []
    profiles: Profiles = {}
    files: list[Path] = []
    for path in trusted:
        read = read_layer(path)
        if read is not None:
            plain, own = take_profiles(read)
            layers.append(plain)
            files.append(path)
            for name, part in own.items():
                profiles.setdefault(name, []).append(part)
    read = read_layer(project) if project is not None else None
    if project is not None and read is not None:
        plain, own = take_profiles(read)
        below = Config().model_dump()
        for layer in layers:
            below = merged(below, layer.data)
        check_project(plain, below)
        _add_project_profiles(profiles, own, below)
        layers.append(plain)
        files.append(project)
    check_chains(profiles)

    if chosen:
        layers.extend(overlays(profiles, chosen, by))
    for layer in (environment_layer(environment), flag_layer(given)):
        check(layer)
        layers.append(layer)
    config, sources = _together(layers)
    return Loaded(config, sources, files, chosen)


def user_file(environ: Mapping[str, str]) -> Path:
    """Give the path of the user's file."""
    return user_directory(environ) / "config.toml"


def project_file(cwd: Path, environ: Mapping[str, str]) -> Path | None:
    """Find the nearest `.parhelia.toml` in a directory or above it.

    The search ends below the user's home, below `/`, at the border of a filesystem, and below a directory
    in which everybody may put files, such as /tmp: what lies there was not put there for this project.
    """
    home = home_of(environ).resolve()
    try:
        here = cwd.resolve(strict=True)
        device = here.stat().st_dev
        while here != home and here != here.parent:
            seen = here.stat()
            public = seen.st_mode & stat.S_ISVTX and seen.st_mode & stat.S_IWOTH
            if seen.st_dev != device or public:
                return None
            if os.path.lexists(here / PROJECT_NAME):
                return here / PROJECT_NAME
            here = here.parent
    except OSError:
        # A directory that is gone or closed to us holds no file that we could read.
        return None
    return None


def read_layer(path: Path) -> Layer | None:
    """Read one file; None when it does not exist.

    Raises:
        ParheliaError: E700 when it is there and cannot be read, is no text or no TOML.
    """
    read = read_toml(path)
    return None if read is None else Layer(str(path), *read)


def _add_project_profiles(profiles: Profiles, own: Mapping[str, Layer], below: Mapping[str, Any]) -> None:
    """Add a project's profiles, which stand apart from the user's own.

    A profile of the user may allow much, for where the user chooses it. So a project may neither change
    such a profile nor build on one.
    """
    for name, part in own.items():
        if name in profiles:
            there = profiles[name][-1].name
            raise part.error(
                (), f"a project may not change profile {name!r}, which {one_line(there, 1000)} sets"
            )
        extends = part.data.get("extends")
        if extends in profiles:
            raise part.error(("extends",), f"a project may not build on profile {extends!r} of yours")
        values = {key: value for key, value in part.data.items() if key != "extends"}
        check_project(Layer(part.name, values, part.places), below)
    for name, part in own.items():
        profiles[name] = [part]


def _together(layers: list[Layer]) -> tuple[Config, dict[str, str]]:
    data: dict[str, Any] = {}
    sources: dict[KeyPath, str] = {path: "built-in" for path, _ in leaves(Config().model_dump())}
    by_place: dict[KeyPath, Layer] = {}
    for layer in layers:
        data = merged(data, layer.data)
        for path, _ in leaves(layer.data):
            sources[path] = layer.place(path)
            by_place[path] = layer
    config = Config.model_validate(data)
    for key, sentence in contradictions(config):
        path = tuple(key.split("."))
        # The key itself may be a built-in value; then its partner in the sentence was set.
        layer = by_place.get(path) or _setter_of(path[0], by_place)
        raise layer.error(path, f"{key}: {sentence}")
    return config, {".".join(path): where for path, where in sources.items()}


def _setter_of(section: str, by_place: Mapping[KeyPath, Layer]) -> Layer:
    return next(layer for path, layer in by_place.items() if path[0] == section)


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
