"""The terminal handed over to something else, and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from textual.app import App

from parhelia_tui.widgets.keys_in_turn import forget_keys


@contextmanager
def handed_over(app: App[Any]) -> Iterator[None]:
    """Hand the terminal over, and take it back whatever is raised meanwhile.

    Textual's `suspend` takes it back only where nothing is raised: the screen stayed empty for good. Keys that had come
    by then were meant for what was to get the terminal, and do nothing here.

    Raises:
        SuspendNotSupported: this terminal cannot be handed over, as in a browser.
    """
    trouble: BaseException | None = None
    try:
        with app.suspend():
            try:
                yield
            except BaseException as error:
                trouble = error
    finally:
        forget_keys(app)
    if trouble is not None:
        raise trouble
