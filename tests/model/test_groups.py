"""Groups: the targets of a prompt, and how a group stands from how its parts stand."""

from __future__ import annotations

import contextlib
import time

import pytest
from pydantic import ValidationError

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.groups import Part, summarize, way
from parhelia_tui.core.model.request import TaskRequest
from parhelia_tui.core.model.states import TASK_MOVES, TaskState
from parhelia_tui.core.model.targets import filled, listed


def part(target: str, state: TaskState, reason: str = "", cost: float | None = None, **more: float) -> Part:
    """A part of a group."""
    question = "which one?" if state is TaskState.WAITING else ""
    tokens = int(more.get("tokens", 0))
    return Part(
        f"t-{target}", target, state, reason, question, tokens, tokens // 2, cost,
        more.get("started"), more.get("finished"),
    )  # fmt: skip


def test_one_failure_of_two_is_a_failure_that_names_it_and_adds_up_what_both_cost() -> None:
    found = summarize(
        [
            part("a", TaskState.COMPLETED, "exit code 0", 0.5, tokens=10, started=1.0, finished=4.0),
            part("b", TaskState.FAILED, "exit code 1", 0.3, tokens=20, started=2.0, finished=3.0),
        ]
    )
    assert (found.state, found.reason) == (TaskState.FAILED, "1 of 2 completed; failed: b (exit code 1)")
    assert (found.cost_usd, found.input_tokens, found.output_tokens) == (0.8, 30, 15)
    assert (found.started_at, found.finished_at, found.done, found.total) == (1.0, 4.0, 2, 2)


@pytest.mark.parametrize(
    ("states", "wanted", "state"),
    [
        ("pending pending", "run", "pending"),
        ("pending dispatching", "run", "running"),
        ("completed pending", "run", "running"),
        ("running waiting completed", "run", "waiting"),
        ("completed completed", "run", "completed"),
        ("completed completed", "cancel", "completed"),
        ("completed cancelled", "run", "cancelled"),
        ("failed cancelled", "run", "failed"),
        ("failed cancelled", "cancel", "cancelled"),
        ("failed needs_review completed", "run", "needs_review"),
    ],
)
def test_a_group_stands_as_its_parts_do(states: str, wanted: str, state: str) -> None:
    parts = [part(f"{number}", TaskState(each)) for number, each in enumerate(states.split())]
    found = summarize(parts, wanted=wanted)
    assert found.state == state
    assert bool(found.reason) == (found.finished_at is not None or found.done == found.total)
    assert found.question == ("1: which one?" if "waiting" in states else "")


def test_of_many_failures_the_first_are_named_and_the_rest_counted() -> None:
    found = summarize([part(f"f{number}", TaskState.FAILED, "no\x1b[31m") for number in range(9)])
    assert found.reason == "0 of 9 completed; failed: f0 (no), f1 (no), f2 (no), 6 more"


def test_a_cost_that_nobody_knows_is_not_nothing() -> None:
    assert summarize([part("a", TaskState.COMPLETED)]).cost_usd is None
    assert (
        summarize([part("a", TaskState.COMPLETED), part("b", TaskState.COMPLETED, "", 0.0)]).cost_usd == 0.0
    )


def test_every_state_is_reached_from_every_other_by_allowed_moves_alone() -> None:
    for old in TaskState:
        for new in TaskState:
            at = old
            for state in way(old, new):
                assert state in TASK_MOVES[at]
                at = state
            assert at == new


@pytest.mark.parametrize(
    ("prompt", "targets", "rest"),
    [
        (
            "Run tests in tests/unit/, tests/integration/, tests/e2e/",
            ("tests/unit/", "tests/integration/", "tests/e2e/"),
            "Run tests in {target}",
        ),
        ("Add tests for a.py, b.py and c.py.", ("a.py", "b.py", "c.py"), "Add tests for {target}."),
        ("Move `src/a.ts`, and `src/b.ts` to v2", ("src/a.ts", "src/b.ts"), "Move {target} to v2"),
        (
            "Fix:\n- a.py\n* b c, the old one\n\nThanks",
            ("a.py", "b c, the old one"),
            "Fix:\n{target}\n\nThanks",
        ),
    ],
)
def test_a_prompt_that_plainly_lists_targets_is_taken_apart(
    prompt: str, targets: tuple[str, ...], rest: str
) -> None:
    found = listed(prompt)
    assert (found.targets, found.prompt) == (targets, rest)


@pytest.mark.parametrize(
    "prompt",
    ["Fix src/a.py", "Do this, that and the other", "1. a.py\n2. b.py", "Use 1.5, 2.5, e.g. twice",
     "Compare a.py, b.py with c.py, d.py", "", "- only one"],
)  # fmt: skip
def test_a_prompt_that_lists_nothing_or_twice_is_refused(prompt: str) -> None:
    with pytest.raises(ParheliaError) as caught:
        listed(prompt)
    assert caught.value.code == "E100"


@pytest.mark.parametrize("piece", ["a", "-", "a.", "a/", "a, ", "- x\n", "~", "a.b "])
def test_a_prompt_of_any_length_is_looked_through_in_time(piece: str) -> None:
    begun = time.process_time()
    with contextlib.suppress(ParheliaError):
        listed(piece * (200_000 // len(piece)))
    assert time.process_time() - begun < 5


def test_a_target_is_one_word_of_a_command_line_and_stands_as_it_is_in_a_prompt() -> None:
    assert filled("pytest {target} -q {target}", "a b; rm -rf x", "shell") == (
        "pytest 'a b; rm -rf x' -q 'a b; rm -rf x'"
    )
    assert filled("test {target}", "a b", "claude") == "test a b"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"prompt": "ls", "targets": ["a"]}, "no {target}"),
        ({"prompt": "ls {target}", "targets": ["a", "a"]}, "stands twice"),
        ({"prompt": "ls {target}", "targets": [" "]}, "is no target"),
        ({"prompt": "ls {target}", "targets": ["a\0"]}, "is no target"),
        ({"prompt": "ls {target}", "targets": ["a"], "slot": 1}, "a slot"),
        ({"prompt": "ls {target}", "targets": [str(each) for each in range(1001)]}, "1000"),
        ({"prompt": "ls", "budget_each_usd": 1}, "there are none"),
    ],
)
def test_targets_that_cannot_be_are_refused_in_words(fields: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TaskRequest(**fields)  # type: ignore[arg-type]
    assert words in str(caught.value)
