"""The whole tree of commands: each has help, an example, --json, and costs no more than it must."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest

from parhelia_tui.cli.example_pages import EXAMPLES, examples_of
from parhelia_tui.cli.main import ALIASES, COMMANDS, cli
from parhelia_tui.cli.spec import commands
from parhelia_tui.cli.topics import TOPICS
from scripts.commands_page import PAGE, page
from tests.support.product import Product

ALL = {context.command_path.removeprefix("parhelia "): command for context, command in commands(cli)}
HEAVY = ("pydantic", "sqlite_utils", "textual", "libtmux", "asyncssh", "modal", "asyncio")


def find(words: list[str]) -> click.Command | None:
    """The command that words name, through short and old ones too."""
    found: click.Command | None = cli
    context = click.Context(cli)
    for word in words:
        found = found.get_command(context, word) if isinstance(found, click.Group) else None
    return found


@pytest.mark.parametrize("path", ALL)
def test_a_command_says_what_it_does_and_what_each_option_means(path: str) -> None:
    command = ALL[path]
    context = click.Context(command, info_name=path)
    assert command.help is not None
    assert command.help.split("\n")[0].endswith(".")
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
    text = command.get_help(context)
    assert "--json" in text
    assert "--fields" in text


def test_each_command_s_help_is_there_in_every_way_and_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from parhelia_tui.cli.main import main\n"
        f"for words in {[path.split() for path in ALL]!r}:\n"
        "    for line in ([*words, '--help'], [*words, '-h'], ['help', *words]):\n"
        "        sys.argv = ['parhelia', *line]\n"
        "        assert main() == 0, line\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "[]\n")
    for path in ALL:
        assert done.stdout.count(f"Usage: parhelia {path} ") == 3, path
        assert done.stdout.count(f"\n  {examples_of(f'parhelia {path}')[0]}\n") >= 3, path


@pytest.mark.parametrize("words", [[], ["task"], ["t"], ["submit"]], ids=" ".join)
def test_the_short_way_to_help_is_there_for_groups_and_short_words_too_and_is_told(
    product: Product, words: list[str]
) -> None:
    done = product.run(*words, "-h")
    assert (done.returncode, done.stdout) == (0, product.run(*words, "--help").stdout)
    assert "-h, --help" in done.stdout
    offered = product.run(
        env={
            "_PARHELIA_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(["parhelia", *words, "-"]),
            "COMP_CWORD": str(len(words) + 1),
        }
    )
    assert {"plain,-h", "plain,--help"} <= set(offered.stdout.split())


@pytest.mark.parametrize("path", ALL)
def test_a_command_has_an_example_that_its_own_options_understand(path: str) -> None:
    lines = examples_of(f"parhelia {path}")
    assert lines
    commands = [line.partition("#")[0].split() for line in lines]
    assert all(commands.count(each) == 1 for each in commands)
    for line in lines:
        understood(line)


def test_every_example_is_one_of_a_command_there_is() -> None:
    known = {line.partition("  #")[0].rstrip() for path in ALL for line in examples_of(f"parhelia {path}")}
    for line in "\n".join(EXAMPLES.values()).splitlines():
        if "--batch" in line:
            understood(line)
        else:
            # What explains it may be another on each page.
            assert line.partition("  #")[0].rstrip() in known


def understood(line: str) -> None:
    """Parse an example as the shell and click would, and run nothing of it."""
    import shlex

    words = shlex.split(line.partition("  #")[0].rpartition(" | ")[2], comments=True)
    words = words[: words.index(">")] if ">" in words else words
    context = click.Context(cli, info_name="parhelia")
    command: click.Command = cli
    rest = words[1:]
    while isinstance(command, click.Group) and not rest[0].startswith("-"):
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None
        context = click.Context(found, info_name=name, parent=context)
        command = found
    inner = command.make_context(command.name, rest)
    inner.close()


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["help", "E200"], "E200 SESSION_NOT_FOUND (exit code 1)\n\nNo session has this id or name."),
        (["examples", "gpu"], "parhelia task create --backend modal --gpu A100 "),
        (["examples", "modal"], "parhelia modal setup "),
    ],
    ids=["an error", "gpu", "modal"],
)
def test_a_page_is_found_by_its_name(product: Product, words: list[str], part: str) -> None:
    assert part in product.run(*words).stdout


@pytest.mark.parametrize(("short", "whole"), ALIASES.items())
def test_a_short_or_old_word_is_the_command_it_stands_for(short: str, whole: str) -> None:
    meant = find(whole.split())
    assert meant is not None
    assert find([short]) is meant
    if isinstance(meant, click.Group):
        for name in meant.list_commands(click.Context(meant)):
            assert find([short, name]) is find([whole, name])


def test_the_root_names_each_topic_there_is_a_page_about() -> None:
    words = " ".join((cli.epilog or "").split()).partition("TOPIC explains ")[2].rstrip(".")
    named = words.replace(" and ", ", ").split(", ")
    assert named == sorted([*TOPICS, "states", "exit"])


def test_the_root_lists_each_command_and_each_verb_of_a_noun() -> None:
    context = click.Context(cli)
    for name, (_, about) in COMMANDS.items():
        command = cli.get_command(context, name)
        # Of these two is said what they do.
        if isinstance(command, click.Group) and name not in ("agent", "completion"):
            assert command.list_commands(context) == about.split(", "), name


@pytest.mark.parametrize(
    "words",
    [
        ["task", "list"],
        ["container", "list"],
        ["session", "list"],
        ["events", "list"],
        ["status"],
        ["budget", "show"],
        ["task", "list", "--json"],
        ["task", "list", "--fields", "id,state"],
    ],
)
def test_a_list_imports_nothing_heavy(product: Product, words: list[str]) -> None:
    # The store is made by the first command, for which the heavy tool of migrations is needed.
    assert product.run("status").returncode == 0
    program = (
        "import sys\n"
        "from parhelia_tui.entry import main\n"
        f"sys.argv = ['parhelia', *{words!r}]\n"
        "code = main()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=30,
        env=product.environment(),
    )
    assert (done.returncode, done.stderr) == (0, "[]\n")


def test_the_page_of_the_commands_is_what_the_commands_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run make commands-page"


def test_a_verb_without_its_noun_is_told_where_it_belongs(product: Product) -> None:
    done = product.run("retry", "a1b2")
    assert done.returncode == 2
    assert "Did you mean task retry?" in done.stderr
    code, error = product.error("tsk")
    assert (code, error["code"]) == (2, "E101")
    assert error["message"].endswith("Did you mean task?")
    assert "Did you mean list?" in product.run("task", "lst").stderr
    assert "--state" in product.run("task", "list", "--stat", "x").stderr
    assert product.error("batch", "tasks.jsonl")[1]["message"].endswith("Did you mean --batch?")


def test_json_without_a_command_is_told_so_in_json(product: Product) -> None:
    code, error = product.error()
    assert (code, error["code"]) == (2, "E102")


def test_options_of_a_batch_are_refused_where_there_is_none(product: Product) -> None:
    code, error = product.error("--mode", "empty", "task", "list")
    assert (code, error["code"]) == (2, "E101")
    assert "--mode" in error["message"]


def test_an_envelope_for_json_has_its_parts(product: Product) -> None:
    said = json.loads(product.run("task", "list", "--json").stdout)
    assert set(said) == {"success", "data", "metadata", "next_actions"}
    assert set(said["metadata"]) == {"timestamp", "duration_ms", "cost_usd"}
    assert said["next_actions"] == ['parhelia task create "PROMPT"']
    said = json.loads(product.run("task", "show", "nothing", "--json").stdout)
    assert set(said) == {"success", "error", "suggestions", "metadata"}
    assert set(said["error"]) == {"code", "name", "message", "details"}
    assert said["error"]["code"] == "E201"
    assert 2 <= len(said["suggestions"]) <= 4
