"""The line of each key, in documents of every form that TOML has."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from parhelia_tui.core.settings.toml_places import places

DOCUMENT = '''# [no.table]
first = 1
"quoted key" = """
[not.a.table]
x = 1 \\""" ""
"""
'lit.eral' = \'\'\'
y = 2\'\'\'
[table . "sub.table"] # comment = 1
list = [
  { inside = 1 }, # ]
  "]",
  [ 1, 2 ],
]
dotted.key."x y" = 3.14
inline = { a = 1, b = { c = [1, 2], "d" = 'e' }, f.g = "}" }
date = 1979-05-27T07:32:00Z
last = ""
[[array]]
a = 1
[[array]]
a = 2
[after]
'''


def test_every_form() -> None:
    tomllib.loads(DOCUMENT)
    table = ("table", "sub.table")
    assert places(DOCUMENT) == {
        ("first",): 2,
        ("quoted key",): 3,
        ("lit.eral",): 7,
        ("table",): 9,
        table: 9,
        (*table, "list"): 10,
        (*table, "dotted"): 15,
        (*table, "dotted", "key"): 15,
        (*table, "dotted", "key", "x y"): 15,
        (*table, "inline"): 16,
        (*table, "inline", "a"): 16,
        (*table, "inline", "b"): 16,
        (*table, "inline", "b", "c"): 16,
        (*table, "inline", "b", "d"): 16,
        (*table, "inline", "f"): 16,
        (*table, "inline", "f", "g"): 16,
        (*table, "date"): 17,
        (*table, "last"): 18,
        ("array",): 19,
        ("array", "a"): 20,
        ("after",): 23,
    }


def test_line_ends_of_dos() -> None:
    assert places("a = 1\r\nb = 2\r\n[c]\r\nd = '''\r\n\r\n'''\r\ne = 1") == {
        ("a",): 1,
        ("b",): 2,
        ("c",): 3,
        ("c", "d"): 4,
        ("c", "e"): 7,
    }


NAMES = st.text(min_size=1, max_size=6).filter(lambda name: "\x7f" not in name)
SCALARS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.text(max_size=12),
    st.lists(st.text(max_size=4), max_size=3),
)


def _text(value: object) -> str:
    return json.dumps(value).replace("\x7f", "\\u007f")


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, SCALARS, max_size=4), max_size=4), st.data())
def test_the_place_is_where_the_key_was_written(
    tables: dict[str, dict[str, Any]], data: st.DataObject
) -> None:
    lines: list[str] = []
    expected: dict[tuple[str, ...], int] = {}
    for table, keys in tables.items():
        lines.extend(data.draw(st.lists(st.sampled_from(["", "# x = 1", "  # ["]), max_size=2)))
        lines.append(f"[{_text(table)}]")
        expected[table,] = len(lines)
        for key, value in keys.items():
            if isinstance(value, list) and data.draw(st.booleans()):
                expected[table, key] = len(lines) + 1
                lines.extend([f"{_text(key)} = [", *(f"  {_text(each)}, # ]" for each in value), "]"])
            elif isinstance(value, str) and data.draw(st.booleans()):
                expected[table, key] = len(lines) + 1
                lines.extend([f'{_text(key)} = """', _text(value)[1:-1] + '"""'])
            else:
                lines.append(f"{_text(key)} = {_text(value)}")
                expected[table, key] = len(lines)
    text = "\n".join(lines)
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        # JSON writes characters beyond 16 bits as two halves, which TOML does not take.
        return
    assert read == tables
    assert places(text) == expected


@given(st.text())
@example('"\x1f"')
@example("[")
def test_any_text_at_all_ends(text: str) -> None:
    places(text)
