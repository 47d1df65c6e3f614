"""Rules about tools: what an agent may do, or may not, without a person being asked.

A rule is `TOOL` or `TOOL(PATTERN)`, as agents' own settings have them (code.claude.com/docs/en/permissions):
`Read`, `Bash(npm run *)`, `Edit(src/**)`, `mcp__github__*`. In both parts `*` stands for anything. `=` before a
pattern takes the rest word for word.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

WORKSPACE = "/workspace"
COMMAND, URL = "command", "url"
PATHS = ("file_path", "notebook_path", "path")
_RULE = re.compile(r"(?P<tool>[A-Za-z0-9_*?.:-]{1,200})(?:\((?P<pattern>.+)\))?", re.DOTALL)
# What makes more than one simple command of a line, or hides what is run in it.
_SEPARATORS = re.compile(r"(?:&&|\|\||[;&|\n])")
_HIDING = re.compile(r"[`<>\\]|\$[({]")
_PIECES = re.compile(r"[;&|\n`<>(){}\"']+|\$\(")
_BEFORE = re.compile(r"(?:(?:[A-Za-z_]\w*=\S*|sudo|env|exec|command|time|nohup|nice|builtin)\s+)+")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Args:
        tool: the tool's name, or a pattern of names.
        pattern: of the command, the path or the address that the tool is given; None is any.
    """

    tool: str
    pattern: str | None

    def __str__(self) -> str:
        return self.tool if self.pattern is None else f"{self.tool}({self.pattern})"


def read_rule(text: str) -> Rule:
    """Read a rule.

    Raises:
        ValueError: it has not the form, in words.
    """
    found = _RULE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text[:80]!r} is no rule; write TOOL or TOOL(PATTERN), as Bash(npm run *)")
    return Rule(found["tool"], found["pattern"])


def allowed_by(rules: Iterable[Rule], tool: str, given: Mapping[str, Any]) -> Rule | None:
    """Give a rule that allows a use of a tool; None where there is none.

    A line of several commands needs a rule for each of them, and one that hides what it runs (substitution,
    redirection) is allowed word for word or as the tool as a whole alone. A path that is not absolute in a rule
    lies in the workspace; where several are given, the rule has to fit each, since the agent chooses the names.
    """
    fitting = [rule for rule in rules if fnmatch.fnmatchcase(tool, rule.tool)]
    subjects = _subjects(given)
    for rule in fitting:
        if rule.pattern is None or (subjects and all(_is_exactly(rule, each) for each in subjects)):
            return rule
    command = given.get(COMMAND)
    if isinstance(command, str):
        if _HIDING.search(command):
            return None
        parts = [part.strip() for part in _SEPARATORS.split(command)]
        found = [next((rule for rule in fitting if _text_fits(rule, part)), None) for part in parts]
        return found[0] if found and None not in found else None
    places = _paths(given)
    for rule in fitting:
        if places:
            if all(_path_fits(rule, each) or _path_fits(rule, _inside(each) or each) for each in places):
                return rule
        elif isinstance(given.get(URL), str) and _text_fits(rule, str(given[URL])):
            return rule
    return None


def denied_by(rules: Iterable[Rule], tool: str, given: Mapping[str, Any]) -> Rule | None:
    """Give a rule that forbids a use of a tool; it does so when any part of what is asked matches."""
    for rule in rules:
        if not fnmatch.fnmatchcase(tool, rule.tool):
            continue
        command, places, url = given.get(COMMAND), _paths(given), given.get(URL)
        if rule.pattern is None or any(_is_exactly(rule, each) for each in (command, url, *places)):
            return rule
        if isinstance(command, str) and any(_text_fits(rule, part) for part in _pieces(command)):
            return rule
        if isinstance(url, str) and _text_fits(rule, url):
            return rule
        for place in places:
            forms = {place, _inside(place) or place}
            if "/" not in rule.pattern:
                forms |= {posixpath.basename(place), *place.split("/")}
            if any(_path_fits(rule, form) for form in forms):
                return rule
    return None


def rule_for(tool: str, given: Mapping[str, Any]) -> Rule | None:
    """Make the rule of somebody who allows a use of a tool always.

    A command is allowed word for word, a tool that works on files on every file of the workspace, another tool
    as it is. None where the agent gave its tool a name that would be read as another rule.
    """
    rule = _rule_for(tool, given)
    try:
        return rule if read_rule(str(rule)) == rule and not {"*", "?"} & {*tool} else None
    except ValueError:
        return None


def _rule_for(tool: str, given: Mapping[str, Any]) -> Rule:
    command, places = given.get(COMMAND), _paths(given)
    if isinstance(command, str):
        return Rule(tool, f"={command}")
    if places:
        return Rule(tool, "**" if all(_inside(each) is not None for each in places) else f"={places[0]}")
    if isinstance(given.get(URL), str):
        return Rule(tool, f"={given[URL]}")
    return Rule(tool, None)


def _subjects(given: Mapping[str, Any]) -> list[str]:
    """What a rule for a use of a tool is about: its command, else all its paths, else its address."""
    command, url = given.get(COMMAND), given.get(URL)
    if isinstance(command, str):
        return [command]
    return _paths(given) or ([url] if isinstance(url, str) else [])


def _is_exactly(rule: Rule, subject: object) -> bool:
    return rule.pattern is not None and rule.pattern.startswith("=") and subject == rule.pattern[1:]


def _text_fits(rule: Rule, text: str) -> bool:
    pattern = rule.pattern or "*"
    if pattern.startswith("="):
        return text == pattern[1:]
    # `git log:*` and `git log *` are two ways to write one thing.
    pattern = pattern.removesuffix(":*") + " *" if pattern.endswith(":*") else pattern
    return fnmatch.fnmatchcase(text, pattern) or (
        pattern.endswith(" *") and fnmatch.fnmatchcase(text, pattern[:-2])
    )


def _paths(given: Mapping[str, Any]) -> list[str]:
    values = [given.get(name) for name in PATHS]
    places = [
        posixpath.normpath(posixpath.join(WORKSPACE, value))
        for value in values
        if isinstance(value, str) and value
    ]
    return list(dict.fromkeys(places))


def _inside(place: str) -> str | None:
    """The path from the workspace on; None for one that lies elsewhere."""
    return place.removeprefix(f"{WORKSPACE}/") if place.startswith(f"{WORKSPACE}/") else None


def _path_fits(rule: Rule, place: str) -> bool:
    pattern = rule.pattern or "**"
    if pattern.startswith("="):
        return place == pattern[1:]
    if pattern == "**":
        # Of what a rule of paths names, only the workspace is meant where it says nothing else.
        return not place.startswith("/")
    if "/" not in pattern and not place.startswith("/"):
        place = posixpath.basename(place)
    return re.fullmatch(_as_regex(pattern), place, re.DOTALL) is not None


def _as_regex(pattern: str) -> str:
    made = ""
    for piece in re.split(r"(\*\*/|\*\*|\*|\?)", pattern):
        made += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(piece, re.escape(piece))
    return made


def _pieces(command: str) -> list[str]:
    """A command as a whole, and everything in it that may be a command of its own."""
    pieces = [command.strip()]
    for piece in _PIECES.split(command):
        text = piece.strip()
        pieces += [text, _BEFORE.sub("", text, count=1)]
    return [piece for piece in pieces if piece]
