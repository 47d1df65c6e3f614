"""A directory to work on, and a shell in a container on a terminal as a person has one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance_cases.shells import PROMPT, Shell
from tests.support.fleet import workspace
from tests.support.outer_terminal import OuterTerminal
from tests.support.product import PARHELIA, Product


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The workspace of the test."""
    return workspace(tmp_path)


@pytest.fixture
def shell(product: Product) -> Iterator[Shell]:
    """Opens `parhelia shell WORDS` in bash and waits for its prompt; all of them are gone afterwards."""
    with ExitStack() as stack:

        def open_shell(*words: str, program: str = PARHELIA) -> OuterTerminal:
            terminal = stack.enter_context(OuterTerminal([program, "shell", *words], {"SHELL": "/bin/bash"}))
            terminal.wait_for(PROMPT, 30)
            return terminal

        yield open_shell
