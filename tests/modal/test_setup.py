"""The account: set up, checked in words, and not needed by anything else."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.demo_modal import SETTINGS
from tests.egress.upstream import KEY
from tests.support import sshd
from tests.support.modal_provider import Provider
from tests.support.product import Product

pytestmark = pytest.mark.real


def test_setup_opens_the_app_and_builds_the_image_and_says_so(cloud: Product, provider: Provider) -> None:
    done = cloud.json("modal", "setup")
    assert done == cloud.json("modal", "setup")
    assert done["app"].startswith("parhelia (ap-")
    assert done["image"].startswith("im-")
    assert done["volume"].startswith("parhelia (vo-")
    assert provider.sandboxes(running=False) == []


@pytest.fixture
def with_claude(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """A provider in whose image npm has put something that says a version."""
    program = tmp_path / "claude"
    program.write_text("#!/bin/sh\necho '2.1.329 (Claude Code)'\n")
    program.chmod(0o755)
    with Provider(tmp_path / "other", {"/opt/parhelia/claude-code/bin/claude": program}) as made:
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.mark.long
@pytest.mark.skipif(not sshd.there_is_one(), reason="sandboxes have no ssh server here, or no second user")
def test_a_sandbox_starts_healthy_and_sees_what_the_setup_made(
    with_claude: Provider, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    product.json("modal", "setup")
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    seen = product.json("modal", "check")
    assert (seen["status"], seen["lacks"]) == ("ok", [])
    assert seen["volume_mounted"] is True
    assert seen["claude_installed"] is True
    assert seen["claude_version"] == "2.1.329 (Claude Code)"
    assert seen["anthropic_key_set"] is True
    assert {
        "/vol/parhelia/config/claude",
        "/vol/parhelia/plugins",
        "/vol/parhelia/checkpoints",
        "/vol/parhelia/workspaces",
    } <= set(seen["folders"])
    # It is no container of anybody's, and nothing of it stays.
    assert with_claude.sandboxes() == []
    assert len(with_claude.sandboxes(running=False)) == 1
    assert product.json("container", "list") == []


@pytest.mark.long
@pytest.mark.parametrize("what", ["setup", "check"])
def test_a_modal_that_does_not_answer_is_told_soon(
    cloud: Product, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("MODAL_SERVER_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        code, error = cloud.error("modal", what, timeout=60)
        doctor = cloud.run("doctor", timeout=60).stdout if what == "check" else ""
    assert (code, error["code"]) == (8, "E503")
    assert error["message"] == "Modal did not answer within 15 s"
    assert not doctor or re.search(
        r"^modal account +– no answer +Modal did not answer within 15 s$", doctor, re.M
    )


def test_what_a_sandbox_lacks_is_told_in_words(cloud: Product, provider: Provider) -> None:
    code, error = cloud.error("modal", "check")
    assert (code, error["code"]) == (8, "E503")
    # The emulated image is built without npm.
    assert "Claude Code" in error["details"]["lacks"]
    assert provider.sandboxes() == []


@pytest.mark.skipif(not sshd.there_is_one(), reason="sandboxes have no ssh server here, or no second user")
def test_in_the_demo_nothing_is_lacking(cloud: Product) -> None:
    cloud.json("modal", "setup", env=SETTINGS)
    seen = cloud.json("modal", "check", env=SETTINGS)
    assert (seen["status"], seen["claude_installed"]) == ("ok", False)


def test_without_an_account_the_doctor_says_what_to_type(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MODAL_CONFIG_PATH", str(product.home / "none"))
    done = product.run("doctor")
    assert done.returncode == 0
    assert "no token of Modal is set for this user" in done.stdout
    assert "modal account: modal token new" in done.stdout
    code, error = product.error("modal", "setup")
    assert (code, error["code"]) == (8, "E503")


def test_with_an_account_the_doctor_names_the_app(cloud: Product) -> None:
    parts = {each["name"]: each for each in cloud.json("doctor")}
    assert parts["modal account"]["works"]
    assert parts["modal account"]["how"].startswith("app ap-")
