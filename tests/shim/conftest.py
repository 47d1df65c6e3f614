"""Settings for all tests of the shim, and a client over the product's state directory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from parhelia_tui.core.client import Client
from tests.support.product import Product

# A busy machine is no defect of what is tested.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture
def client(product: Product) -> Iterator[Client]:
    """Sees what the store holds, as any front does."""
    made = product.client()
    yield made
    made.close()
