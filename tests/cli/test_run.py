"""`parhelia run`: a command in a fresh container."""

from __future__ import annotations

import pytest

from tests.support.product import Product

pytestmark = pytest.mark.real


def test_the_output_and_the_exit_code_of_the_command_are_passed_through(product: Product) -> None:
    done = product.run("run", "echo out; exit 42", "--mode", "empty")
    assert (done.returncode, done.stdout) == (42, "out\n")
