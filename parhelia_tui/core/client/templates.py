"""Templates of tasks: from a name and what was typed to the fields of a request."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.request import MERGED
from parhelia_tui.core.model.text import one_line

if TYPE_CHECKING:
    from parhelia_tui.core.settings.config import Config

PLACE = "{prompt}"
"""Stands in the prompt of a template where what is typed goes."""
_MERGED = (*MERGED, "agent_options")


@dataclass(frozen=True, slots=True)
class Template:
    """A configured template.

    Args:
        about: what it is for, in a line.
        fields: what it says of a `TaskRequest`; what it does not say is not in there.
    """

    name: str
    about: str
    fields: Mapping[str, Any]


def templates_of(config: Config) -> dict[str, Template]:
    """Give the templates of a configuration by their names."""
    found = {}
    for name, each in config.templates.items():
        fields = each.model_dump(exclude_unset=True, exclude={"about"})
        found[name] = Template(
            name, each.about, {key: value for key, value in fields.items() if value is not None}
        )
    return found


def from_template(given: Mapping[str, Any], config: Config) -> dict[str, Any]:
    """Lay fields over those of the template that they name; without `template` they stay as they are.

    Raises:
        ParheliaError: E101 for a template that there is not, or that says the whole prompt where one was typed;
            E102 where it has a place for a prompt and none was typed.
    """
    fields = dict(given)
    name = fields.pop("template", None)
    if name is None:
        return fields
    known = templates_of(config)
    if name not in known:
        raise _unknown(str(name), sorted(known))
    template = known[str(name)]
    agent = str(fields.get("agent") or template.fields.get("agent") or config.defaults.agent)
    fields["prompt"] = _prompt(template, fields.get("prompt"), agent)
    for key, value in template.fields.items():
        if key in _MERGED:
            asked = {inner: each for inner, each in (fields.get(key) or {}).items() if each is not None}
            fields[key] = {**value, **asked}
        elif fields.get(key) is None:
            fields[key] = value
    return fields


def _prompt(template: Template, typed: str | None, agent: str) -> str | None:
    said = template.fields.get("prompt")
    if said is None:
        return typed
    if PLACE in said:
        if typed is None:
            raise ParheliaError(
                "E102",
                f"the template {template.name!r} has a place for a prompt, and none was given",
                recovery=(f'parhelia task create --template {template.name} "PROMPT"',),
            )
        return str(said).replace(PLACE, shlex.quote(typed) if agent == "shell" else typed)
    if typed is not None:
        raise ParheliaError(
            "E101",
            f"the template {template.name!r} says the whole prompt; a prompt of yours has no place in it",
            recovery=(
                f"parhelia task create --template {template.name}",
                f"parhelia config show templates.{template.name}",
            ),
        )
    return str(said)


def _unknown(name: str, known: list[str]) -> ParheliaError:
    near = difflib.get_close_matches(name[:64], known, n=1)
    among = f"; there is {', '.join(known)}" if known else "; none is configured"
    meant = f"; did you mean {near[0]!r}?" if near else among
    return ParheliaError(
        "E101",
        f"there is no template {one_line(name, 64)!r}{meant}",
        details={"known": known},
        recovery=("parhelia config show templates", "parhelia help config"),
    )
