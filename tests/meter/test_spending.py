"""Money is asked for before it is spent, counted once, and never spent past a ceiling by many at once."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parhelia_tui.core.meter import ceilings, entries
from parhelia_tui.core.meter.bill import Usage
from parhelia_tui.core.meter.book import open_book
from parhelia_tui.core.meter.money import NANO, nano, shown
from parhelia_tui.core.meter.spending import (
    Answer,
    Spender,
    adjust,
    day_of,
    reserve,
    settle,
    settle_abandoned,
    standing,
    standings,
)
from parhelia_tui.core.model.errors import ParheliaError

NOW = 1_800_000_000.0
ANN = Spender("c-1", "t-1")
BOB = Spender("c-2", "t-2", "p-1")
NOTHING = Usage(0, 0)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    book = open_book(tmp_path / "meter.db")
    yield book
    book.close()


def spent(db: sqlite3.Connection, spender: Spender = ANN) -> dict[str, tuple[int, int]]:
    return {each.scope: (each.spent, each.reserved) for each in standings(db, spender, day_of(NOW))}


def test_a_request_is_set_aside_until_it_is_settled(db: sqlite3.Connection) -> None:
    assert reserve(db, "r1", ANN, "m", 70, NOW).answer is Answer.GRANTED
    assert spent(db) == {"all": (0, 70), "day": (0, 70), "task:t-1": (0, 70)}
    assert settle(db, "r1", Usage(3, 4), 50, NOW)
    assert spent(db) == {"all": (50, 0), "day": (50, 0), "task:t-1": (50, 0)}


def test_settling_twice_counts_once(db: sqlite3.Connection) -> None:
    reserve(db, "r1", ANN, "m", 70, NOW)
    assert [settle(db, "r1", NOTHING, cost, NOW) for cost in (50, 60)] == [True, False]
    assert spent(db)["all"] == (50, 0)
    assert [each.cost for each in entries.since(db, 0)] == [50]


def test_a_plan_and_its_task_are_both_charged(db: sqlite3.Connection) -> None:
    reserve(db, "r1", BOB, "m", 70, NOW)
    settle(db, "r1", NOTHING, 9, NOW)
    assert spent(db, BOB) == {"all": (9, 0), "day": (9, 0), "task:t-2": (9, 0), "plan:p-1": (9, 0)}
    assert spent(db, ANN)["task:t-1"] == (0, 0)


@pytest.mark.parametrize("scope", ["all", "day", "task:t-2", "plan:p-1"])
def test_a_spent_ceiling_of_each_kind_refuses(db: sqlite3.Connection, scope: str) -> None:
    ceilings.put(db, scope, 10, NOW)
    reserve(db, "r1", BOB, "m", 5, NOW)
    settle(db, "r1", NOTHING, 10, NOW)
    verdict = reserve(db, "r2", BOB, "m", 1, NOW)
    assert (verdict.answer, [each.scope for each in verdict.ceilings]) == (Answer.SPENT, [scope])
    assert spent(db, BOB)["all"] == (10, 0)


def test_the_last_request_alone_may_go_beyond_the_ceiling(db: sqlite3.Connection) -> None:
    ceilings.put(db, "all", 10, NOW)
    assert reserve(db, "r1", ANN, "m", 1000, NOW).answer is Answer.GRANTED
    assert reserve(db, "r2", BOB, "m", 1, NOW).answer is Answer.WAIT
    settle(db, "r1", NOTHING, 4, NOW)
    assert reserve(db, "r2", BOB, "m", 1, NOW).answer is Answer.GRANTED


def test_a_ceiling_of_nothing_lets_nothing_through(db: sqlite3.Connection) -> None:
    ceilings.put(db, "day", 0, NOW)
    assert reserve(db, "r1", ANN, "m", 0, NOW).answer is Answer.GRANTED
    assert reserve(db, "r2", ANN, "m", 1, NOW).answer is Answer.SPENT


def test_a_day_ends_at_midnight_and_everything_goes_on(db: sqlite3.Connection) -> None:
    ceilings.put(db, "day", 10, NOW)
    ceilings.put(db, "all", 15, NOW)
    reserve(db, "r1", ANN, "m", 1, NOW)
    settle(db, "r1", NOTHING, 12, NOW)
    assert reserve(db, "r2", ANN, "m", 1, NOW).answer is Answer.SPENT
    assert reserve(db, "r2", ANN, "m", 1, NOW + 86400).answer is Answer.GRANTED
    settle(db, "r2", NOTHING, 3, NOW + 86400)
    assert reserve(db, "r3", ANN, "m", 1, NOW + 86400).answer is Answer.SPENT


def test_a_request_across_midnight_belongs_to_the_day_of_its_start(db: sqlite3.Connection) -> None:
    reserve(db, "r1", ANN, "m", 7, NOW)
    settle(db, "r1", NOTHING, 9, NOW + 86400)
    assert spent(db)["day"] == (9, 0)


def test_what_is_known_of_an_abandoned_request_is_charged(db: sqlite3.Connection) -> None:
    reserve(db, "r1", ANN, "m", 70, NOW)
    reserve(db, "r2", BOB, "m", 80, NOW)
    adjust(db, "r1", Usage(5, 1, cache_read=9), 33)
    assert spent(db)["all"] == (0, 113)
    assert [settle_abandoned(db, "c-1", NOW) for _ in range(2)] == [1, 0]
    assert spent(db)["all"] == (33, 80)
    (entry,) = entries.since(db, 0)
    assert (entry.estimated, entry.input_tokens, entry.cache_read, entry.cost) == (True, 5, 9, 33)
    assert entries.containers_with_open(db) == ["c-2"]


def test_entries_come_in_the_order_of_their_settling(db: sqlite3.Connection) -> None:
    for name in ("a", "b", "c"):
        reserve(db, name, ANN, "m", 1, NOW)
    for name in ("c", "a", "b"):
        settle(db, name, NOTHING, 1, NOW)
    assert [(each.seq, each.request) for each in entries.since(db, 0)] == [(1, "c"), (2, "a"), (3, "b")]
    assert [each.request for each in entries.since(db, 1, most=1)] == ["a"]


def test_a_raise_gives_what_it_says_also_beyond_what_was_spent(db: sqlite3.Connection) -> None:
    ceilings.put(db, "task:t-1", 10, NOW)
    reserve(db, "r1", ANN, "m", 1, NOW)
    settle(db, "r1", NOTHING, 25, NOW)
    assert ceilings.lift(db, "task:t-1", 5, NOW).limit == 30
    assert reserve(db, "r2", ANN, "m", 5, NOW).answer is Answer.GRANTED


def test_who_is_told_to_stop_gets_nothing_until_its_ceiling_is_raised(db: sqlite3.Connection) -> None:
    ceilings.stop(db, "t-1", NOW)
    assert reserve(db, "r1", ANN, "m", 1, NOW).answer is Answer.STOPPED
    assert reserve(db, "r2", BOB, "m", 1, NOW).answer is Answer.GRANTED
    ceilings.lift(db, "task:t-1", 5, NOW)
    assert reserve(db, "r1", ANN, "m", 1, NOW).answer is Answer.GRANTED


def test_a_configuration_does_not_change_what_a_person_set(db: sqlite3.Connection) -> None:
    ceilings.put(db, "day", 5, NOW, source=ceilings.BY_CONFIG)
    ceilings.put(db, "day", 9, NOW)
    assert ceilings.put(db, "day", 7, NOW, source=ceilings.BY_CONFIG) == 9
    ceilings.take_away(db, "day", source=ceilings.BY_CONFIG)
    assert [(each.scope, each.limit, each.source) for each in ceilings.every(db)] == [("day", 9, "set")]
    assert ceilings.put(db, "day", None, NOW) == 9
    assert ceilings.every(db) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    limit=st.integers(0, 3000),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["ask", "settle", "adjust", "die"]), st.integers(0, 9), st.integers(0, 900)
        ),
        max_size=60,
    ),
)
def test_the_accounts_are_the_sums_of_the_entries(
    tmp_path_factory: pytest.TempPathFactory, limit: int, steps: list[tuple[str, int, int]]
) -> None:
    db = open_book(tmp_path_factory.mktemp("book") / "meter.db")
    ceilings.put(db, "all", limit, NOW)
    who = [Spender(f"c-{n}", f"t-{n % 3}", "p" if n % 2 else None) for n in range(5)]
    for number, (what, n, amount) in enumerate(steps):
        if what == "ask":
            before = spent(db)["all"]
            granted = reserve(db, f"r{n}-{number}", who[n % 5], "m", amount, NOW).answer is Answer.GRANTED
            assert not granted or sum(before) + amount <= limit or (before[0] < limit and before[1] == 0)
        elif what == "die":
            settle_abandoned(db, who[n % 5].container, NOW)
        else:
            for (request,) in db.execute("SELECT request FROM entries WHERE state = 'reserved' LIMIT 1"):
                if what == "settle":
                    settle(db, request, NOTHING, amount, NOW)
                else:
                    adjust(db, request, Usage(n, 0), amount)
    expected = db.execute(
        "SELECT coalesce(sum(cost_nano), 0), coalesce(sum(reserved_nano) FILTER (WHERE state = 'reserved'), 0)"
        " FROM entries"
    ).fetchone()
    assert spent(db)["all"] == tuple(expected)
    db.close()


RACER = """
import random, sys, time
from pathlib import Path
from parhelia_tui.core.meter.bill import Usage
from parhelia_tui.core.meter.book import open_book
from parhelia_tui.core.meter.spending import Answer, Spender, reserve, settle

