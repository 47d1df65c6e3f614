"""A person with a home and a project, and commands that run in a container on it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.local import Local
from tests.support.product import Product

# A busy machine is no defect of what is tested.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


class Person:
    """Somebody whose project lies in their home, as most do; everything else there is nobody's business.

    Args:
        product: the installed product.
        home: the person's home.
    """

    def __init__(self, product: Product, home: Path) -> None:
        self.product = product
        self.home = home
        self.project = home / "project"
        self.project.mkdir(parents=True)
        (self.project / "mine.txt").write_text("mine\n")

    def run(self, *command: str, flags: tuple[str, ...] = (), env: Mapping[str, str] | None = None) -> str:
        """Run a command in a fresh container on the project; it must succeed. Gives what it printed."""
        done = self.product.run(
            *("run", "--workspace", str(self.project), *flags, "--", *command),
            env={"HOME": str(self.home), **(env or {})},
        )
        assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
        return done.stdout

    def python(
        self, script: str, *words: str, flags: tuple[str, ...] = (), env: Mapping[str, str] | None = None
    ) -> str:
        """Run a piece of Python inside."""
        return self.run("python3", "-I", "-c", script, *words, flags=flags, env=env).strip()


@pytest.fixture
def person(product: Product, tmp_path: Path) -> Person:
    os.umask(0o022)
    return Person(product, tmp_path / "person")


@pytest.fixture
def local(product: Product) -> Iterator[Local]:
    """The backend alone; nothing of it is left, as the product's own end proves."""
    made = Local(product.paths)
    yield made
    made.close()
