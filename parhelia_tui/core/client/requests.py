"""From what somebody typed to a request: the configured defaults fill in, and every fault is named."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from parhelia_tui.core.agents.registry import agent, network_of
from parhelia_tui.core.client.templates import from_template
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.request import Limited, TaskRequest
from parhelia_tui.core.model.targets import listed
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.config_files import load

SHORT = 80
"""Characters of a prompt that stands in a proposed command."""


def request_maker(
    *, flags: Mapping[str, Any] | None = None, cwd: Path | None = None
) -> Callable[[Mapping[str, Any]], TaskRequest]:
    """Read the configuration once, and give what makes requests with it.

    Args:
        flags: configuration that flags of a command set, as for `load`.
        cwd: where the search for the project's configuration begins; the working directory if not given.

    Returns:
        A function of the fields of a `TaskRequest`, of which None and missing ones are filled from the
        configuration; it raises E100 with each fault, and E500 where no agent is named and the built-in one
        is not installed. `template` beside them names a template, over which they lie (E101, E102). Where `split` is
        true beside them, the targets are those that the prompt lists.

    Raises:
        ParheliaError: E700 for a configuration that cannot be used.
    """
    loaded = load(flags=flags, cwd=cwd or Path.cwd())
    said = loaded.sources["defaults.network"] != "built-in"
    chosen = loaded.sources["defaults.agent"] != "built-in"

    def make(given: Mapping[str, Any]) -> TaskRequest:
        given = from_template(given, loaded.config)
        given = _split(given) if "split" in given else given
        fields = loaded.config.task_fields(given)
        if given.get("targets"):
            _suit_several(fields, given, loaded.config.budget.task_usd)
        if given.get("network") is None and not said:
            # What an agent needs to reach its model, where nobody says otherwise.
            fields["network"] = network_of(str(fields["agent"]))
        try:
            request = TaskRequest(**fields)
        except ValidationError as error:
            raise refused(error) from None
        if given.get("agent") is None and not chosen and request.backend == "local":
            _need_default(request)
        return request

    return make


def _need_default(request: TaskRequest) -> None:
    """Refuse what nobody named an agent for where the built-in one is not installed. Raises E500."""
    name, prompt = request.agent, request.prompt
    try:
        agent(name).need()
    except ParheliaError as missing:
        words = shlex.quote(prompt) if len(prompt) <= SHORT and prompt.isprintable() else "PROMPT"
        raise ParheliaError(
            missing.code,
            f"no agent is named, so {name} is to do it, and {missing.message}",
            details={**missing.details, "agent": name},
            recovery=(
                f"parhelia task create --agent shell {words}",
                f"parhelia task create --agent demo {words}",
                *missing.recovery,
            ),
        ) from missing


def _split(given: Mapping[str, Any]) -> dict[str, Any]:
    """Take the targets from the prompt, where that is asked for. Raises E100."""
    fields = dict(given)
    if fields.pop("split"):
        if fields.get("targets"):
            raise ParheliaError("E100", "targets are given, so there is nothing to split")
        found = listed(str(fields.get("prompt") or ""))
        fields.update(prompt=found.prompt, targets=found.targets)
    return fields


def _suit_several(fields: dict[str, Any], given: Mapping[str, Any], task_usd: float | None) -> None:
    """Fill in what suits several tasks at once: a copy for each, and the configured ceiling of a task for each."""
    if given.get("workspace_mode") is None and fields["workspace_mode"] == "shared":
        fields["workspace_mode"] = "clone"
    fields["budget_usd"] = given.get("budget_usd")
    fields.setdefault("budget_each_usd", task_usd)


def refused(error: ValidationError) -> ParheliaError:
    """Give what a person is told of fields that are not as they have to be: E100 with each fault."""
    faults = [_fault(each["loc"], each["type"], each["msg"]) for each in error.errors(include_url=False)]
    return ParheliaError("E100", "; ".join(faults), details={"faults": faults})


def _fault(place: tuple[int | str, ...], kind: str, message: str) -> str:
    """Say one fault of pydantic in a short line: "limits.cpus: should be greater than 0"."""
    words = message.removeprefix("Value error, ").removeprefix("Input ")
    if kind == "extra_forbidden":
        words = f"there is no such key{_meant(place)}"
    elif kind == "string_pattern_mismatch" and place[-1] == "gpu":
        words = "is no GPU: name its kind, as A100, or T4:2 for two of them; at least 1"
    elif kind == "string_pattern_mismatch":
        words = "is no name: small letters, digits, - and _"
    elif kind == "missing":
        words = "is missing"
    where = ".".join(str(step) for step in place)
    return one_line(f"{where}: {words}" if where else words)


def _meant(place: tuple[int | str, ...]) -> str:
    """Which key of a request, or of its limits, an unknown one may have been meant for."""
    import difflib

    known = (Limited if place[0] == "limits" else TaskRequest).model_fields
    near = difflib.get_close_matches(str(place[-1]), known, 1)
    return f"; did you mean {near[0]}?" if near else ""
