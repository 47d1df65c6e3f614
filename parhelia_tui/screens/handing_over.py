"""The terminal handed over to something else, and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from textual.app import App


@contextmanager
def handed_over(app: App[Any]) -> Iterator[None]:
    """Hand the terminal over, and take it back whatever is raised meanwhile.

    Textual's `suspend` takes it back only where nothing is raised: the screen stayed empty for good.

    Raises:
        SuspendNotSupported: this terminal cannot be handed over, as in a browser.
    """
    trouble: BaseException | None = None
    with app.suspend():
        try:
            yield
        except BaseException as error:
            trouble = error
    if trouble is not None:
        raise trouble
