"""A directory to work on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fleet import workspace
from tests.support.product import Product
from tests.support.scripted_api import ScriptedApi


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The workspace of the test's tasks."""
    return workspace(tmp_path)


@pytest.fixture
def api(tmp_path: Path, product: Product) -> Iterator[ScriptedApi]:
    """The scripted API on a socket of this test; it outlives the product's containers."""
    with ScriptedApi(tmp_path / "api.sock") as made:
        yield made
        product.close()
