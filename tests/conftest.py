"""What every test gets: a state directory of its own, and where the pictures of screens lie."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_textual_snapshot import SVGImageExtension

from parhelia_tui.core.client import Client
from tests.support.product import Product

if TYPE_CHECKING:
    from syrupy.location import PyTestLocation

ROOT = Path(__file__).resolve().parent.parent


def snapshot_directory(*, test_location: PyTestLocation) -> str:
    """Where the pictures of one test file lie: snapshots/<test file>, not beside the test."""
    return str(ROOT / "snapshots" / test_location.basename)


# The plugin fixes this class inside its fixture and has no setting for the place.
SVGImageExtension.dirname = staticmethod(snapshot_directory)


def pytest_configure() -> None:
    """Let what the tests start be interrupted, also where a shell began them in the background, which ignores that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that pin a screen, so that `make snapshots` finds them."""
    for item in items:
        if "snap_compare" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.snapshot)


@pytest.fixture(autouse=True)
def own_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep every test away from the state, the settings and the terminal of whoever runs it."""
    monkeypatch.setenv("PARHELIA_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    # A test that wants an agent names it; most want a command line.
    monkeypatch.setenv("PARHELIA_DEFAULTS__AGENT", "shell")
    # A test that wants a failure to be reviewed says so.
    monkeypatch.setenv("PARHELIA_POLICY__REVIEW_ON_ERROR", "false")
    for name in ("TMUX", "TMUX_PANE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def product(own_state: None, tmp_path: Path) -> Iterator[Product]:
    """The installed product over a state directory of the test's own; nothing of it is left afterwards."""
    made = Product(tmp_path / "state")
    yield made
    made.close()


@pytest.fixture
def client(product: Product) -> Iterator[Client]:
    """Sees what the product's store holds, as any front does."""
    made = product.client()
    yield made
    made.close()
