"""Checking what a person asks of an agent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line


@dataclass(frozen=True, slots=True)
class Option:
    """One option of an agent.

    Args:
        default: what counts where it is not given.
        accepts: says whether a value can be used.
        form: the values that can, in words.
    """

    default: object
    accepts: Callable[[object], bool]
    form: str


def check(agent: str, known: Mapping[str, Option], given: Mapping[str, object]) -> None:
    """Refuse options that an agent does not have, and values that they cannot have.

    Raises:
        ParheliaError: E100 for the first that is wrong.
    """
    for name, value in given.items():
        option = known.get(name)
        if option is None:
            raise ParheliaError(
                "E100",
                f"the agent {agent} has no option {one_line(name, 40)!r}; {suggestion(name, known)}",
                details={"known": sorted(known)},
            )
        if not option.accepts(value):
            raise ParheliaError(
                "E100",
                f"the option {name} of the agent {agent} is {option.form}, not {one_line(repr(value), 60)}",
            )


def suggestion(name: str, known: Mapping[str, object]) -> str:
    """Say which names come near to one that is unknown, or which there are."""
    # 3 ms, and only for those who mistype.
    import difflib

    near = difflib.get_close_matches(name, known, 3)
    return f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(sorted(known))}"
