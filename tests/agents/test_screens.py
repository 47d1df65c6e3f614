"""Screens of the agent as they were recorded at each version, and what the rules make of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from parhelia_tui.core.agents.registry import agent
from parhelia_tui.core.agents.screens import meaning, unsent
from parhelia_tui.core.client import Client
from tests.agents.claude_fleet import PATIENCE_S, ask, use
from tests.support.real_claude import VERSIONS, at_every_version
from tests.support.scripted_api import ScriptedApi
from tests.support.waiting import wait_until

FRAMES = sorted((Path(__file__).parent / "frames").glob("*.txt"))


@pytest.mark.parametrize("frame", FRAMES, ids=lambda path: path.stem)
def test_a_recorded_screen_means_what_it_was_recorded_for(frame: Path) -> None:
    rules = agent("claude").screen
    assert rules is not None
    found = meaning(rules, frame.read_text().splitlines())
    assert found is not None
    assert found[0] == frame.stem.rpartition("-")[2]


def test_there_are_frames_of_every_version() -> None:
    assert {path.stem.rpartition("-")[0] for path in FRAMES} == set(VERSIONS)


def test_a_screen_that_no_rule_knows_means_nothing() -> None:
    rules = agent("claude").screen
    assert rules is not None
    assert meaning(rules, ["", "something else"]) is None
    assert meaning(rules, []) is None


EDGE = "─" * 40


@pytest.mark.parametrize(
    ("lines", "column", "stands"),
    [
        (["said", EDGE, "❯ ", EDGE, "  ? for shortcuts"], 2, ""),
        (["said", EDGE, '❯ Try "write a test"', EDGE], 2, ""),
        (["said", EDGE, "❯ half a thought", EDGE], 16, "half a thought"),
        (["❯ sent", "answer", EDGE, "❯ ", EDGE], 2, ""),
        (["said", "❯ 1. Yes", "  2. No"], 2, None),
        (["❯ sent", EDGE, "  1. Yes", EDGE], 2, None),
    ],
)
def test_what_stands_unsent_in_its_line(lines: list[str], column: int, stands: str | None) -> None:
    rules = agent("claude").screen
    assert rules is not None
    row = next((n for n in reversed(range(len(lines))) if not lines[n].startswith((EDGE, "  ?"))), 0)
    assert unsent(rules, lines, row, column) == stands


def test_the_rows_of_a_long_line_are_one() -> None:
    rules = agent("claude").screen
    assert rules is not None
    lines = [EDGE, "❯ one two", "  three", "  ❯ four", EDGE]
    for row in (1, 2, 3):
        assert unsent(rules, lines, row, 9) == "one two\n  three\n  ❯ four"


@pytest.mark.long
@pytest.mark.real
@at_every_version
def test_what_only_the_screen_tells_is_told_with_its_source(
    client: Client, api: ScriptedApi, tmp_path: Path, place: Path, version: str
) -> None:
    use(tmp_path, version)
    task = ask(client, place, "529")
    wait_until(lambda: client.task(task.id).agent_state == "retrying", PATIENCE_S)
    assert client.task(task.id).agent_source == "screen"
