"""The words of a command of the user's own: where values go into them, and where none may go.

Titles are written by users and agents, and a workspace may be called anything. So a value is a word of its own or a
part of one, and is given to no shell: not as the code of a `-c`, and not to a program that makes a line of its words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line

OF_A_ROW = ("id", "task", "title", "slug", "state", "agent", "backend", "workspace", "container", "home")
PLACES: Mapping[str, tuple[str, ...]] = {"task": OF_A_ROW, "container": OF_A_ROW, "fleet": ("home",)}
"""What may stand in the words of a command, by its scope."""
FREE = ("title", "workspace", "home")
"""Values that may hold any letter; of the others each has a form that no shell reads anything into."""
# Behind a dollar it is a variable of a shell that stands in the code itself.
_PLACE = re.compile(r"(?<!\$)\{([a-z_]+)\}")
_FREE_PLACE = re.compile(r"(?<!\$)\{(?:title|workspace|home)\}")
_AROUND = re.compile(r"[A-Za-z0-9_./=:@,+%-]*")
_CODE = re.compile(r"-[A-Za-z]{0,2}[ce]|--(?:command|eval|execute)")
"""Options behind which shells and interpreters expect code."""
LINE_MAKERS = ("ssh", "mosh", "watch", "eval", "su", "xargs", "parallel")
"""Programs that make a line for a shell of their words."""


def places_in(words: Sequence[str]) -> list[str]:
    """Name the places in some words, each once, in their order."""
    return list(dict.fromkeys(name for word in words for name in _PLACE.findall(word)))


def fault_of_words(words: Sequence[str], scope: str) -> str:
    """Say what is wrong with the words of a command; empty where nothing is.

    Args:
        scope: a key of `PLACES`.
    """
    for name in places_in(words):
        if name not in PLACES[scope]:
            known = ", ".join(f"{{{each}}}" for each in PLACES[scope])
            return f"{{{name}}} means nothing to a command of the {scope}; there is {known}"
    if not words[0].strip() or _PLACE.search(words[0]):
        return "the first word is the program, and no value goes into its name"
    makers = [number for number, word in enumerate(words) if word.rpartition("/")[2] in LINE_MAKERS]
    for number, word in enumerate(words):
        free = _FREE_PLACE.search(word)
        if free is None:
            continue
        if not _AROUND.fullmatch(_PLACE.sub("", word)) or _CODE.fullmatch(words[number - 1]):
            return (
                f"{free[0]} may hold anything, so no shell may read it: give it as a further word, as"
                f' ["sh", "-c", "echo \\"$1\\"", "sh", "{free[0]}"]'
            )
        if word.startswith("-") and not word.startswith("--"):
            return f"{free[0]} may not be a part of a short option; write it as a word of its own"
        if makers and makers[0] < number:
            return (
                f"{words[makers[0]]} makes a line for a shell of its words, and {free[0]} may hold anything"
            )
    return ""


def filled_words(words: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """Put values in their places, each in the one word where its place stands, whatever it holds.

    Args:
        values: one for every place.

    Raises:
        ParheliaError: E401 where a value would make an option of a word.
    """
    made: list[str] = []
    for word in words:
        whole = _PLACE.sub(lambda place: values[place[1]], word)
        if whole.startswith("-") and not word.startswith("-") and "--" not in made:
            raise ParheliaError(
                "E401",
                f"{one_line(whole, 60)!r} begins with - and would be read as an option",
                recovery=(f'"--" as a word before "{word}"',),
            )
        made.append(whole)
    return made
