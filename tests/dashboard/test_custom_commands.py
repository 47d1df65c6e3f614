"""Commands of the user's own: what may define one, what may be in one, and how the dashboard runs it."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path

import pytest
from textual.command import CommandInput

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.custom_commands import custom_commands
from parhelia_tui.core.settings.custom_words import fault_of_words, filled_words
from parhelia_tui.core.settings.read_only import VARIABLE
from parhelia_tui.screens.command_line import CommandLineScreen
from parhelia_tui.screens.confirm import ConfirmScreen
from parhelia_tui.screens.help import HelpScreen
from tests.dashboard.conftest import Opens
from tests.support.dashboard import Dashboard
from tests.support.product import Product
from tests.support.still_fleet import DONE, LIVE, PORTS, WAITS, WATCHES, StillFleet
from tests.support.store import make_task
from tests.support.waiting import process_is_there, until

HOSTILE = """-x; touch owned $(touch owned) `touch owned` "'\x1b[31m & | > owned"""
SAYS = "import json, sys; print('first'); print(json.dumps(sys.argv[1:]))"


def define(tmp_path: Path, text: str) -> Path:
    """Write the user's commands."""
    path = tmp_path / "config" / "parhelia" / "commands.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def words(*more: str) -> str:
    """A line `run` of a program that prints its words as JSON."""
    return f"run = {json.dumps([sys.executable, '-c', SAYS, *more])}"


def told(seen: Dashboard) -> str:
    """The notice, however it is folded."""
    return seen.home.notice.render().plain


