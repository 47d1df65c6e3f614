"""Secrets of known shapes are taken out of text, and nothing else is."""

from __future__ import annotations

import json

import pytest

from parhelia_tui.core.model.redaction import HIDDEN, begun_key, holds_key, masked, redacted, redacted_values
from tests.support.key_shapes import SHAPES, seen_in

SECRET = "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6"


@pytest.mark.parametrize(
    "text",
    [
        f"export ANTHROPIC_API_KEY=sk-ant-api03-{SECRET}",
        f"OPENAI sk-proj-{SECRET}",
        f"git push https://ghp_{SECRET}@example.org",
        f"github_pat_{SECRET}",
        f"curl -H 'Authorization: Bearer {SECRET}'",
        f"glpat-{SECRET}",
        f"xoxb-{SECRET}",
        "aws AKIAABCDEFGHIJKLMNOP",
        f"AIza{SECRET}abc",
        f"npm_{SECRET}",
        f"eyJhbGciOiJI.{SECRET}.{SECRET}",
        f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}",
        f"postgres://user:{SECRET}@host/db",
        f'"password": "{SECRET}"',
        f"DB_PASSWORD={SECRET}",
        f"client_secret = {SECRET}",
    ],
)
def test_a_secret_is_hidden(text: str) -> None:
    assert HIDDEN in redacted(text)
    assert SECRET not in redacted(text)
    assert "ABCDEFGHIJKLMNOP" not in redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "make test",
        "sk-short",
        "the password is wrong",
        "git log --oneline",
        "a:b@c",
        "task-1a2b",
        "treat-as-abcdefghijklmnopqrstuv",
        "risk_live_",
        "as-is",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize("shape", SHAPES)
def test_a_key_of_each_shape_is_known_in_every_way(shape: str) -> None:
    key = SHAPES[shape]
    for text in (key, f"with {key}", f'{{"a": "{key}"}}', f"A={key}", f"{key},"):
        assert holds_key(text)
        assert seen_in(redacted(text).encode()) == []
        assert seen_in(masked(text.encode())) == []
        assert len(masked(text.encode())) == len(text)
    # Cut anywhere, its beginning is known for one.
    if shape != "a private key":
        for cut in range(1, len(key)):
            assert begun_key(f"with {key[:cut]}").endswith(key[:cut]), cut


def test_what_is_starred_out_of_json_stays_json() -> None:
    for key in SHAPES.values():
        for value in ({"tail": f"a {key} b".split("\n")}, {"a": {"b": f"{key}\n"}, "c": [key, key]}):
            for text in (
                json.dumps(value),
                json.dumps({"nested": json.dumps(value)}),
                json.dumps(value, indent=1),
            ):
                starred = masked(text.encode())
                assert seen_in(starred) == []
                assert len(starred) == len(text)
                json.loads(starred)


def test_every_text_of_a_value_is_looked_at() -> None:
    given = {"a": [f"sk-ant-{SECRET}", 5, None], f"ghp_{SECRET}": {"b": "fine"}}
    assert redacted_values(given) == {"a": [HIDDEN, 5, None], HIDDEN: {"b": "fine"}}
