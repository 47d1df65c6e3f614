"""The form for a new task: what it checks, what it remembers, and the task that it makes."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import pytest
from textual.widgets import Input, Select, TextArea

from parhelia_tui.core.client import Client, launch
from parhelia_tui.core.model.states import TASK_ENDED, TaskState
from parhelia_tui.screens.new_task import NewTaskScreen
from tests.dashboard.conftest import Opens
from tests.support.dashboard import Dashboard, dashboard
from tests.support.fleet import configure, create, end_of, reach
from tests.support.real_claude import claude
from tests.support.still_fleet import StillFleet
from tests.support.store import make_task


@pytest.fixture(autouse=True)
def in_the_workspace(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin in a directory that a container may work on, as a person does."""
    monkeypatch.chdir(place)


def prompt(seen: Dashboard) -> str:
    return seen.app.screen.query_one("#prompt", TextArea).text


def workspace_field(seen: Dashboard) -> Input:
    return seen.app.screen.query_one("#workspace", Input)


async def checked(seen: Dashboard) -> None:
    """Wait until the form knows the configuration."""
    form = seen.app.screen
    assert isinstance(form, NewTaskScreen)
    await seen.wait(lambda: form._make is not None)


async def test_what_is_typed_before_the_form_stands_is_in_it(opened_empty: Opens) -> None:
    async with opened_empty() as seen:
        await seen.press(*"necho")
        assert prompt(seen) == "echo"


@pytest.mark.real
async def test_a_task_typed_with_its_enter_at_once_is_made(client: Client, place: Path) -> None:
    async with dashboard(client) as seen:
        seen.burst("n", *"echo", "space", *"hi", "enter")
        await seen.wait(client.tasks)
    task = client.tasks()[0]
    assert task.prompt == "echo hi"
    assert end_of(client, task.id).state is TaskState.COMPLETED


