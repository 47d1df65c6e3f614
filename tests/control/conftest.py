"""A client over the product's state directory, and a directory to work on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from tests.support.fleet import workspace
from tests.support.product import Product


@pytest.fixture
def client(product: Product) -> Iterator[Client]:
    """Sees what the store holds, as any front does."""
    made = product.client()
    yield made
    made.close()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The workspace of the test's tasks."""
    return workspace(tmp_path)
