"""The small programs that the demo agent writes: each with a mistake in it that its test finds."""

from __future__ import annotations

from typing import NamedTuple


class Project(NamedTuple):
    """One of them.

    Args:
        name: of the folder and of the module.
        words: with one of them in the prompt, this project comes first.
        aim: what it is good for, as the end of a sentence.
        module: the module as it is written first, with `wrong` in it once.
        test: its test; `{extra}` stands where one more may go.
        extra: that one more, which the question is about.
        question: asked before anything is written.
        wrong, right: the mistake and its mending.
        found: what the failing test shows.
        other, instead: a harmless change that mends nothing, for an agent that is to fail.
    """

    name: str
    words: tuple[str, ...]
    aim: str
    module: str
    test: str
    extra: str
    question: str
    wrong: str
    right: str
    found: str
    other: str
    instead: str


INTERVALS = Project(
    name="intervals",
    words=("interval", "calendar", "merge", "schedule"),
    aim="joins intervals that overlap or touch",
    module='''"""Intervals of numbers, as of minutes or of lines."""

from __future__ import annotations


def merge(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join what overlaps or touches; the result is sorted."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def covered(intervals: list[tuple[int, int]]) -> int:
    """Say how much lies in at least one of them."""
    return sum(end - start for start, end in merge(intervals))
''',
    test="""import unittest

from intervals import covered, merge


class Intervals(unittest.TestCase):
    def test_what_overlaps_is_joined(self) -> None:
        self.assertEqual(merge([(5, 9), (1, 6)]), [(1, 9)])

    def test_what_touches_is_joined(self) -> None:
        self.assertEqual(merge([(1, 2), (2, 3)]), [(1, 3)])

    def test_nothing_is_counted_twice(self) -> None:
        self.assertEqual(covered([(0, 10), (5, 15), (20, 21)]), 16)
{extra}

if __name__ == "__main__":
    unittest.main()
""",
    extra="""
    def test_no_intervals_cover_nothing(self) -> None:
        self.assertEqual(covered([]), 0)
""",
    question="Shall I also test what happens without any interval?",
    wrong="        if merged and start < merged[-1][1]:\n",
    right="        if merged and start <= merged[-1][1]:\n",
    found="Intervals that only touch stay apart: the comparison leaves out the border.",
    other="    for start, end in sorted(intervals):\n",
    instead="    for start, end in sorted(set(intervals)):\n",
)

SLUGS = Project(
    name="slugs",
    words=("slug", "title", "url", "address", "name"),
    aim="makes names for addresses out of titles",
    module='''"""Names for addresses."""

from __future__ import annotations

import re
import unicodedata


def slug(title: str) -> str:
    """Make a name of lower-case letters and digits, with single dashes between its words."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]", "-", plain).strip("-")


def unique(title: str, taken: set[str]) -> str:
    """Make a name that is not taken yet."""
    name, number = slug(title), 1
    while (found := name if number == 1 else f"{name}-{number}") in taken:
        number += 1
    return found
''',
    test="""import unittest

from slugs import slug, unique


class Slugs(unittest.TestCase):
    def test_accents_are_taken_off(self) -> None:
        self.assertEqual(slug("Crème brûlée"), "creme-brulee")

    def test_words_are_joined_by_single_dashes(self) -> None:
        self.assertEqual(slug("Hello,  World!"), "hello-world")

    def test_a_taken_name_gets_a_number(self) -> None:
        self.assertEqual(unique("Notes", {"notes", "notes-2"}), "notes-3")
{extra}

if __name__ == "__main__":
    unittest.main()
""",
    extra="""
    def test_a_title_without_letters_gives_no_name(self) -> None:
        self.assertEqual(slug("!?"), "")
""",
    question="A title without letters gives an empty name. Shall I pin that with a test?",
    wrong='    return re.sub(r"[^a-z0-9]", "-", plain).strip("-")\n',
    right='    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")\n',
    found="Each sign becomes a dash of its own, so two in a row leave two dashes.",
    other="    name, number = slug(title), 1\n",
    instead="    name, number = slug(title.strip()), 1\n",
)

