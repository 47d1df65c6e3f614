"""What may be asked for, and what is refused at the door."""

from __future__ import annotations

import datetime
import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from parhelia_tui.core.model.request import PROMPT_LIMIT, TaskRequest


def controls(text: str) -> set[str]:
    return {each for each in text if unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp")}


def make(**fields: Any) -> TaskRequest:
    return TaskRequest(**{"prompt": "true", **fields})


def test_what_is_not_asked_for() -> None:
    request = make()
    assert (request.agent, request.backend, request.network, request.workspace_mode) == (
        "shell",
        "local",
        "none",
        "shared",
    )
    assert (request.persistent, request.unsandboxed, request.priority, request.slot) == (
        False,
        False,
        0,
        None,
    )
    assert request.limits.model_dump() == dict.fromkeys(
        ("cpus", "memory_mb", "pids", "lifetime_s", "gpu", "region")
    )


@pytest.mark.parametrize(
    "prompt",
    [
        "x" * 100_000,
        "x" * PROMPT_LIMIT,
        "\u6f22\u5b57\U0001f468\u200d\U0001f469\u200d\U0001f467 e\u0301 \u202e\ufdfd",
        "line\nline\r\n\ttab",
        "\x01\x1b[31m\x7f",
    ],
)
def test_prompts_that_are_taken_as_they_are(prompt: str) -> None:
    request = make(prompt=prompt)
    assert request.prompt == prompt
    assert 0 < len(request.shown_title) <= 120
    assert controls(request.shown_title) == set()


@pytest.mark.parametrize("prompt", ["", " ", "\n\t\u2003", "a\0b", "x" * (PROMPT_LIMIT + 1), None, 7])
def test_prompts_that_are_refused(prompt: object) -> None:
    with pytest.raises(ValidationError) as caught:
        make(prompt=prompt)
    assert [error["loc"] for error in caught.value.errors()] == [("prompt",)]


def test_half_a_character_is_replaced() -> None:
    assert make(prompt="a\udcffb").prompt == "a\ufffdb"


@given(st.text(st.characters()))
def test_any_prompt_is_taken_or_refused_in_words(prompt: str) -> None:
    try:
        request = make(prompt=prompt)
    except ValidationError:
        assert not prompt.strip() or "\0" in prompt
    else:
        request.prompt.encode()
        assert controls(request.shown_title) == set()


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"zzz": 1}, ("zzz",)),
        ({"limits": {"cpu": 1}}, ("limits", "cpu")),
        ({"limits": {"cpus": 0}}, ("limits", "cpus")),
        ({"limits": {"cpus": float("nan")}}, ("limits", "cpus")),
        ({"limits": {"memory_mb": -1}}, ("limits", "memory_mb")),
        ({"limits": {"lifetime_s": float("inf")}}, ("limits", "lifetime_s")),
        ({"agent": "Shell"}, ("agent",)),
        ({"agent": "../x"}, ("agent",)),
        ({"agent": "shell\n"}, ("agent",)),
        ({"agent": "x" * 33}, ("agent",)),
        ({"network": "wide"}, ("network",)),
        ({"workspace_mode": "own"}, ("workspace_mode",)),
        ({"priority": 101}, ("priority",)),
        ({"slot": 0}, ("slot",)),
        ({"env": {"A=B": "x"}}, ("env",)),
        ({"env": {"": "x"}}, ("env",)),
        ({"env": {"1A": "x"}}, ("env",)),
        ({"env": {"\u00c4": "x"}}, ("env",)),
        ({"env": {"A": "x\0"}}, ("env",)),
        ({"env": {"A": "\udcff"}}, ("env",)),
        ({"agent_options": {"when": datetime.date(2026, 1, 1)}}, ("agent_options", "when")),
        ({"workspace_mode": "empty", "workspace": "/x"}, ()),
    ],
)
def test_what_is_refused_is_named(fields: dict[str, Any], place: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        make(**fields)
    (error,) = caught.value.errors()
    assert error["loc"] == place


def test_a_refused_name_cannot_act_on_a_terminal() -> None:
    with pytest.raises(ValidationError) as caught:
        make(env={"\x1b]52;c;YQ==\x07": "x"})
    assert "\x1b" not in caught.value.errors()[0]["msg"]


def test_a_request_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        make().prompt = "other"


def test_a_request_comes_back_from_json() -> None:
    request = make(
        title="t",
        env={"A": "1"},
        limits={"cpus": 1.5},
        agent_options={"seed": 7, "deep": [{"a": None}]},
        slot=3,
    )
    assert TaskRequest.model_validate(json.loads(request.model_dump_json())) == request
