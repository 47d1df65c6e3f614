"""What a batch file may hold: every fault is named with its place, and then nothing is started."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.product import Product

GOOD = '{"prompt": "true", "workspace_mode": "empty"}'


def refusal(product: Product, file: str, *words: str, input: str | None = None) -> str:
    """What is said of a batch that must be refused; proves that nothing was made of it."""
    done = product.run("--batch", file, *words, input=input)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("E100: ")
    assert "Traceback" not in done.stderr
    assert product.json("task", "list", "--all") == []
    return done.stderr


FORM = {
    "{oops": "Expecting property name",
    '"a text"': "a task is one JSON object",
    '{"prompt": "true", "prompt": "false"}': "prompt stands twice",
    "[" * 100_000: "it lies too deep in itself",
}
CONTENT = {
    '{"prompt": "true", "promt": 1}': "promt: there is no such key; did you mean prompt?",
    '{"prompt": "true", "limits": {"cpu": 1}}': "limits.cpu: there is no such key; did you mean cpus?",
    '{"title": "nothing to do"}': "prompt: is missing",
    '{"prompt": " "}': "prompt: the prompt is empty",
    '{"prompt": "true", "priority": "high"}': "priority: should be a valid integer",
    '{"prompt": "true", "priority": 101}': "priority: should be less than or equal to 100",
    '{"prompt": "true", "agent": "nobody"}': "there is no agent 'nobody'; there are claude, codex, demo, gemini, shell",
    '{"prompt": "true", "backend": "nowhere"}': "there is no backend 'nowhere'",
    '{"prompt": "true", "network": "some"}': "network: should be 'none', 'api', 'allowlist' or 'open'",
    '{"prompt": "true", "workspace": "/no/such/place"}': "the workspace '/no/such/place' cannot be used",
    '{"prompt": "true", "limits": {"cpus": -1}}': "limits.cpus: should be greater than 0",
    '{"prompt": "true", "env": {"A=B": "c"}}': "env: 'A=B' is not a name of an environment variable",
    '{"prompt": "a\\u0000b"}': "prompt: the prompt holds a NUL character",
}


@pytest.mark.parametrize("bad", [FORM, CONTENT], ids=["form", "content"])
def test_each_bad_line_is_named_with_its_number_on_a_line_of_its_own(
    product: Product, tmp_path: Path, bad: dict[str, str]
) -> None:
    file = tmp_path / "tasks.jsonl"
    # Good lines and empty ones count, and say nothing.
    file.write_text("".join(f"{GOOD}\n\n{line}\n" for line in bad))
    first, *said = refusal(product, str(file)).splitlines()
    assert first == f"E100: {len(bad)} faults"
    for number, (told, words) in enumerate(zip(said, bad.values(), strict=False), 1):
        assert told.startswith(f"  {file}:{3 * number}: "), told
        assert words in told
    assert said[len(bad) :] == ["  try: parhelia help batch", "  try: parhelia examples batch"]


def test_the_faults_are_a_list_for_programs(product: Product) -> None:
    code, error = product.error("--batch", "-", input=f"{GOOD}\n{{oops\n{GOOD}\n1\n")
    assert (code, error["code"]) == (2, "E100")
    assert [fault.split(": ")[0] for fault in error["details"]["faults"]] == [
        "standard input:2",
        "standard input:4",
    ]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.toml", b"[[task]]\nprompt = oops\n", "line 2"),
        ("a.toml", b"[[task]]\nprompt = 'true'\n[other]\n", "unknown other"),
        ("a.toml", b"task = 1\n", "[[task]] tables"),
        ("a.toml", b"defaults = 1\n[[task]]\nprompt = 'true'\n", "[defaults] is a table"),
        ("a.toml", b"[[task]]\nprompt = 'true'\nworkspace_mode = 'empty'\n[[task]]\npromt = 1\n", "task 2: "),
        ("a.json", b"[", "line 1"),
        ("a.json", b"1", "a batch is a list"),
        ("a.json", b'[{"prompt": "true"}, 1]', "task 2: a task is one JSON object"),
        ("a.jsonl", b"", "holds no task"),
        ("a.jsonl", b"\n \n", "holds no task"),
        ("a.toml", b"[defaults]\n", "holds no task"),
        ("a.jsonl", b'{"prompt": "\xff"}', "not UTF-8 text, at byte 13"),
    ],
)
def test_a_file_that_is_no_batch_is_told_why(
    product: Product, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    done = product.run("--batch", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"E100: {file}")
    assert words in done.stderr


@pytest.mark.parametrize("name", ["no-such-file", "."])
def test_a_file_that_cannot_be_read_is_named(product: Product, name: str) -> None:
    assert f"{name} cannot be read" in refusal(product, name)


def test_options_of_every_task_are_checked_as_those_of_one(product: Product) -> None:
    for words, part in (
        (["--timeout", "soon"], "soon"),
        (["-e", "NAME"], "NAME"),
        (["--mode", "some"], "--mode"),
        (["--format", "yaml"], "--format"),
        (["--fields", ","], "--fields"),
    ):
        done = product.run("--batch", "-", *words, input=GOOD)
        assert done.returncode == 2, words
        assert done.stderr.startswith("E101: "), words
        assert part in done.stderr.splitlines()[0], words
    assert product.json("task", "list", "--all") == []


def test_a_byte_order_mark_and_windows_line_ends_are_no_fault(product: Product) -> None:
    said = refusal(product, "-", input=f'\ufeff{GOOD}\r\n{{"prompt": ""}}\r\n')
    assert said.startswith("E100: standard input:2: prompt: the prompt is empty")


def test_the_form_can_be_said_where_the_name_does_not(product: Product) -> None:
    said = refusal(product, "-", "--format", "toml", input="[[task]]\n")
    assert "standard input, task 1: " in said
    assert json.loads(product.run("--batch", "-", "--json", input="").stdout)["error"]["code"] == "E100"