LEDGER = Project(
    name="ledger",
    words=("ledger", "sum", "money", "invoice", "bill", "total"),
    aim="adds up amounts of money by day",
    module='''"""Amounts of money by day."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal


def daily(entries: list[tuple[str, str]]) -> dict[str, Decimal]:
    """Add up the amounts of each day, exactly."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for day, amount in entries:
        sums[day] += Decimal(float(amount))
    return dict(sums)


def dearest(entries: list[tuple[str, str]]) -> str:
    """Name the day on which most was spent, the first of them where there are several."""
    sums = daily(entries)
    return max(sums, key=lambda day: sums[day])
''',
    test="""import unittest
from decimal import Decimal

from ledger import daily, dearest


class Ledger(unittest.TestCase):
    def test_a_day_is_added_up_to_the_cent(self) -> None:
        self.assertEqual(daily([("Mon", "0.10"), ("Mon", "0.20")]), {"Mon": Decimal("0.30")})

    def test_days_are_kept_apart(self) -> None:
        self.assertEqual(set(daily([("Mon", "1"), ("Tue", "2")])), {"Mon", "Tue"})

    def test_the_dearest_day_is_found(self) -> None:
        self.assertEqual(dearest([("Mon", "3"), ("Tue", "2"), ("Tue", "2")]), "Tue")
{extra}

if __name__ == "__main__":
    unittest.main()
""",
    extra="""
    def test_money_that_comes_back_is_taken_off(self) -> None:
        self.assertEqual(daily([("Mon", "5"), ("Mon", "-5")]), {"Mon": 0})
""",
    question="May amounts be negative? Then I test that too.",
    wrong="        sums[day] += Decimal(float(amount))\n",
    right="        sums[day] += Decimal(amount)\n",
    found="The way over float makes 0.1 a little more than a tenth, and the sum is off.",
    other="    return dict(sums)\n",
    instead="    return dict(sorted(sums.items()))\n",
)

RETRY = Project(
    name="retry",
    words=("retry", "backoff", "restart", "queue", "network", "flaky"),
    aim="says how long to wait between tries",
    module='''"""Waiting between tries."""

from __future__ import annotations


def delays(tries: int, first: float = 1.0, most: float = 30.0) -> list[float]:
    """Give the seconds between so many tries: doubled each time, never more than `most`."""
    return [min(first * 2**number, most) for number in range(tries)]


def patience(tries: int, first: float = 1.0, most: float = 30.0) -> float:
    """Add up all the waiting, in seconds."""
    return sum(delays(tries, first, most))
''',
    test="""import unittest

from retry import delays, patience


class Retry(unittest.TestCase):
    def test_each_wait_is_twice_the_last(self) -> None:
        self.assertEqual(delays(4)[:3], [1.0, 2.0, 4.0])

    def test_there_is_no_wait_after_the_last_try(self) -> None:
        self.assertEqual(delays(2), [1.0])

    def test_no_wait_is_longer_than_the_longest(self) -> None:
        self.assertEqual(max(delays(9, most=10.0)), 10.0)
{extra}

if __name__ == "__main__":
    unittest.main()
""",
    extra="""
    def test_one_try_waits_for_nothing(self) -> None:
        self.assertEqual(patience(1), 0)
""",
    question="A single try needs no waiting. Shall I test that as well?",
    wrong="    return [min(first * 2**number, most) for number in range(tries)]\n",
    right="    return [min(first * 2**number, most) for number in range(tries - 1)]\n",
    found="Between n tries lie n - 1 waits; this waits once more, after the last.",
    other="    return sum(delays(tries, first, most))\n",
    instead="    return float(sum(delays(tries, first, most)))\n",
)

