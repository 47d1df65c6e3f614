"""Our tmux configuration: what it says, and that tmux takes it as it is meant."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

from parhelia_tui.core.sessions.tmux_config import config_text, write_config
from tests.sessions.attaching import attached
from tests.support.tmux_server import TmuxServer
from tests.support.waiting import wait_until

WAIT = "input()"
# Whoever types in an attached client can reach these and no others. `if-shell` stands with -F alone, which
# looks at a format and starts nothing.
HARMLESS = {
    "detach-client",
    "send-keys",
    "send-prefix",
    "copy-mode",
    "paste-buffer",
    "select-pane",
    "if-shell",
    "command-prompt",
}


def test_it_is_written_once_and_kept_private(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    before = path.stat()
    assert write_config(tmp_path) == path
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_ino == before.st_ino
    assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()} == {0o600}
    assert sorted(each.suffix for each in tmp_path.iterdir()) == [".conf", ".keys"]


def test_a_damaged_file_is_written_anew(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    before = {each: each.read_text() for each in tmp_path.iterdir()}
    for each in before:
        each.write_text("set -g set-clipboard on\n")
    assert write_config(tmp_path) == path
    assert {each: each.read_text() for each in tmp_path.iterdir()} == before


@pytest.mark.real
def test_tmux_takes_every_line_of_it(tmux: TmuxServer) -> None:
    tmux.start(WAIT)
    done = subprocess.run(
        ["tmux", "-S", tmux.socket, "source-file", "-v", tmux.config], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.real
def test_the_keys_of_the_scrolling_mode_are_there_once_somebody_attached(tmp_path: Path) -> None:
    directory = tmp_path / "a 'b' [c]*"
    directory.mkdir()
    server = TmuxServer(directory)
    try:
        endpoint = server.start(WAIT)
        assert "copy-mode-vi" not in server.run("list-keys")
        with attached(endpoint):
            wait_until(lambda: "search-backward" in server.run("list-keys"))
        lazily = server.run("list-keys")
        assert not server.run("show-hooks", "-g", "client-attached").removeprefix("client-attached")
        (tmp_path / "whole.conf").write_text(config_text())
        server.run("source-file", str(tmp_path / "whole.conf"))
        assert server.run("list-keys") == lazily
    finally:
        server.close()


@pytest.mark.real
def test_no_key_can_do_more_than_look_type_and_leave(tmux: TmuxServer) -> None:
    with attached(tmux.start(WAIT)):
        wait_until(lambda: "search-backward" in tmux.run("list-keys"))
    keys = tmux.run("list-keys").splitlines()
    assert len(keys) > 50
    for line in keys:
        table, rest = line.removeprefix("bind-key").split("-T", 1)[1].split(None, 1)
        assert table in ("root", "prefix", "copy-mode-vi"), line
        words = rest.split(None, 1)[1].split()
        commands = [words[0]] + [words[at + 1] for at, word in enumerate(words) if word in ("\\;", "{")]
        assert set(commands) <= HARMLESS, line
        if "if-shell" in commands:
            assert words[1] == "-F"
        if "command-prompt" in commands:
            assert "send-keys -X search-" in line
        assert "pipe" not in line
        assert "-F" not in words or "if-shell" in commands, line


@pytest.mark.real
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("set-clipboard", "off"),
        ("allow-passthrough", "off"),
        ("allow-rename", "off"),
        ("automatic-rename", "off"),
        ("set-titles", "off"),
        ("remain-on-exit", "off"),
        ("detach-on-destroy", "on"),
        ("exit-empty", "on"),
        ("history-limit", "10000"),
        ("update-environment", ""),
        ("window-size", "latest"),
        ("bell-action", "none"),
    ],
)
def test_an_option_is_as_we_want_it(tmux: TmuxServer, option: str, value: str) -> None:
    tmux.start(WAIT)
    assert tmux.run("show-options", "-A", "-q", "-v", "-t", "=ph-one:", option).split() == value.split()


@pytest.mark.real
def test_no_format_mentions_what_comes_from_inside(tmux: TmuxServer) -> None:
    tmux.start(WAIT)
    shown = "\n".join(
        tmux.run("show-options", *flags, name)
        for flags, name in (
            (("-gv",), "status-format"),
            (("-gv",), "status-left"),
            (("-gv",), "status-right"),
            (("-gv",), "set-titles-string"),
            (("-gvw",), "pane-border-format"),
            (("-gvw",), "window-status-format"),
            (("-gvw",), "window-status-current-format"),
        )
    )
    # What stands in a format but comparing, cutting and a text of ours.
    named = re.findall(r"[a-z]+_[a-z_]+", shown.replace("status_format", ""))
    assert set(named) == {"session_name", "client_width"}


@pytest.mark.real
def test_the_users_own_configuration_is_never_read(
    tmux: TmuxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".tmux.conf").write_text("set -g @mine yes\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    tmux.start(WAIT)
    assert tmux.ask("#{@mine}") == ""


@pytest.mark.real
@pytest.mark.parametrize("ours", [True, False])
def test_a_window_without_a_command_of_its_own_runs_no_shell(tmp_path: Path, ours: bool) -> None:
    """With tmux's own configuration the same act leaves its mark, so the test would see it."""
    server = TmuxServer(tmp_path, None if ours else Path(os.devnull))
    mark = tmp_path / "mark"
    try:
        server.start(WAIT)
        server.run("new-window", "-d", f"touch {mark}")
        # The window goes when its command has ended, in whatever way.
        wait_until(lambda: server.run("list-windows", "-F", "x") == "x")
        assert mark.exists() is not ours
    finally:
        server.close()
