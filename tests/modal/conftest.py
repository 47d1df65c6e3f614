"""An emulated provider for every test here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.egress.conftest import Fleet
from tests.egress.upstream import running, says
from tests.support.modal_provider import Provider
from tests.support.product import Product


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """A provider of the test's own, which every `modal` that the test starts speaks to."""
    with Provider(tmp_path / "provider") as made:
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
def cloud(provider: Provider, product: Product) -> Product:
    """The installed product with the emulated provider as its own, which outlives it."""
    return product


@pytest.fixture
def fleet(cloud: Product, provider: Provider, tmp_path: Path) -> Iterator[Fleet]:
    """The product at the provider, with an API that sandboxes reach as far as their network lets them."""
    workspace = tmp_path / "work"
    workspace.mkdir()
    with running(says("Hello")) as api:
        provider.order("reach", port=api.port)
        yield Fleet(cloud, api, workspace)
        cloud.close()
