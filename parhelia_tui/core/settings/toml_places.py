"""On which line of a TOML file each key stands; `tomllib` gives values without places."""

from __future__ import annotations

import re
import tomllib

Path = tuple[str, ...]

# Strings and comments of TOML 1.0, longest quotes first. A multi-line string may end with up to two quotes
# more than its three (toml.io/en/v1.0.0, String).
_BASIC = r'"(?:[^"\\\n]|\\.)*"'
_LITERAL = r"'[^'\n]*'"
_TOKEN = re.compile(
    r'(?P<string>"""(?:[^\\]|\\.)*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    rf"|{_BASIC}|{_LITERAL})"
    r"|(?P<comment>#[^\n]*)"
    r"|(?P<newline>\n)"
    r"|(?P<mark>[\[\]{}=,.])"
    r"|(?P<space>[ \t\r]+)"
    r"|(?P<bare>[^\s\[\]{}=,.#\"']+)",
    re.DOTALL,
)


def places(text: str) -> dict[Path, int]:
    """Map the path of each key and table to the number of its line, from 1.

    Args:
        text: a TOML document that `tomllib` has accepted; of any other the places may be wrong.
    """
    return _Scanner(text).scan()


class _Scanner:
    """One pass over the tokens of a document."""

    def __init__(self, text: str) -> None:
        self._tokens = self._cut(text.replace("\r\n", "\n"))
        self._next = 0
        self._found: dict[Path, int] = {}

    @staticmethod
    def _cut(text: str) -> list[tuple[str, str, int]]:
        tokens, line = [], 1
        for match in _TOKEN.finditer(text):
            kind, token = str(match.lastgroup), match.group()
            if kind not in ("space", "comment"):
                tokens.append((kind, token, line))
            line += token.count("\n")
        tokens.append(("end", "", line))
        return tokens

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        while self._peek()[0] != "end":
            kind, token, line = self._peek()
            if kind == "newline":
                self._next += 1
            elif token == "[":
                double = self._tokens[self._next + 1][1] == "["
                self._next += 2 if double else 1
                table = self._key()
                self._next += 2 if double else 1
                self._note(table, line)
            else:
                self._pair(table)
        return self._found

    def _peek(self) -> tuple[str, str, int]:
        return self._tokens[min(self._next, len(self._tokens) - 1)]

    def _note(self, path: Path, line: int) -> None:
        for length in range(1, len(path) + 1):
            self._found.setdefault(path[:length], line)

    def _key(self) -> Path:
        """Read a key, dotted or not, up to what follows it."""
        parts: list[str] = []
        while True:
            kind, token, _ = self._peek()
            if kind == "string":
                parts.append(_unquoted(token))
            elif kind == "bare":
                parts.append(token)
            elif token != ".":
                return tuple(parts)
            self._next += 1

    def _pair(self, table: Path) -> None:
        line = self._peek()[2]
        path = table + self._key()
        self._note(path, line)
        self._next += 1
        self._value(path)

    def _value(self, path: Path) -> None:
        """Pass over one value; an inline table's keys are noted, those in arrays are not."""
        if self._peek()[1] == "{" and self._peek()[0] == "mark":
            self._next += 1
            while self._peek()[1] != "}" and self._peek()[0] != "end":
                if self._peek()[0] == "newline" or self._peek()[1] == ",":
                    self._next += 1
                else:
                    self._pair(path)
            self._next += 1
            return
        depth = 0
        while True:
            kind, token, _ = self._peek()
            if kind == "end":
                return
            if depth == 0 and (kind == "newline" or (kind == "mark" and token in ",}")):
                return
            if kind == "mark":
                depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token, 0)
            self._next += 1


def _unquoted(token: str) -> str:
    """Read a quoted key; one that TOML does not take, as in a document that was refused, stays as it is."""
    try:
        return str(tomllib.loads(f"x = {token}")["x"])
    except tomllib.TOMLDecodeError:
        return token