path, seed, number, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
db = open_book(path)
sys.stdin.read(1)
for turn in range(rounds):
    luck = random.Random(f"{seed}-{number}-{turn}")
    who = Spender(f"{turn}-c-{number}", f"t-{number}", f"run-{turn}")
    for asked in range(1000):
        name = f"{turn}-{number}-{asked}"
        while (said := reserve(db, name, who, "m", luck.randint(1, 60), 1.8e9)).answer is Answer.WAIT:
            time.sleep(0.0005)
        if said.answer is not Answer.GRANTED:
            break
        time.sleep(luck.random() / 500)
        # What it really costs may be far from what was thought.
        settle(db, name, Usage(1, 1), luck.randint(0, 150), 1.8e9)
"""


def _race(tmp_path: Path, seed: int, rounds: int) -> None:
    """Let 20 processes spend at once against one ceiling for each round."""
    path = tmp_path / f"race-{seed}.db"
    db = open_book(path)
    limit = 1000
    for turn in range(rounds):
        ceilings.put(db, f"plan:run-{turn}", limit, NOW)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(path), str(seed), str(n), str(rounds)], stdin=subprocess.PIPE
        )
        for n in range(20)
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write(b"x")
        racer.stdin.close()
    assert [racer.wait(120) for racer in racers] == [0] * 20
    for turn in range(rounds):
        rows = db.execute(
            "SELECT container, cost_nano FROM entries WHERE plan = ? ORDER BY settled_seq",
            (f"run-{turn}",),
        ).fetchall()
        total, late = 0, []
        for row in rows:
            if total >= limit:
                late.append(row["container"])
            total += row["cost_nano"]
        assert total >= limit
        # What came in after the ceiling was reached was in flight then: one of each process at most.
        assert len(late) == len(set(late)) < 20
        account = db.execute("SELECT * FROM accounts WHERE scope = ?", (f"plan:run-{turn}",)).fetchone()
        assert tuple(account) == (f"plan:run-{turn}", total, 0)
    db.close()


def test_twenty_processes_never_spend_more_than_the_ceiling_and_what_is_in_flight(tmp_path: Path) -> None:
    _race(tmp_path, random.randrange(10**6), 2)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10))
def test_twenty_processes_over_a_hundred_seeded_runs(tmp_path: Path, seed: int) -> None:
    _race(tmp_path, seed, 10)


def test_many_processes_make_one_book(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from parhelia_tui.core.meter.book import open_book;"
        " open_book(Path(sys.argv[1])).close()"
    )
    makers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "m.db")]) for _ in range(8)]
    assert [each.wait(60) for each in makers] == [0] * 8


def test_something_else_in_the_place_of_the_book_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "meter.db"
    other = sqlite3.connect(path)
    other.execute("PRAGMA application_id = 7")
    other.execute("CREATE TABLE t (a)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(ParheliaError, match="E506"):
        open_book(path)
    assert path.read_bytes() == before


def test_amounts_are_exact_and_said_rounded_down() -> None:
    assert [nano(each) for each in (Decimal("1e-10"), 1.1, 0)] == [1, 1_100_000_000, 0]
    assert [shown(each) for each in (NANO, 999_999_999, 12_345 * NANO + 999, 0)] == [
        "$1.00",
        "$0.9999",
        "$12,345.00",
        "$0.0000",
    ]


def test_an_amount_too_small_for_its_digits_is_not_said_to_be_nothing(db: sqlite3.Connection) -> None:
    assert [shown(each) for each in (1, 99_999, 100_000)] == ["under $0.0001", "under $0.0001", "$0.0001"]
    ceilings.put(db, "task:t-1", 30_000, NOW)
    one = Spender("c-1", "t-1")
    assert reserve(db, "r1", one, "m", 30_000, NOW).answer is Answer.GRANTED
    settle(db, "r1", NOTHING, 40_000, NOW)
    refused = reserve(db, "r2", one, "m", 1, NOW)
    assert [each.words for each in refused.ceilings] == [
        "under $0.0001 of under $0.0001 for task t-1 are spent"
    ]


def test_the_parts_of_a_group_share_its_ceiling_and_its_stop(db: sqlite3.Connection) -> None:
    one, two = (Spender(f"c-{n}", f"t-{n}", group="t-all") for n in (1, 2))
    ceilings.put(db, "task:t-all", 100, NOW)
    assert reserve(db, "r1", one, "m", 60, NOW).answer is Answer.GRANTED
    # What is set aside for one is not there for the other.
    assert reserve(db, "r2", two, "m", 60, NOW).answer is Answer.WAIT
    settle(db, "r1", NOTHING, 100, NOW)
    refused = reserve(db, "r2", two, "m", 60, NOW)
    assert (refused.answer, refused.ceilings[0].scope) == (Answer.SPENT, "task:t-all")
    ceilings.lift(db, "task:t-all", 100, NOW)
    assert reserve(db, "r2", two, "m", 60, NOW).answer is Answer.GRANTED
    # Who dies with it open is charged on the group too.
    settle_abandoned(db, "c-2", NOW)
    assert standing(db, "task:t-all", "task:t-all").spent == 160
    ceilings.stop(db, "t-all", NOW)
    assert reserve(db, "r3", one, "m", 1, NOW).answer is Answer.STOPPED
