"""The page about the configuration says what the program does."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from parhelia_tui.core.settings.config import Config
from parhelia_tui.core.settings.config_environment import environment_layer
from parhelia_tui.core.settings.config_layers import Layer, check, leaves
from parhelia_tui.core.settings.config_profiles import overlays, take_profiles
from parhelia_tui.core.settings.project_rules import FREE, NARROWER
from parhelia_tui.core.settings.reference import example

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "configuration.md").read_text()
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_holds_every_key_with_its_default() -> None:
    """When this fails, put the output of `example()` into the last block of docs/configuration.md."""
    assert BLOCKS[-1] == example()
    assert Config.model_validate(tomllib.loads(example())) == Config()


def test_every_key_has_a_meaning_and_stands_in_the_example() -> None:
    for path, _ in leaves(Config().model_dump()):
        assert re.search(rf"^# \S.*\n(# )?{path[-1]} =", example(), re.MULTILINE), path


def test_the_other_blocks_are_right_too() -> None:
    for block in BLOCKS[:-1]:
        plain, profiles = take_profiles(Layer("page", tomllib.loads(block)))
        check(plain)
        for name in profiles:
            overlays({each: [part] for each, part in profiles.items()}, name, "flag")


def test_the_variables_of_the_page_are_right() -> None:
    named = re.findall(r"`(PARHELIA_[A-Z]+__[A-Z_]+)=([^`]+)`", PAGE)
    real = {name: value.strip("'") for name, value in named if "SECTION" not in name}
    assert len(real) >= 4
    check(environment_layer(real))


def test_the_table_of_the_page_names_what_a_project_may_set() -> None:
    for path in FREE | set(NARROWER):
        key = ".".join(path)
        assert f"`{key}`" in PAGE or f"`{key.rpartition('.')[0]}.*`" in PAGE, key


def test_the_paths_of_a_state_directory_do_not_cost_pydantic() -> None:
    """50 ms on the way to a list or to the first frame."""
    code = "import parhelia_tui.core.settings.paths, sys; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
