"""`parhelia task create --template`: what a template says, what goes before it, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from parhelia_tui.core.client.templates import from_template
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.config import Config
from tests.support.fleet import configure
from tests.support.product import Product

TEMPLATES = """
[templates.find]
about = "look for words"
prompt = "grep -rn {prompt} ."
agent = "shell"
workspace_mode = "empty"
priority = 5
env = { A = "1", B = "2" }
limits = { cpus = 0.5, pids = 64 }
mounts = { "/one" = "/usr/share", "/two" = "/usr/lib" }
[templates.sweep]
prompt = "sweep"
agent = "shell"
[templates.bare]
priority = 3
"""


def test_what_is_given_goes_before_the_template_and_what_is_typed_takes_its_place(
    product: Product, tmp_path: Path
) -> None:
    configure(tmp_path, TEMPLATES)
    made = product.json(
        "task", "create", "--template", "find", "--dry-run", "--priority", "9", "--env", "B=3", "--cpus", "1",
        "--mount", "/usr/include:/two", "it; rm -r /",
    )  # fmt: skip
    assert made["prompt"] == "grep -rn 'it; rm -r /' ."
    assert (made["workspace_mode"], made["priority"], made["env"]) == ("empty", 9, {"A": "1", "B": "3"})
    assert (made["limits"]["cpus"], made["limits"]["pids"]) == (1.0, 64)
    assert made["mounts"] == {"/one": "/usr/share", "/two": "/usr/include"}
    refused = product.run("task", "create", "--template", "fnid", "x")
    assert refused.returncode == 2
    assert "E101" in refused.stderr
    assert "did you mean 'find'?" in refused.stderr
    configure(tmp_path, "[templates.find]\nprompts = 'x'\n")
    refused = product.run("task", "create", "--template", "find", "x")
    assert "config.toml:2: unknown key 'prompts' in [templates.find]" in refused.stderr


def test_a_template_names_an_image_and_shows_nothing_that_may_not_be_shown(
    product: Product, tmp_path: Path
) -> None:
    configure(tmp_path, "[templates.tools]\nprompt = 'true'\nimage = 'tools'\nworkspace_mode = 'empty'\n")
    assert product.error("task", "create", "--template", "tools")[1]["code"] == "E208"
    configure(tmp_path, "[templates.tools]\nprompt = 'true'\nmounts = { '/etc' = '/usr/share' }\n")
    assert product.error("task", "create", "--template", "tools")[1]["code"] == "E700"


@pytest.mark.parametrize(
    ("name", "typed", "code"), [("sweep", "more", "E101"), ("find", None, "E102"), ("none", "x", "E101")]
)
def test_a_prompt_without_a_place_and_a_place_without_a_prompt_are_refused(
    name: str, typed: str | None, code: str
) -> None:
    config = Config.model_validate(
        {"templates": {"find": {"prompt": "a {prompt}"}, "sweep": {"prompt": "sweep"}}}
    )
    with pytest.raises(ParheliaError) as refused:
        from_template({"template": name, "prompt": typed}, config)
    assert refused.value.code == code


def test_a_template_says_only_what_stands_in_it() -> None:
    config = Config.model_validate({"templates": {"bare": {"priority": 3}, "sweep": {"prompt": "sweep"}}})
    assert from_template({"template": "bare", "prompt": "x"}, config) == {"prompt": "x", "priority": 3}
    assert from_template({"template": "sweep"}, config) == {"prompt": "sweep"}
    assert from_template({"prompt": "x", "priority": 1}, config) == {"prompt": "x", "priority": 1}


def test_a_project_may_define_no_template(product: Product, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / ".parhelia.toml").write_text('[templates.a]\nnetwork = "open"\n')
    refused = product.run("task", "create", "--template", "a", "x", cwd=project)
    assert refused.returncode == 2
    assert "a project may not set templates.a.network" in refused.stderr
