"""A comparison of texts ends soon, whoever wrote them, and real texts are compared."""

from __future__ import annotations

import random
import time

from parhelia_tui.core.checkpoints.text import compared


def test_lines_that_are_everywhere_are_not_compared_for_an_hour() -> None:
    before = "".join(f"{number % 150}\n" for number in range(20_000)).encode()
    after = "".join(f"{(number * 7 + number // 150) % 150}\n" for number in range(20_000)).encode()
    began = time.process_time()
    found = compared(before, after, "file")
    assert (found.text, found.too_big) == ("", True)
    assert time.process_time() - began < 30


def test_a_big_text_with_many_changes_is_compared() -> None:
    choose = random.Random(1)
    words = [f"word{number}" for number in range(300)]
    lines = [" ".join(choose.choices(words, k=choose.randrange(7))) + "\n" for _ in range(15_000)]
    changed = [line if choose.random() < 0.9 else f"{line.strip()} more\n" for line in lines]
    found = compared("".join(lines).encode(), "".join(changed).encode(), "file")
    assert not found.too_big
    assert found.text.count("\n+") > 1000