CACHE = Project(
    name="cache",
    words=("cache", "memory", "slow", "speed", "lru"),
    aim="keeps what was used last",
    module='''"""A small cache."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any


class Cache:
    """Keeps so many values; the one that was not used for longest has to go first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[str, Any] = OrderedDict()

    def get(self, key: str) -> Any:
        """Give a value, None where it is not kept."""
        if key not in self._kept:
            return None
        return self._kept[key]

    def put(self, key: str, value: Any) -> None:
        """Keep a value."""
        self._kept[key] = value
        self._kept.move_to_end(key)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)
''',
    test="""import unittest

from cache import Cache


class Keeping(unittest.TestCase):
    def test_a_value_is_kept(self) -> None:
        cache = Cache(2)
        cache.put("a", 1)
        self.assertEqual(cache.get("a"), 1)

    def test_what_was_used_last_stays(self) -> None:
        cache = Cache(2)
        cache.put("a", 1)
        cache.put("b", 2)
        cache.get("a")
        cache.put("c", 3)
        self.assertEqual((cache.get("a"), cache.get("b")), (1, None))
{extra}

if __name__ == "__main__":
    unittest.main()
""",
    extra="""
    def test_a_value_can_be_replaced(self) -> None:
        cache = Cache(1)
        cache.put("a", 1)
        cache.put("a", 2)
        self.assertEqual(cache.get("a"), 2)
""",
    question="Shall I also test that a kept value can be replaced?",
    wrong="        return self._kept[key]\n",
    right="        self._kept.move_to_end(key)\n        return self._kept[key]\n",
    found="Reading a value does not count as using it, so the wrong one has to go.",
    other="        if len(self._kept) > self._size:\n",
    instead="        while len(self._kept) > self._size:\n",
)

SETTINGS = Project(
    name="settings",
    words=("setting", "config", "parser", "parse", "option"),
    aim="reads settings from lines of text",
    module='''"""Settings in lines: `name = value`."""

from __future__ import annotations


def parse(text: str) -> dict[str, str]:
    """Read all settings; comments and empty lines are left out."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, value = line.split("=")
        found[name.strip()] = value.strip()
    return found


def is_on(settings: dict[str, str], name: str) -> bool:
    """Say whether a setting is there and says yes."""
    return settings.get(name, "no").lower() in ("yes", "on", "true", "1")
''',
    test="""import unittest

from settings import is_on, parse


class Settings(unittest.TestCase):
    def test_lines_become_settings(self) -> None:
        self.assertEqual(parse("# sizes\\n\\nsmall = 1\\nbig=2\\n"), {"small": "1", "big": "2"})

    def test_a_value_may_hold_an_equals_sign(self) -> None:
        self.assertEqual(parse("query = a=b"), {"query": "a=b"})

    def test_yes_has_many_words(self) -> None:
        self.assertTrue(is_on({"colour": "On"}, "colour"))
{extra}

if __name__ == "__main__":
    unittest.main()
""",
    extra="""
    def test_what_is_not_set_is_off(self) -> None:
        self.assertFalse(is_on({}, "colour"))
""",
    question="What is not set counts as off. Is that right, and shall I test it?",
    wrong='        name, value = line.split("=")\n',
    right='        name, value = line.split("=", 1)\n',
    found="A value with an equals sign in it falls into three parts, not two.",
    other='        if not line or line.startswith("#"):\n',
    instead='        if not line or line[0] == "#":\n',
)

PAGES = Project(
    name="pages",
    words=("page", "list", "router", "request", "table"),
    aim="cuts long lists into pages",
    module='''"""Long lists in pages, counted from 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def count(items: int, size: int) -> int:
    """Say how many pages there are; an empty list has one."""
    return max(1, items // size)


def page(items: Sequence[Any], number: int, size: int) -> Sequence[Any]:
    """Give one page; one that does not exist is the nearest that does."""
    number = min(max(number, 1), count(len(items), size))
    return items[(number - 1) * size : number * size]
''',
    test="""import unittest

from pages import count, page


class Pages(unittest.TestCase):
    def test_a_page_that_is_not_full_counts(self) -> None:
        self.assertEqual(count(21, 10), 3)

    def test_the_last_page_holds_the_rest(self) -> None:
        self.assertEqual(page("abcdefgh", 3, 3), "gh")

    def test_an_empty_list_has_one_page(self) -> None:
        self.assertEqual(count(0, 10), 1)
{extra}

if __name__ == "__main__":
    unittest.main()
""",
    extra="""
    def test_a_page_before_the_first_is_the_first(self) -> None:
        self.assertEqual(page("abcdefgh", 0, 3), "abc")
""",
    question="Page 0 shows the first page now. Shall I fix that in a test?",
    wrong="    return max(1, items // size)\n",
    right="    return max(1, -(-items // size))\n",
    found="The last page is lost when it is not full: the division rounds down.",
    other="    number = min(max(number, 1), count(len(items), size))\n",
    instead="    number = max(1, min(number, count(len(items), size)))\n",
)

PROJECTS = (INTERVALS, SLUGS, LEDGER, RETRY, CACHE, SETTINGS, PAGES)
