"""The agent `shell`: a command line reaches its shell as it was written, and its exit code comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from parhelia_tui.core.agents import home
from parhelia_tui.core.agents.shell import ARGUMENT_LIMIT
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.states import TaskState
from tests.support.fleet import create, end_of
from tests.support.product import Product

pytestmark = pytest.mark.real

LONG = "# " + "x" * ARGUMENT_LIMIT + "\n"


@pytest.mark.parametrize(
    ("prompt", "code", "state"),
    [
        ("true", 0, TaskState.COMPLETED),
        ("exit 42", 42, TaskState.FAILED),
        ("kill -9 $$", 137, TaskState.FAILED),
        ("sh -c 'kill -TERM $$'", 143, TaskState.FAILED),
        ("( unclosed", 2, TaskState.FAILED),
        (LONG + "exit 42", 42, TaskState.FAILED),
        (LONG + "( unclosed", 2, TaskState.FAILED),
    ],
    ids=[
        "success",
        "a code",
        "killed",
        "a killed child",
        "no command",
        "a long one",
        "a long one that is none",
    ],
)
def test_the_exit_code_of_the_command_is_the_tasks(
    client: Client, place: Path, prompt: str, code: int, state: TaskState
) -> None:
    task = end_of(client, create(client, prompt, place).id)
    assert (task.exit_code, task.state) == (code, state)


@pytest.mark.parametrize("long", [False, True], ids=["short", "long"])
def test_every_character_of_a_command_arrives(client: Client, place: Path, long: bool) -> None:
    text = "漢字 🙂 é \t | ' \" $HOME `id` \\n * \x01 \x7f end"
    before = LONG if long else ""
    quoted = "'" + text.replace("'", "'\\''") + "'"
    prompt = f"{before}printf %s {quoted} > out\ncat > here <<EOF\nlast\nEOF\n: > end\\\n"
    task = end_of(client, create(client, prompt, place).id)
    assert task.exit_code == 0
    assert (place / "out").read_text() == text
    assert (place / "here").read_text() == "last\n"
    assert (place / "end").exists()


def test_a_command_is_read_from_a_file_of_a_hundred_kilobytes(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    file = tmp_path / "long.sh"
    file.write_text("".join(f"n={number} # {'y' * 80}\n" for number in range(1500)) + "echo $n > last\n")
    assert file.stat().st_size > 100_000
    made = product.json("task", "create", "--workspace", str(place), "--file", str(file))
    assert end_of(client, made["id"]).exit_code == 0
    assert (place / "last").read_text() == "1499\n"


def test_the_shell_can_be_chosen_and_names_itself(client: Client, place: Path) -> None:
    for shell in ("bash", "sh"):
        options = {"shell": shell}
        for before in ("", LONG):
            task = create(client, f"{before}echo $0 ${{BASH_VERSION:+bashism}}", place, agent_options=options)
            assert end_of(client, task.id).exit_code == 0
            assert client.log_tail(task.id) == [" ".join(["bash", "bashism"] if shell == "bash" else ["sh"])]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--option", "shell=fish"), "E100", "bash or sh"),
        (("--option", "shel=bash"), "E100", "did you mean shell?"),
        (("--agent", "shel"), "E101", "did you mean shell?"),
    ],
)
def test_what_it_cannot_be_asked_is_refused(
    product: Product, client: Client, place: Path, words: tuple[str, ...], code: str, said: str
) -> None:
    _, error = product.error("task", "create", "--workspace", str(place), *words, "true")
    assert error["code"] == code
    assert said in error["message"]
    assert client.tasks() == []


def test_a_link_in_a_home_is_replaced_and_never_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("untouched")
    inside = tmp_path / "home"
    inside.mkdir()
    (inside / "file").symlink_to(outside)
    home.put(inside, "file", "ours")
    assert outside.read_text() == "untouched"
    assert (inside / "file").read_text() == "ours"
    assert not (inside / "file").is_symlink()
    assert sorted(entry.name for entry in inside.iterdir()) == ["file"]
    (tmp_path / "linked").symlink_to(inside)
    with pytest.raises(ParheliaError) as refused:
        home.put(tmp_path / "linked", "file", "theirs")
    assert refused.value.code == "E602"
    assert (inside / "file").read_text() == "ours"
