"""What a user sets for the dashboard: keys of their own, looking without touching, settings on a screen."""

from __future__ import annotations

import os
import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from textual.binding import Binding

from parhelia_tui.app import ParheliaApp
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.config_files import load
from parhelia_tui.core.settings.config_write import set_key, with_key
from parhelia_tui.core.settings.dashboard import Dashboard, dashboard
from parhelia_tui.core.settings.key_names import ACTIONS, FIXED, key_of
from parhelia_tui.core.settings.read_only import SETTING, VARIABLE
from parhelia_tui.screens.home_keys import KEYS
from parhelia_tui.screens.key_map import _NAMES
from parhelia_tui.screens.new_task import NewTaskScreen
from parhelia_tui.screens.settings import SettingsScreen
from parhelia_tui.widgets.row_table import RowTable
from tests.dashboard.conftest import Opens
from tests.support.dashboard import SIZE
from tests.support.dashboard import Dashboard as Seen
from tests.support.fleet import configure
from tests.support.product import Product
from tests.support.still_fleet import NOW, QUEUED, StillFleet


def config(tmp_path: Path) -> Path:
    return tmp_path / "config" / "parhelia" / "config.toml"


def test_every_key_of_the_home_screen_can_be_changed_or_is_the_same_everywhere() -> None:
    built_in = {_NAMES.get(name, name): key for name, key in ACTIONS.items()}
    tables = {key for each in RowTable.BINDINGS if isinstance(each, Binding) for key in each.key.split(",")}
    for each in KEYS:
        if each.action in built_in:
            assert each.key == built_in.pop(each.action)
        else:
            assert each.key in FIXED, each
    assert built_in == {}
    assert tables <= set(FIXED)


@pytest.mark.parametrize("value", ["a\x7fb", float("inf"), float("nan")])
def test_what_a_file_cannot_hold_is_refused_and_the_file_stays(tmp_path: Path, value: object) -> None:
    file = config(tmp_path)
    file.parent.mkdir(parents=True)
    file.write_text("[api]\n")
    with pytest.raises(ParheliaError) as told:
        set_key(file, "api.key_env", value)
    assert told.value.code == "E700"
    assert file.read_text() == "[api]\n"
    assert [each.name for each in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("usd", [float("nan"), float("inf"), -1.0, 1e300])
def test_a_budget_that_is_no_amount_is_refused(still: StillFleet, usd: float) -> None:
    with closing(still.client()) as door:
        for wish in (door.budgets.put, door.budgets.lift):
            with pytest.raises(ParheliaError) as told:
                wish("all", usd)
            assert told.value.code == "E101"


@pytest.mark.parametrize(
    ("written", "key"),
    [("?", "question_mark"), ("X", "X"), ("ctrl+t", "ctrl+t"), ("f5", "f5"), (" ", "space"), ("comma", "comma"),
     ("-", "minus"), ("nokey", ""), ("ctrl+nokey", ""), ("", ""), ("a b", "")],
)  # fmt: skip
def test_keys_are_written_as_characters_or_by_name(written: str, key: str) -> None:
    assert key_of(written) == key


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('[keys]\n\nneww = "f5"\n', 3, "'neww' is no action"),
        ('[keys]\nnew = "f5"\ninbox = "f5"\n', 3, "'f5' is the key of 'new' too"),
        ('[keys]\nretry = "n"\n', 2, "'n' is the key of 'new' too"),
        ('[keys]\nretry = "nokey"\n', 2, "'nokey' is no key"),
        ('[keys]\nretry = "j"\n', 2, "'j' means the same everywhere"),
        ("[keys]\nretry = 5\n", 2, "string"),
        ('[screen_keys.wal]\nzoom = "Z"\n', 1, "'wal' is no screen"),
        ('[screen_keys.wall]\n\nzom = "Z"\n', 3, "'zom' is no action; there are attach, type"),
        ('[screen_keys.wall]\nzoom = "x"\n', 2, "'x' is the key of 'cancel' too"),
        ('[screen_keys.wall]\nzoom = "nokey"\n', 2, "'nokey' is no key"),
        ('[screen_keys.wall]\nzoom = "escape"\n', 2, "'escape' means the same everywhere"),
    ],
)
def test_a_key_that_cannot_be_is_refused_with_file_and_line(
    text: str, line: int, said: str, tmp_path: Path, own_state: None
) -> None:
    configure(tmp_path, text)
    with pytest.raises(ParheliaError) as refused:
        dashboard()
    assert refused.value.code == "E700"
    assert said in refused.value.message
    place = refused.value.message.split(": ")[0]
    assert place.endswith(("config.toml", f"config.toml:{line}"))


async def test_changed_keys_act_and_are_what_footer_and_help_show(still: StillFleet, tmp_path: Path) -> None:
    configure(tmp_path, '[keys]\nnew = "f5"\nretry = "n"\nzoom = "Z,f6"\n')
    door = still.client()
    app = ParheliaApp(door, door.snapshot(), dashboard(), clock=lambda: NOW)
    async with app.run_test(size=SIZE) as pilot:
        seen = Seen(app, pilot)
        await pilot.pause()
        assert "f5 new" in seen.lines()[-1]
        await seen.press("n")
        assert seen.said() == "The task is waiting; only an ended one is tried again."
        await seen.press("f5")
        assert isinstance(app.screen, NewTaskScreen)
        await seen.press("escape")
        await seen.press("z")
        assert not seen.home.has_class("-zoomed")
        await seen.press("f6", "Z")
        assert not seen.home.has_class("-zoomed")
        await seen.press("question_mark")
        assert "f5 " in seen.line_with("new task")
    door.close()


