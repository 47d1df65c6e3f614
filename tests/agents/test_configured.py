"""Agents that the configuration defines: started, watched by patterns, gone on with."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from parhelia_tui.core.agents.configured import ConfiguredAgent, configured
from parhelia_tui.core.agents.program.lines import Lines
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.support.fleet import configure, create, end_of, event
from tests.support.key_shapes import SHAPES, seen_in
from tests.support.product import Product
from tests.support.waiting import wait_until

# Plays an agent: it keeps its talk in a file of its home, and prints one JSON object a line.
SCRIPT = r"""
mkdir -p ~/.mine; echo "$1" >>~/.mine/talk
echo '{"type":"begin"}'
echo '{"type":"tool","name":"Bash","input":"make test"}'
until [ -e /workspace/go ]; do sleep 0.05; done
printf '{"type":"say","text":"I said \033]0;owned\007 %s"}\n' "$(wc -l <~/.mine/talk)"
"""
AGENT = """
[agents.mine]
command = ["/bin/sh", "-c", {script}, "sh", "{{prompt}}"]
resume = ["/bin/sh", "-c", {script}, "sh", "{{prompt}}"]
conversation = ".mine"
[agents.mine.states]
working = '"type":"begin"|"type":"say","text":"(?P<words>[^"]*)"'
tool = '"type":"tool","name":"(?P<tool>[^"]*)","input":"(?P<detail>[^"]*)"'
"""


@pytest.mark.long
@pytest.mark.real
def test_its_lines_become_states_and_its_talk_goes_on(
    product: Product, client: Client, tmp_path: Path, place: Path
) -> None:
    configure(tmp_path, AGENT.format(script=json.dumps(SCRIPT)))
    task = create(client, "do it", place, agent="mine")
    wait_until(lambda: client.task(task.id).agent_state == "tool", 60)
    seen = client.task(task.id)
    assert (seen.agent_source, seen.agent_tool, seen.agent_detail) == ("stream", "Bash", "make test")
    (place / "go").touch()
    task = end_of(client, task.id, 60)
    assert (task.state, task.agent_state, task.last_line) == (
        TaskState.COMPLETED,
        "done",
        "I said 1",
    )
    event(client, "checkpoint.created", task_id=task.id)
    code, error = product.error("resume", task.id, "--message", SHAPES["a model's provider"])
    assert (code, error["code"]) == (2, "E100")
    assert seen_in(product.paths.database.read_bytes()) == []
    product.json("resume", task.id, "--message", "and again")
    wait_until(lambda: client.task(task.id).attempt == 2, 60)
    assert end_of(client, task.id, 60).last_line == "I said 2"


def test_one_whose_program_is_missing_says_so(product: Product, tmp_path: Path) -> None:
    configure(tmp_path, '[agents.mine]\ncommand = ["no-such-program-here", "{prompt}"]\n')
    code, error = product.error("task", "create", "--agent", "mine", "do it")
    assert (code, error["code"]) == (8, "E500")
    listed = {each["name"]: each for each in product.json("agent", "list")}
    assert "not on this machine" in listed["mine"]["problem"]
    assert {"codex", "gemini"} <= set(listed)


@pytest.mark.parametrize(
    "table",
    [
        "command = []",
        'command = ["a"]\nstates = { working = "(" }',
        'command = ["a"]\nstates = { sleeping = "a" }',
        'command = ["a"]\nconversation = "../elsewhere"',
        'command = ["a"]\nmounts = ["/"]',
        'command = ["a"]\nenv = { "A=B" = "x" }',
    ],
)
def test_a_definition_that_cannot_be_is_refused_with_its_place(
    product: Product, tmp_path: Path, table: str
) -> None:
    configure(tmp_path, f"[agents.mine]\n{table}\n")
    code, error = product.error("config", "check")
    assert (code, error["code"]) == (2, "E700")
    assert "config.toml:" in error["message"]


# Recorded lines of the public formats (`codex exec --json`, `gemini --output-format stream-json`).
RECORDED = {
    "codex": [
        ('{"type":"thread.started","thread_id":"0199a213"}', ("starting", "", "")),
        ('{"type":"turn.started"}', ("working", "", "")),
        (
            '{"type":"item.started","item":{"id":"item_1","type":"command_execution","command":"bash -lc ls"}}',
            ("tool", "", "bash -lc ls"),
        ),
        (
            '{"type":"item.completed","item":{"id":"item_3","type":"agent_message","text":"It is done."}}',
            ("working", "", "It is done."),
        ),
        ('{"type":"turn.failed","error":{"message":"usage limit"}}', ("error", "", "usage limit")),
    ],
    "gemini": [
        ('{"type":"init","session_id":"s","model":"gemini"}', ("starting", "", "")),
        ('{"type":"tool_use","tool_name":"run_shell_command","tool_id":"1"}', ("tool", "run_shell_command", "")),
        ('{"type":"tool_result","tool_id":"1","status":"success"}', ("working", "", "")),
        ('{"type":"message","role":"assistant","content":"Fine.","delta":true}', ("working", "", "Fine.")),
        ('{"type":"error","severity":"error","message":"quota"}', ("error", "", "quota")),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_the_patterns_of_known_agents_read_their_recorded_lines(name: str, tmp_path: Path) -> None:
    known = configured()[name]
    assert isinstance(known, ConfiguredAgent)
    patterns = tmp_path / "patterns.json"
    patterns.write_text(json.dumps(known.patterns))
    out, write = os.pipe()
    err, other = os.pipe()
    try:
        lines = Lines(out, err, str(patterns))
        for line, expected in RECORDED[name]:
            os.write(write, line.encode() + b"\n")
            (state,) = lines.take()
            assert (state.state, state.tool, state.detail) == expected
    finally:
        for each in (out, write, err, other):
            os.close(each)


@pytest.mark.real
def test_one_that_is_gone_from_the_configuration_leaves_its_tasks_readable_and_others_at_work(
    product: Product, client: Client, tmp_path: Path, place: Path
) -> None:
    configure(
        tmp_path,
        '[agents.mine]\ncommand = ["/bin/sh", "-c", "sleep 300", "{prompt}"]\nconversation = ".mine"\n',
    )
    task = create(client, "do it", place, agent="mine")
    wait_until(lambda: client.task(task.id).state is TaskState.RUNNING, 60)
    configure(tmp_path, "")
    other = create(client, "echo fine", place)
    assert end_of(client, other.id, 60).state is TaskState.COMPLETED
    product.json("task", "cancel", task.id)
    assert end_of(client, task.id, 60).state is TaskState.CANCELLED
    assert product.json("task", "show", task.id)["agent"] == "mine"
