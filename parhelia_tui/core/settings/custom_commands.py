"""Commands of the user's own for the dashboard: `commands.toml` beside the configuration of machine and user.

They run on this machine as the user, so no project's file can define one, and no variable. The file stands apart
from the configuration so that a fault in it stops nothing: the command that is wrong is left out and told of. It is
read before the first frame, so without pydantic, and nothing is imported for it where there is none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.key_names import ACTIONS, FIXED, keys_of
from parhelia_tui.core.settings.user_files import SYSTEM_DIRECTORY, user_directory

FILE = "commands.toml"
SCOPES = ("task", "container", "fleet")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_OTHERS_WRITE = 0o002


@dataclass(frozen=True, slots=True)
class CustomCommand:
    """One command.

    Args:
        run: its program and words, with places for values of the row it is for.
        about: what it does, in a line.
        key: the key that runs it on the home screen and those over it, as it was written; empty where it has none.
        scope: what it is for: the chosen `task`, the chosen `container`, or the whole `fleet`.
        confirm: it asks first.
        terminal: it takes the whole terminal; else it runs in the background and its last line is told.
        place: where it is defined, as "FILE:LINE".
    """

    name: str
    run: tuple[str, ...]
    about: str = ""
    key: str = ""
    scope: str = "task"
    confirm: bool = False
    terminal: bool = False
    place: str = ""


@dataclass(frozen=True, slots=True)
class CustomCommands:
    """What the files give.

    Args:
        commands: those that are right.
        faults: what is wrong with the others, with file and line.
        files: those that were read.
    """

    commands: tuple[CustomCommand, ...] = ()
    faults: tuple[ParheliaError, ...] = ()
    files: tuple[Path, ...] = ()


def custom_commands(
    keys: Mapping[str, str],
    environ: Mapping[str, str] | None = None,
    system_directory: Path = SYSTEM_DIRECTORY,
) -> CustomCommands:
    """Read the commands of machine and user; the user's go before those of the same name.

    Args:
        keys: the table `[keys]` of the configuration, whose keys are taken.
        environ: the environment, the process's own if not given.
        system_directory: where the machine's files are.
    """
    environment = os.environ if environ is None else environ
    found: dict[str, CustomCommand] = {}
    faults: list[ParheliaError] = []
    files: list[Path] = []
    for directory in (system_directory, user_directory(environment)):
        file = directory / FILE
        if os.path.lexists(file):
            files.append(file)
            found.update(_of_file(file, faults))
    return CustomCommands(tuple(_with_free_keys(found, keys, faults)), tuple(faults), tuple(files))


def _of_file(file: Path, faults: list[ParheliaError]) -> dict[str, CustomCommand]:
    from parhelia_tui.core.settings.toml_files import placed_error, read_toml

    try:
        _refuse_strangers(file)
        data, places = read_toml(file) or ({}, {})
    except ParheliaError as error:
        faults.append(error)
        return {}
    found = {}
    for name, table in data.items():
        key, sentence = _fault(name, table)
        if sentence:
            place = places.get((name, key)) or places.get((name,)) or _first_inside(places, name) or str(file)
            faults.append(placed_error(place, sentence, f"{name}.{key}" if key else name))
            continue
        given: dict[str, Any] = {
            each: tuple(value) if isinstance(value, list) else value for each, value in table.items()
        }
        found[name] = CustomCommand(name, **given, place=places.get((name,), str(file)))
    return found


def _first_inside(places: Mapping[tuple[str, ...], str], name: str) -> str:
    return next((place for path, place in places.items() if path[0] == name), "")


def _refuse_strangers(file: Path) -> None:
    """Refuse a file that somebody else may write. Raises E700."""
    try:
        seen = file.stat()
    except OSError as error:
        raise ParheliaError("E700", f"{file}: cannot be read: {error.strerror}") from error
    if seen.st_mode & _OTHERS_WRITE or seen.st_uid not in (0, os.getuid()):
        raise ParheliaError(
            "E700",
            f"{file}: somebody else may write it, so nothing of it is run",
            recovery=(f"chmod go-w {file}", f"ls -l {file}"),
        )


def _fault(name: str, table: Any) -> tuple[str, str]:
    """Say what is wrong with a definition: with which key, and a sentence; empty where nothing is."""
    from parhelia_tui.core.settings.custom_words import fault_of_words

    if not _NAME.fullmatch(name):
        return "", f"{name[:40]!r} is no name of a command: small letters, digits, - and _"
    if not isinstance(table, dict):
        return "", f"{name} is a table, not a value: write [{name}]"
    known = ("run", "about", "key", "scope", "confirm", "terminal")
    for key, value in table.items():
        if key not in known:
            return key, f"{key[:40]!r} is no key of a command; there are {', '.join(known)}"
        if key == "run":
            right = isinstance(value, list) and value and all(isinstance(word, str) for word in value)
        else:
            right = isinstance(value, bool if key in ("confirm", "terminal") else str)
        if not right:
            form = {"run": 'a list of words, as ["git", "status"]', "confirm": "true or false"}
            form["terminal"] = form["confirm"]
            return key, f"{key} should be {form.get(key, 'a text')}"
    if "run" not in table:
        return "", f'{name} needs a line run = ["PROGRAM", "WORD"]'
    scope = table.get("scope", "task")
    if scope not in SCOPES:
        return "scope", f"{scope[:40]!r} is no scope; there are {', '.join(SCOPES)}"
    if "\0" in "".join(table["run"]):
        return "run", "a word holds a NUL character, which no program can be given"
    if "key" in table and not all(keys_of(table["key"])):
        return (
            "key",
            f"{table['key'][:40]!r} is no key; write a character, ctrl+t, f5, or a name such as comma",
        )
    return "run", fault_of_words(table["run"], scope)


def _with_free_keys(
    found: Mapping[str, CustomCommand], keys: Mapping[str, str], faults: list[ParheliaError]
) -> list[CustomCommand]:
    """Leave out the commands whose key is another's already."""
    taken = dict.fromkeys(FIXED, "every screen")
    for action, built_in in ACTIONS.items():
        taken |= {key: repr(action) for key in keys_of(keys.get(action, built_in))}
    free = []
    for each in found.values():
        mine = keys_of(each.key) if each.key else []
        clash = next((key for key in mine if key in taken), None)
        if clash is not None:
            from parhelia_tui.core.settings.toml_files import placed_error

            sentence = f"{clash!r} is the key of {taken[clash]} already; take another, or none"
            faults.append(placed_error(each.place, sentence, f"{each.name}.key"))
            continue
        taken |= {key: repr(each.name) for key in mine}
        free.append(each)
    return free