@pytest.mark.long
async def test_a_command_runs_by_key_by_name_and_by_palette_with_values_as_single_words(
    still: StillFleet, opened: Opens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    still.add(make_task("t-0000000a", title=HOSTILE))
    define(
        tmp_path,
        f'[say]\nabout = "say it"\nkey = "f6"\n{words("--", "{title}", "--of={id}")}\n'
        f'[far]\nscope = "container"\nconfirm = true\n{words("{id}", "{task}")}\n'
        f'[bad]\nscope = "fleet"\nrun = ["sh", "-c", "echo failed >&2; exit 3"]\n'
        f"[bare]\n{words('{title}')}\n",
    )
    async with opened() as seen:
        seen.home.expect("t-0000000a")
        await seen.wait(lambda: seen.home.tasks.key == "t-0000000a")
        await seen.press("f6")
        await seen.wait(lambda: told(seen).startswith("say: ["))
        assert json.loads(told(seen).removeprefix("say: ")) == [
            "--", HOSTILE.replace("\x1b[31m", ""), "--of=t-0000000a"
        ]  # fmt: skip
        assert list(place.iterdir()) == []
        # What begins with - would be an option.
        await seen.press("colon", "exclamation_mark", *"bare", "enter")
        await seen.wait_for("E401", "would be read as an option")
        # By name, with completion; one that failed tells its code and its last line.
        await seen.press("colon", "exclamation_mark", "b")
        assert isinstance(seen.app.screen, CommandLineScreen)
        await seen.wait_for("!bad", "!bare")
        await seen.press("a", "d", "enter")
        await seen.wait_for("bad ended with 3: failed")
        await seen.press("colon", "exclamation_mark", *"none", "enter")
        await seen.wait_for("There is no command !none. There is !say, !far, !bad, !bare.")
        # The help says why one can do nothing now.
        await seen.press("question_mark")
        assert isinstance(seen.app.screen, HelpScreen)
        listed = "\n".join(f"{before}{words}" for before, words in seen.app.screen.lines())
        assert "\nCommands of your own\nf6           say it\n:!far " in listed
        assert "\n    not now: no container that lives is chosen\n:!bad " in listed
        await seen.press("escape")
        # By the palette, for the container under the cursor, after a question.
        seen.home.tasks.select(PORTS)
        await seen.pilot.pause()
        await seen.press("ctrl+p")
        assert seen.app.screen.query_one(CommandInput)
        await seen.press(*"far")
        await seen.wait_for("far")
        await seen.press("enter")
        await seen.wait(lambda: isinstance(seen.app.screen, ConfirmScreen))
        assert seen.shows(f"Run far for {LIVE[PORTS]}?", "outside of every container")
        await seen.press("y")
        await seen.wait_for(f'far: ["{LIVE[PORTS]}", "{PORTS}"]')


COMMANDS = (
    f'[mine]\nkey = "f6"\n{words("{id}")}\n[inside]\nkey = "f7"\nscope = "container"\n{words("{id}")}\n'
    f'[all]\nkey = "f8"\nscope = "fleet"\n{words("all")}\n'
)
PAST = "This is the past: nothing is acted on here."


@pytest.mark.parametrize(
    ("way", "there", "task_said", "container_said"),
    [
        ("d", "About", PORTS, LIVE[PORTS]),
        ("d3", "nothing was said", PORTS, LIVE[PORTS]),
        ("l", "output", PORTS, LIVE[PORTS]),
        ("C", "No checkpoints yet.", PORTS, LIVE[PORTS]),
        ("w", "Fleet > Wall", PORTS, LIVE[PORTS]),
        ("\tjd", "Fleet > container", PORTS, LIVE[PORTS]),
        ("ij", "permission", WAITS, LIVE[WAITS]),
        ("BG", "owner", WATCHES, LIVE[WATCHES]),
        ("U", "Bump dep", DONE, "No container that lives is chosen."),
        ("S", "Settings ▪", "This screen is about no task.", "No container that lives is chosen."),
        ("T", "THE PAST", PAST, PAST),
    ],
)  # fmt: skip
async def test_the_key_of_a_command_is_for_what_the_screen_is_about(
    way: str,
    there: str,
    task_said: str,
    container_said: str,
    still: StillFleet,
    opened: Opens,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Client, "wake", lambda self: None)
    define(tmp_path, COMMANDS)
    if way == "ij":
        still.ask()
    if way == "U":
        with closing(still.client()) as door:
            door.trash_tasks([DONE])
    async with opened((200, 40)) as seen:
        seen.home.tasks.select(PORTS)
        await seen.press(*("tab" if key == "\t" else key for key in way))
        await seen.wait_for(there)
        screen = seen.app.screen
        for key, name, said in (
            ("f6", "mine", task_said),
            ("f7", "inside", container_said),
            ("f8", "all", PAST if way == "T" else "all"),
        ):
            await seen.press(key)
            await seen.wait_for(said if said.endswith(".") else f'{name}: ["{said}"]')
            assert seen.app.screen is screen
            if way not in "ST":
                # What can do nothing now is no key of the last line.
                await (seen.wait_gone if said.endswith(".") else seen.wait_for)(f"{key} {name}")
        await seen.press("question_mark")
        assert isinstance(seen.app.screen, HelpScreen)
        listed = "\n".join(f"{before}{words}" for before, words in seen.app.screen.lines())
        assert "Commands of your own\nf6 " in listed


async def test_a_key_that_means_something_else_on_a_screen_is_left_to_that(
    opened: Opens, tmp_path: Path
) -> None:
    define(tmp_path, f'[own]\nkey = "b"\n{words("{id}")}\n[tool]\nkey = "f"\n{words("{id}")}\n')
    async with opened() as seen:
        await seen.press("d")
        await seen.wait_for("About", "f tool")
        await seen.press("b")
        await seen.wait_for("B makes a branch of what changed, on the tab changes.")
        # On the tab of the talk `f` folds tools; elsewhere it is free.
        await seen.press("3")
        await seen.wait_gone("f tool")
        await seen.press("question_mark")
        assert isinstance(seen.app.screen, HelpScreen)
        listed = "\n".join(f"{before}{words}" for before, words in seen.app.screen.lines())
        assert "; b means something else here" in listed
        assert "; f means something else here" in listed
        await seen.press("escape", "ctrl+p")
        await seen.type("own")
        await seen.wait_for("print(json")
        await seen.press("enter")
        await seen.wait_for(f'own: ["{WAITS}"]')


async def test_a_faulty_definition_is_told_with_its_place_and_stops_nothing(
    opened: Opens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = define(tmp_path, '[wrong]\nrun = ["echo", "{titel}"]\n[right]\nscope = "fleet"\nrun = ["true"]\n')
    async with opened() as seen:
        assert told(seen).startswith(f"E700: {file}:2: {{titel}} means nothing to a command of the task")
        await seen.press("colon", "exclamation_mark", *"right", "enter")
        await seen.wait_for("right: it said nothing")
    monkeypatch.setenv(VARIABLE, "1")
    async with opened() as seen:
        await seen.press("colon", "exclamation_mark", *"right", "enter")
        await seen.wait_for("The dashboard is read-only")


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("[a]\nrun = 'ls'\n", 2, "run should be a list of words"),
        ("[a]\nabout = 'x'\n", 1, "needs a line run"),
        ("[a]\nrun = ['ls']\nshell = true\n", 3, "'shell' is no key"),
        ("[a]\nrun = ['ls']\nscope = 'all'\n", 3, "'all' is no scope"),
        ("[a]\nrun = ['ls']\nkey = 'n'\n", 1, "'n' is the key of 'new' already"),
        ("[a]\nrun = ['ls']\nkey = 'j'\n", 1, "'j' is the key of every screen already"),
        ("[a]\nrun = ['ls']\nkey = 'f7'\n[b]\nrun = ['ls']\nkey = 'f7'\n", 4, "'f7' is the key of 'a' already"),
        ("[a]\nrun = ['ls']\nkey = 'nokey'\n", 3, "'nokey' is no key"),
        ("[a]\nscope = 'fleet'\nrun = ['ls', '{id}']\n", 3, "{id} means nothing to a command of the fleet"),
        ("a = 5\n", 1, "a is a table"),
        ("[A]\nrun = ['ls']\n", 1, "'A' is no name"),
        ("[a\n", 1, "no TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_file_and_line(text: str, place: int, said: str, tmp_path: Path) -> None:
    file = define(tmp_path, text)
    found = custom_commands({}, {"XDG_CONFIG_HOME": str(tmp_path / "config")}, tmp_path / "etc")
    (fault,) = found.faults
    assert fault.code == "E700"
    assert fault.message.startswith(f"{file}:{place}:")
    assert said in fault.message


@pytest.mark.parametrize(
    "run",
    [
        ["sh", "-c", "echo {title}"],
        ["sh", "-c", "{title}"],
        ["bash", "-lc", "{workspace}"],
        ["env", "-i", "sh", "-c", "cd {workspace} && ls"],
        ["perl", "-e{title}"],
        ["node", "--eval", "{title}"],
        ["ssh", "host", "{title}"],
        ["/usr/bin/watch", "ls", "{workspace}"],
        ["echo", "'{title}'"],
        ["{title}"],
    ],
)
def test_no_shell_may_read_what_may_hold_anything(run: list[str]) -> None:
    assert fault_of_words(run, "task")


@pytest.mark.parametrize(
    "run",
    [
        ["sh", "-c", 'git -C "$1" diff ${x} | wc -l', "sh", "{workspace}"],
        ["git", "-C", "{workspace}", "log"],
        ["code", "{workspace}/README.md"],
        ["note", "--title={title}"],
        ["sh", "-c", "parhelia task logs {id} | less"],
    ],
)
def test_ordinary_definitions_pass(run: list[str]) -> None:
    assert fault_of_words(run, "task") == ""


def test_a_value_stays_in_its_word_and_becomes_no_option() -> None:
    values = {"title": "a {id} b", "id": "t-1"}
    assert filled_words(["x", "{title}", "--a={id}", "${id}"], values) == [
        "x",
        "a {id} b",
        "--a=t-1",
        "${id}",
    ]
    with pytest.raises(ParheliaError, match="option"):
        filled_words(["x", "{title}"], {"title": "--output=x"})
    assert filled_words(["x", "--", "{title}"], {"title": "-y"})[-1] == "-y"


def test_only_files_of_machine_and_user_define_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, product: Product
) -> None:
    project = tmp_path / "project"
    (project / "parhelia").mkdir(parents=True)
    for name in ("commands.toml", "parhelia/commands.toml", ".parhelia.toml"):
        (project / name).write_text('[a]\nrun = ["touch", "owned"]\n')
    monkeypatch.chdir(project)
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "PARHELIA_COMMANDS__A__RUN": '["touch"]'}
    assert custom_commands({}, environ, tmp_path / "etc").commands == ()
    file = define(tmp_path, '[a]\nrun = ["mine"]\nkey = "f6"\n')
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "commands.toml").write_text('[a]\nrun = ["theirs"]\n[b]\nrun = ["theirs"]\n')
    found = custom_commands({}, environ, etc)
    assert [(each.name, each.run) for each in found.commands] == [("a", ("mine",)), ("b", ("theirs",))]
    file.chmod(0o646)
    found = custom_commands({}, environ, etc)
    assert [each.run for each in found.commands] == [("theirs",), ("theirs",)]
    assert "somebody else may write it" in found.faults[0].message