@pytest.mark.real
async def test_enter_waits_until_the_form_knows_what_is_configured(
    client: Client, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PARHELIA_DEFAULTS__AGENT")
    configure(tmp_path, '[defaults]\nagent = "demo"\nworkspace_mode = "clone"\n')
    asked, read = threading.Event(), threading.Event()
    configuration = Client.configuration

    def slow(client: Client) -> object:
        asked.set()
        assert read.wait(30)
        return configuration(client)

    monkeypatch.setattr(Client, "configuration", slow)
    async with dashboard(client) as seen:
        await seen.press(*"nls", "enter")
        await seen.wait(asked.is_set)
        assert isinstance(seen.app.screen, NewTaskScreen)
        read.set()
        await seen.wait(client.tasks)
    task = client.tasks()[0]
    assert (task.agent, task.workspace_mode) == ("demo", "clone")
    # What is still being made when the test ends could be left behind.
    reach(client, task.id, TaskState.RUNNING, *TASK_ENDED)


async def test_it_may_be_left_before_it_is_ready(
    opened_empty: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = threading.Event()

    def wait_and_give(*_: object) -> str:
        assert left.wait(10)
        return "later"

    monkeypatch.setattr("parhelia_tui.screens.new_task.estimate_of", wait_and_give)
    async with opened_empty() as seen:
        await seen.press("n")
        form = seen.app.screen
        # A form that is left loses what is in it before its workers are told.
        await form.query("*").remove()
        left.set()
        await seen.wait(lambda: not any(each.group == "estimate" for each in form.workers))
        assert seen.app.is_running


async def test_it_begins_with_the_present_directory(opened_empty: Opens, place: Path) -> None:
    async with opened_empty() as seen:
        await seen.press("n")
        assert workspace_field(seen).value == str(place)


async def test_an_empty_prompt_is_refused_in_words(opened_empty: Opens) -> None:
    async with opened_empty() as seen:
        await seen.press("n", "enter")
        await seen.wait_for("E100: prompt")
        assert isinstance(seen.app.screen, NewTaskScreen)


@pytest.mark.parametrize(
    ("name", "why"),
    [("missing", "No such file"), ("file", "is not a directory"), ("/", "would show your whole home")],
)
async def test_a_workspace_that_cannot_be_is_told_while_it_is_typed(
    name: str, why: str, opened_empty: Opens, place: Path
) -> None:
    (place / "file").touch()
    async with opened_empty() as seen:
        await seen.press("n")
        await checked(seen)
        workspace_field(seen).value = name
        await seen.wait_for("E204", why)
        workspace_field(seen).value = str(place)
        await seen.wait_gone("E204")


async def test_an_empty_workspace_is_refused(opened_empty: Opens, empty: StillFleet) -> None:
    async with opened_empty() as seen:
        await seen.press(*"nls")
        await checked(seen)
        workspace_field(seen).value = " "
        await seen.wait_for("E204", "Workspace is empty")
        await seen.press("enter")
        await seen.wait_for("E204", "New task")
        with closing(empty.client()) as door:
            assert door.tasks() == []
        seen.app.screen.query_one("#mode", Select).value = "empty"
        await seen.wait_gone("E204")


async def test_a_new_directory_needs_no_name(opened_empty: Opens) -> None:
    async with opened_empty() as seen:
        await seen.press("n")
        seen.app.screen.query_one("#mode", Select).value = "empty"
        await seen.wait(lambda: workspace_field(seen).disabled)


async def test_ctrl_j_breaks_the_line(opened_empty: Opens) -> None:
    async with opened_empty() as seen:
        await seen.press("n", "a", "ctrl+j", "b")
        assert prompt(seen) == "a\nb"


async def test_tab_goes_from_field_to_field(opened_empty: Opens) -> None:
    async with opened_empty() as seen:
        await seen.press("n")
        names = []
        for _ in range(10):
            names.append(seen.app.focused and seen.app.focused.id)
            await seen.press("tab")
        limits = ["cpus", "memory_mb", "lifetime_s"]
        assert names == ["prompt", "agent", "network", "backend", "mode", "workspace", *limits, "create"]


async def test_escape_creates_nothing_and_keeps_what_was_typed(
    opened_empty: Opens, empty: StillFleet
) -> None:
    async with opened_empty() as seen:
        await seen.press(*"nls", "escape")
        assert seen.app.screen is seen.home
        await seen.press("n")
        assert prompt(seen) == "ls"
    with closing(empty.client()) as door:
        assert door.tasks() == []


async def test_it_begins_with_the_configured_defaults(
    opened_empty: Opens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PARHELIA_DEFAULTS__AGENT")
    configure(tmp_path, '[defaults]\nagent = "demo"\nnetwork = "open"\nworkspace_mode = "clone"\n')
    async with opened_empty() as seen:
        await seen.press("n")
        await checked(seen)
        values = [
            str(seen.app.screen.query_one(f"#{name}", Select).value) for name in ("agent", "network", "mode")
        ]
        assert values == ["demo", "open", "clone"]


@pytest.mark.real
@pytest.mark.parametrize(
    ("configured", "network"),
    [("", "api"), ('[defaults]\nnetwork = "none"\n', "none")],
    ids=["unsaid", "said"],
)
async def test_an_agent_gets_the_network_by_which_it_reaches_its_model_unless_one_is_configured(
    client: Client,
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    configured: str,
    network: str,
) -> None:
    monkeypatch.delenv("PARHELIA_DEFAULTS__AGENT")
    configure(tmp_path, f'{configured}[claude]\npath = "{claude()}"\n')
    async with dashboard(client) as seen:
        await seen.press("n")
        await seen.type("Tidy up")
        await seen.press("enter")
        await seen.wait(lambda: client.tasks())
    (task,) = client.tasks()
    assert (task.agent, task.network) == ("claude", network)


@pytest.mark.parametrize("chosen", ["", '[defaults]\nagent = "claude"\n'], ids=["built-in", "chosen"])
async def test_an_agent_that_is_not_installed_is_proposed_only_to_who_chose_it(
    opened_empty: Opens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    monkeypatch.delenv("PARHELIA_DEFAULTS__AGENT")
    configure(tmp_path, f'{chosen}[claude]\npath = "/nowhere/claude"\n')
    async with opened_empty() as seen:
        await seen.press("n")
        await checked(seen)
        form = seen.app.screen
        await seen.wait(lambda: all(each.is_finished for each in seen.app.workers if each.node is form))
        assert form.query_one("#agent", Select).value == ("claude" if chosen else "shell")


async def test_a_faulty_configuration_is_told_in_the_form(opened_empty: Opens, tmp_path: Path) -> None:
    configure(tmp_path, "[defaults]\nnetwork = 7\n")
    async with opened_empty() as seen:
        await seen.press("n")
        await seen.wait_for("E700")


@pytest.mark.long
@pytest.mark.real
async def test_enter_makes_a_task_that_runs_is_chosen_and_is_seen_live(client: Client, place: Path) -> None:
    other = create(client, "sleep 600", place)
    reach(client, other.id, TaskState.RUNNING, deadline_s=30)
    async with dashboard(client) as seen:
        # A filter that would hide it goes.
        await seen.press("slash")
        await seen.type("sleep")
        await seen.press("enter", "n")
        await seen.type("echo heard; cat")
        await seen.press("enter")
        await seen.wait(lambda: seen.home.chosen and seen.home.chosen.title == "echo heard; cat")
        await seen.wait_for("echo-heard-cat ▪ running")
        await seen.wait(lambda: any("heard" in text.plain for text in seen.home.terminal.view._lines))
        assert seen.shows("Tasks ▪ 2")
        await seen.press("n")
        assert prompt(seen) == ""
        assert workspace_field(seen).value == str(place)


@pytest.mark.real
async def test_ctrl_s_creates_from_any_field(client: Client, place: Path) -> None:
    async with dashboard(client) as seen:
        await seen.press("n")
        await seen.type("true")
        await seen.press("tab", "tab", "ctrl+s")
        await seen.wait(lambda: client.tasks())
    task = client.tasks()[0]
    assert (task.prompt, task.agent, task.network, task.workspace) == ("true", "shell", "none", str(place))
    assert end_of(client, task.id, 30).state is TaskState.COMPLETED


@pytest.mark.real
async def test_the_button_creates_with_what_was_chosen(client: Client) -> None:
    async with dashboard(client) as seen:
        await seen.press("n")
        await checked(seen)
        await seen.type("touch made")
        seen.app.screen.query_one("#mode", Select).value = "empty"
        await seen.pilot.pause()
        await seen.pilot.click("#create")
        await seen.wait(lambda: client.tasks())
    task = end_of(client, client.tasks()[0].id, 30)
    assert task.workspace_mode == "empty"
    assert (Path(task.workspace) / "made").exists()


async def test_a_task_that_is_there_before_it_is_expected_is_chosen_through_a_filter(
    opened: Opens, still: StillFleet
) -> None:
    async with opened() as seen:
        await seen.press("slash")
        await seen.type("cache")
        still.add(make_task("t-0000000a", title="the fresh one"))
        await seen.wait(lambda: "t-0000000a" in seen.home.fleet.tasks)
        seen.home.expect("t-0000000a")
        await seen.wait(lambda: seen.home.tasks.key == "t-0000000a")
        assert seen.shows("Tasks ▪ 8")


async def test_it_says_what_tasks_of_the_agent_have_cost(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("n")
        await seen.wait_for("New task")
        assert not seen.shows("Usually costs")
        seen.app.screen.query_one("#agent", Select).value = "demo"
        await seen.wait_for("Usually costs $0.12, seldom more than $0.12 (from 1 ended task).")
        seen.app.screen.query_one("#agent", Select).value = "shell"
        await seen.wait_gone("Usually costs")


TEMPLATES = """
[templates.review]
about = "a second pair of eyes"
prompt = "Review {prompt} with care"
agent = "demo"
workspace_mode = "clone"
network = "open"
priority = 7
limits = { cpus = 0.5, pids = 99 }
[templates.sweep]
prompt = "sweep the floor"
"""


@pytest.mark.long
async def test_a_template_fills_the_form_and_what_it_sets_unseen_goes_along(
    opened_empty: Opens, empty: StillFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, TEMPLATES)
    # What is stored is looked at; nothing is to run.
    monkeypatch.setattr(launch, "wake_controller", lambda paths: None)
    door = empty.client()
    async with opened_empty() as seen:
        await seen.press("n")
        await seen.type("it")
        await seen.wait_for("Template")
        select = seen.app.screen.query_one("#template", Select)
        select.focus()
        await seen.press("down", "down", "enter")
        assert select.value == "review"
        await seen.wait_for("Template: priority 7, limits pids 99")
        assert prompt(seen) == "Review it with care"
        # The cursor stands behind what was typed, in the place of the template.
        await seen.type("self")
        assert prompt(seen) == "Review itself with care"
        # A draft keeps its template.
        await seen.press("escape", "n")
        await seen.wait_for("Template: priority 7")
        await seen.press("enter")
        await seen.wait(lambda: door.tasks())
        (task,) = door.tasks()
        assert (task.prompt, task.agent, task.network) == ("Review itself with care", "demo", "open")
        assert (task.workspace_mode, task.priority, task.limits.cpus, task.limits.pids) == (
            *("clone", 7),
            *(0.5, 99),
        )
        # The next one begins without it.
        await seen.press("n")
        await checked(seen)
        assert seen.app.screen.query_one("#template", Select).value == ""
        assert not seen.shows("Template: priority")
    # Another run remembers what was chosen, and no prompt.
    kept = (empty.paths.home / "dashboard.json").read_text()
    assert "Review" not in kept
    async with opened_empty() as seen:
        await seen.press("n")
        await checked(seen)
        form = seen.app.screen
        values = [
            str(form.query_one(f"#{name}", Select).value) for name in ("agent", "network", "backend", "mode")
        ]
        assert values == ["demo", "open", "local", "clone"]
        assert prompt(seen) == ""
    door.close()


async def test_what_is_remembered_and_there_no_more_is_forgotten(
    opened_empty: Opens, empty: StillFleet
) -> None:
    (empty.paths.home / "dashboard.json").write_text(
        '{"new_agent": "gone", "new_network": "none", "new_mode": "clone", "new_backend": "moon"}'
    )
    async with opened_empty() as seen:
        await seen.press("n")
        await checked(seen)
        form = seen.app.screen
        values = [str(form.query_one(f"#{name}", Select).value) for name in ("agent", "backend", "mode")]
        assert values == ["shell", "local", "clone"]
