"""Reading what an agent reports, as hostile as it can be."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parhelia_tui.core.shim.lean import dumps
from parhelia_tui.core.shim.reports import KINDS, LONGEST, MESSAGE, STATES, parse

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=40)
    | st.sampled_from(["state", "usage", "progress", "working", "waiting", "done"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = (
    *("type", "state", "message", "model", "input_tokens", "output_tokens", "cost_usd", "percent", "op"),
    *("id", "kind", "tool", "input", "cut"),
)
REPORTS = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, VALUES)) | st.fixed_dictionaries(
    {"type": st.sampled_from(["state", "usage", "progress", "risky", "approval"])},
    optional={
        "state": st.sampled_from(sorted(STATES)) | VALUES,
        "message": st.text(st.characters(), max_size=1500) | VALUES,
        "model": st.text(st.characters(), max_size=300) | VALUES,
        "input_tokens": st.integers(-5, 10**13) | VALUES,
        "output_tokens": st.integers(-5, 10**13) | VALUES,
        "cost_usd": st.none() | st.floats() | VALUES,
        "percent": st.none() | st.floats() | VALUES,
        "id": st.text(st.characters(), max_size=300) | VALUES,
        "kind": st.sampled_from(sorted(KINDS)) | VALUES,
        "tool": st.text(st.characters(), max_size=300) | VALUES,
        "input": st.dictionaries(st.text(st.characters(), max_size=9), VALUES, max_size=5) | VALUES,
        "cut": st.booleans() | VALUES,
    },
)
FORMS = {
    "state": {"type", "state", "message"},
    "usage": {"type", "model", "input_tokens", "output_tokens", "cost_usd"},
    "progress": {"type", "message", "percent"},
    "risky": {"type", "message"},
    "approval": {"type", "id", "kind", "tool", "input", "cut", "message"},
}

FURTHER = {"source", "tool", "detail"}
"""What a state may have besides."""


def usage(**changed: object) -> bytes:
    """A report of usage with some fields changed."""
    fields = {"type": "usage", "model": "m", "input_tokens": 1, "output_tokens": 2, "cost_usd": 0.5}
    return json.dumps({**fields, **changed}).encode()


def assert_sound(report: dict[str, Any]) -> None:
    """It has the known fields alone, each within its bounds, and can be written as strict JSON and UTF-8."""
    further = FURTHER if report["type"] == "state" else set()
    assert FORMS[report["type"]] <= set(report) <= FORMS[report["type"]] | further
    assert json.loads(dumps(report)) == report
    json.dumps(report, ensure_ascii=False, allow_nan=False).encode("utf-8")
    assert len(report.get("message", "")) <= MESSAGE
    assert len(report.get("model", "")) <= 200
    for name in ("input_tokens", "output_tokens"):
        assert type(report.get(name, 0)) is int
        assert 0 <= report.get(name, 0) <= 10**12
    for name in ("cost_usd", "percent"):
        if report.get(name) is not None:
            assert type(report[name]) is float
            assert math.isfinite(report[name])
            assert report[name] >= 0
    assert report.get("state", "idle") in STATES
    if report["type"] == "approval":
        assert report["kind"] in KINDS
        assert 0 < len(report["id"]) <= 200
        assert len(report["tool"]) <= 200
        assert type(report["cut"]) is bool
        assert type(report["input"]) is dict


@given(st.binary(max_size=300))
def test_any_bytes_are_a_sound_report_or_none(line: bytes) -> None:
    report = parse(line)
    if report is not None:
        assert_sound(report)


@given(REPORTS)
def test_any_json_is_a_sound_report_or_none(fields: dict[str, Any]) -> None:
    for ascii_alone in (True, False):
        line = json.dumps(fields, ensure_ascii=ascii_alone).encode("utf-8", "surrogatepass")
        report = parse(line)
        if report is not None:
            assert_sound(report)


@given(
    st.sampled_from(sorted(STATES)),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=MESSAGE),
)
def test_what_has_the_form_is_taken_word_for_word(state: str, message: str) -> None:
    fields = {"type": "state", "state": state, "message": message}
    line = json.dumps(fields, ensure_ascii=False).encode()
    assert parse(line) == (fields if len(line) <= LONGEST else None)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b'"state"',
        b"{",
        b"{}" * 2,
        b"\xff\xfe",
        b"[" * 8000,
        b'{"a":' * 1600,
        b'{"type": "state", "state": "working"' + b" " * 9000 + b"}",
        b'{"type": ["state"], "state": "working"}',
        b'{"type": "state", "state": "deleted"}',
        b'{"type": "state", "state": "working", "message": 5}',
        b'{"type": "terminate", "reason": "please"}',
        b"9" * 8000,
    ],
    ids=range(15),
)
def test_what_has_no_form_is_none(line: bytes) -> None:
    assert parse(line) is None


def approval(**changed: object) -> bytes:
    """A question with some fields changed."""
    fields = {"type": "approval", "id": "1", "kind": "permission", "tool": "Bash", "input": {"command": "ls"}}
    return json.dumps({**fields, **changed}).encode()


def test_a_question_is_taken_with_what_it_is_about() -> None:
    report = parse(approval(input={"command": "ls", "deep": [1, {"a": None}]}))
    assert report == {
        "type": "approval",
        "id": "1",
        "kind": "permission",
        "tool": "Bash",
        "input": {"command": "ls", "deep": [1, {"a": None}]},
        "cut": False,
        "message": "",
    }


@pytest.mark.parametrize(
    "changed",
    [{"id": ""}, {"id": 5}, {"kind": "order"}, {"input": "ls"}, {"input": None}, {"cut": 1}, {"tool": None}],
    ids=str,
)
def test_a_question_of_another_form_is_none(changed: dict[str, object]) -> None:
    assert parse(approval(**changed)) is None


def test_what_lies_too_deep_in_a_question_is_left_out() -> None:
    deep: object = "x"
    for _ in range(50):
        deep = [deep]
    report = parse(approval(input={"a": deep, "n": 10**30}))
    assert report is not None
    assert "x" not in json.dumps(report["input"])
    assert report["cut"] is True


@pytest.mark.parametrize("name", ["input_tokens", "output_tokens"])
@pytest.mark.parametrize("count", [-1, 10**12 + 1, 10**30, 1.5, True, "7", None, [1]])
def test_a_count_that_cannot_be_is_no_usage(name: str, count: object) -> None:
    assert parse(usage(**{name: count})) is None


@pytest.mark.parametrize("cost", [-0.01, 1e7, True, "1", [1]])
def test_a_cost_that_cannot_be_is_no_usage(cost: object) -> None:
    assert parse(usage(cost_usd=cost)) is None


@pytest.mark.parametrize("word", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
def test_a_number_that_json_does_not_have_is_no_usage(word: bytes) -> None:
    assert parse(usage().replace(b"0.5", word)) is None


def test_an_unknown_cost_stays_unknown() -> None:
    report = parse(usage(cost_usd=None))
    assert report is not None
    assert report["cost_usd"] is None


def test_fields_that_nobody_knows_are_left_out() -> None:
    report = parse(b'{"type": "progress", "message": "m", "percent": 5, "seq": 1, "exit_code": 0}')
    assert report == {"type": "progress", "message": "m", "percent": 5.0}