async def test_read_only_nothing_is_changed_and_each_key_says_why(
    still: StillFleet, opened: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    door = still.client()
    async with opened() as seen:
        assert seen.shows("READ-ONLY")
        for key in ("n", "a", "t", "x", "r", "c", "D", "u", "X", "dollar_sign"):
            await seen.press(key)
            assert seen.app.screen is seen.home, key
            assert "read-only" in seen.said() or key in "ur"
        await seen.press("l", "escape", "B", "escape")
        assert seen.app.screen is seen.home
    for act in (
        lambda: door.cancel_task(QUEUED),
        lambda: door.trash_tasks([QUEUED]),
        lambda: door.ensure_controller(),
        lambda: door.stop_controller(),
        lambda: door.begin_configuration(force=True),
        lambda: door.write_setting("dashboard.theme", "light"),
    ):
        with pytest.raises(ParheliaError) as refused:
            act()
        assert refused.value.code == "E401"
    assert door.task(QUEUED).wanted == "run"
    door.close()


def test_read_only_holds_for_commands_too(product: Product) -> None:
    assert product.run("--read-only", "task", "list").returncode == 0
    done = product.run("--read-only", "task", "create", "--mode", "empty", "true")
    assert done.returncode == 5
    assert "E401" in done.stderr
    # What is to be done is what takes away that which has forbidden it.
    assert "try: the same without --read-only\n" in done.stderr
    done = product.run("run", "--mode", "empty", "true", env={VARIABLE: "1"})
    assert (done.returncode, f"try: unset {VARIABLE}\n" in done.stderr) == (5, True)
    done = product.run("run", "--mode", "empty", "true", env={VARIABLE: SETTING})
    assert "try: dashboard.read_only = false in the configuration" in done.stderr
    assert product.json("task", "list") == []


BEFORE = """# mine
[dashboard]   # how it looks
theme = "dusk"  # at night
columns = [
    "task",  # first
    "age",
]

[retention]
events_days = 3.0
"""


@pytest.mark.parametrize(
    ("key", "value", "after"),
    [
        ("dashboard.theme", "light", BEFORE.replace('theme = "dusk"  # at night', 'theme = "light"')),
        ("dashboard.columns", ["age"], re.sub(r"columns = [^]]*]", 'columns = ["age"]', BEFORE)),
        ("dashboard.read_only", True, BEFORE.replace("looks\n", "looks\nread_only = true\n")),
        ("controller.health_s", 2.5, f"{BEFORE}\n[controller]\nhealth_s = 2.5\n"),
    ],
)  # fmt: skip
def test_one_line_of_a_file_is_set_and_all_others_stay(key: str, value: object, after: str) -> None:
    assert with_key(BEFORE, tuple(key.split(".")), value, "it") == after
    assert with_key("", ("a", "b"), "x", "it") == '[a]\nb = "x"\n'


def test_what_is_wrong_beside_the_rest_leaves_the_file_as_it_was(still: StillFleet, tmp_path: Path) -> None:
    configure(tmp_path, "[health]\ndegraded = 4\n")
    before = config(tmp_path).read_text()
    door = still.client()
    with pytest.raises(ParheliaError, match=r"more than health\.degraded"):
        door.write_setting("health.unhealthy", "3")
    assert config(tmp_path).read_text() == before
    config(tmp_path).write_text("dashboard.theme = 'dusk'\n")
    with pytest.raises(ParheliaError):
        door.write_setting("dashboard.theme", "light")
    assert config(tmp_path).read_text() == "dashboard.theme = 'dusk'\n"
    door.close()


@pytest.mark.long
async def test_settings_show_their_sources_change_for_this_run_and_are_written_after_a_question(
    opened: Opens, tmp_path: Path
) -> None:
    configure(tmp_path, "# mine\n[retention]\nevents_days = 3.0\n")
    async with opened() as seen:
        await seen.press("S")
        assert isinstance(seen.app.screen, SettingsScreen)
        await seen.wait_for("Settings ▪")
        await seen.press("slash", *"theme", "enter")
        await seen.wait_for("dashboard.theme", "built-in", "plain has none")
        await seen.press("t", *"pink", "enter")
        await seen.wait_for("E100")
        await seen.press("t", *"light", "enter")
        await seen.wait(lambda: seen.app.theme == "parhelia-light")
        await seen.wait_for("this run")
        await seen.press("w", *"paper", "enter")
        await seen.wait_for("Write dashboard.theme = paper?", "all others stay")
        await seen.press("n")
        assert "theme" not in config(tmp_path).read_text()
        await seen.press("w", *"paper", "enter")
        await seen.wait_for("Write dashboard.theme = paper?")
        await seen.press("y")
        await seen.wait(lambda: "paper" in config(tmp_path).read_text())
        assert config(tmp_path).read_text() == (
            '# mine\n[retention]\nevents_days = 3.0\n\n[dashboard]\ntheme = "paper"\n'
        )
        await seen.press("escape", "slash", *"events_days", "enter", "t")
        await seen.wait_for("A running dashboard does not read it again", "config.toml:3")
        await seen.press("escape", "escape")
        assert seen.app.screen_stack[-1] is seen.home
    assert load(cwd=None).config.dashboard.theme == "paper"


async def test_with_reduced_motion_no_cursor_blinks(still: StillFleet) -> None:
    door = still.client()
    app = ParheliaApp(door, door.snapshot(), replace(Dashboard(), reduced_motion=True), clock=lambda: NOW)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("n")
        await pilot.pause()
        assert app.animation_level == "none"
        assert app.focused is not None
        assert getattr(app.focused, "cursor_blink") is False  # noqa: B009 - fields of several kinds have it
    door.close()
    assert os.environ.get(VARIABLE, "") == ""
