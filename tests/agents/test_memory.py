"""What a session leaves for the next one of its project: kept, given, shown, changed, forgotten, without secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.agents.claude_fleet import PATIENCE_S, ask, use
from tests.support.fleet import end_of, event
from tests.support.product import Product
from tests.support.scripted_api import ScriptedApi

SECRET = "sk-ant-api03-0123456789abcdef0123456789"


@pytest.mark.long
@pytest.mark.real
def test_notes_of_one_session_are_given_to_the_next_in_that_project(
    product: Product, client: Client, api: ScriptedApi, tmp_path: Path, place: Path
) -> None:
    use(tmp_path)
    first = ask(client, place, "notes", headless=True, permission_mode="bypassPermissions")
    assert end_of(client, first.id, PATIENCE_S).state is TaskState.COMPLETED, client.log_tail(first.id)
    event(client, "memory.updated", task_id=first.id)
    kept = product.json("memory", "show", "--workspace", str(place))
    assert "The parser is half done." in kept["text"]
    assert SECRET not in kept["text"]
    assert not set(kept["text"]) & {"\x1b", "\x07"}
    end_of(client, ask(client, place, "text", headless=True).id, PATIENCE_S)
    assert "The parser is half done." in api.messages("text")[-1].said
    other = tmp_path / "other"
    other.mkdir()
    end_of(client, ask(client, other, "text", headless=True).id, PATIENCE_S)
    assert "The parser is half done." not in api.messages("text")[-1].said


@pytest.mark.long
@pytest.mark.real
def test_a_session_that_wrote_nothing_leaves_a_line(
    product: Product, client: Client, api: ScriptedApi, tmp_path: Path, place: Path
) -> None:
    use(tmp_path)
    task = end_of(client, ask(client, place, "text", headless=True).id, PATIENCE_S)
    event(client, "memory.updated", task_id=task.id)
    kept = product.json("memory", "show", "--workspace", str(place))["text"]
    assert kept.endswith("done: SCENARIO=text do it (Hello from the script.)\n")


@pytest.mark.long
@pytest.mark.real
def test_what_an_agent_puts_in_the_place_of_its_notes_leads_nowhere(
    product: Product, client: Client, api: ScriptedApi, tmp_path: Path, place: Path
) -> None:
    use(tmp_path)
    task = ask(client, place, "notes-link", headless=True, permission_mode="bypassPermissions")
    task = end_of(client, task.id, PATIENCE_S)
    event(client, "memory.updated", task_id=task.id)
    assert "root:" not in product.json("memory", "show", "--workspace", str(place))["text"]


def test_it_is_changed_and_forgotten(product: Product, place: Path) -> None:
    said = product.json("memory", "edit", "--text", f"Tests run with make.\nKey {SECRET}\x1b[2J", cwd=place)
    assert said["text"] == "Tests run with make.\nKey [hidden]"
    assert product.json("memory", "show", cwd=place)["text"] == said["text"]
    assert [each["project"] for each in product.json("memory", "list")] == [str(place)]
    assert product.run("memory", "show", cwd=place).stdout.startswith("Tests run with make.\n")
    assert product.json("memory", "forget", "--yes", cwd=place) == {"forgotten": True}
    assert product.json("memory", "show", cwd=place) is None
    assert product.json("memory", "forget", "--yes", cwd=place) == {"forgotten": False}


def test_one_that_is_too_long_is_refused(product: Product, place: Path) -> None:
    code, error = product.error("memory", "edit", "--text", "x" * 16_001, cwd=place)
    assert (code, error["code"]) == (2, "E100")
