"""The account: set up, checked in words, and not needed by anything else."""

from __future__ import annotations

import pytest

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
