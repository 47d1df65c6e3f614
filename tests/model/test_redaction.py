"""Secrets of known shapes are taken out of text, and nothing else is."""

from __future__ import annotations

import pytest

from parhelia_tui.core.model.redaction import HIDDEN, redacted, redacted_values

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
    "text", ["make test", "sk-short", "the password is wrong", "git log --oneline", "a:b@c", "task-1a2b"]
)
def test_other_text_stays(text: str) -> None:
    assert redacted(text) == text


def test_every_text_of_a_value_is_looked_at() -> None:
    given = {"a": [f"sk-ant-{SECRET}", 5, None], f"ghp_{SECRET}": {"b": "fine"}}
    assert redacted_values(given) == {"a": [HIDDEN, 5, None], HIDDEN: {"b": "fine"}}