def test_spec_and_check_tell_of_them(product: Product, tmp_path: Path) -> None:
    file = define(tmp_path, '[mine]\nrun = ["true"]\nkey = "f6"\n[wrong]\nrun = []\n')
    spec = json.loads(product.run("--spec").stdout)
    (mine,) = spec["custom_commands"]
    assert (mine["name"], mine["run"], mine["key"], mine["typed"]) == ("mine", ["true"], "f6", ":!mine")
    assert f"{file}:5: run should be" in spec["custom_faults"][0]
    checked = product.run("config", "check")
    assert checked.returncode == 2
    assert "E700" in checked.stderr
    define(tmp_path, '[mine]\nrun = ["true"]\n')
    assert str(file) in product.run("config", "check").stdout


async def test_leaving_ends_what_runs_in_the_background_with_what_it_started(
    opened: Opens, tmp_path: Path
) -> None:
    marks = tmp_path / "pids"
    define(tmp_path, f'[long]\nscope = "fleet"\nrun = ["sh", "-c", "sleep 600 & echo $! >{marks}; wait"]\n')
    async with opened() as seen:
        await seen.press("colon", "exclamation_mark", *"long", "enter")
        await seen.wait(lambda: marks.exists() and marks.read_text().strip())
        await seen.press("colon", "exclamation_mark", *"long", "enter")
        await seen.wait_for("It runs already")
        await seen.app.action_quit()
    await until(lambda: not process_is_there(int(marks.read_text())), 10)


async def test_a_command_runs_for_each_marked_task_after_one_question(
    still: StillFleet, opened: Opens, tmp_path: Path
) -> None:
    did = tmp_path / "did"
    define(
        tmp_path,
        f'[note]\nkey = "f6"\nconfirm = true\nrun = ["sh", "-c", "echo $1 >> {did}", "-", "{{id}}"]\n'
        '[fails]\nkey = "f7"\nrun = ["sh", "-c", "echo no; exit 3", "-", "{id}"]\n'
        '[takes]\nkey = "f8"\nterminal = true\nrun = ["true", "{id}"]\n',
    )
    async with opened() as seen:
        for task_id in (DONE, PORTS):
            seen.home.tasks.select(task_id)
            await seen.press("space")
        await seen.press("f8")
        await seen.wait(lambda: "it is for one task and not for all that are marked" in told(seen))
        await seen.press("f6")
        await seen.wait_for("Run note for 2 tasks?", "2 times, one after the other")
        await seen.press("escape")
        assert not did.exists()
        await seen.press("f6", "y")
        await seen.wait(lambda: told(seen) == "note ran for 2 tasks.")
        assert sorted(did.read_text().split()) == sorted([DONE, PORTS])
        await seen.press("f7")
        await seen.wait(lambda: told(seen) == "fails ran for 2 tasks, 2 went wrong: fails ended with 3: no")
