"""The agent `claude`: Claude Code, in its terminal or without one."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from parhelia_tui.core.agents import home as homes
from parhelia_tui.core.agents import watcher
from parhelia_tui.core.agents.base import Launch, Probe, Start
from parhelia_tui.core.agents.claude import seeds
from parhelia_tui.core.agents.claude.carry import TEXTS, Manifest, manifest
from parhelia_tui.core.agents.claude.conversation import conversation as read_conversation
from parhelia_tui.core.agents.claude.find import Found, find, probe, version_of
from parhelia_tui.core.agents.interpreter import inside as python_inside
from parhelia_tui.core.agents.options import Option, check
from parhelia_tui.core.agents.talk_files import TalkFiles
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Image, Mount, Task
from parhelia_tui.core.model.said import Said
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.model.virtual_key import KEY_END

if TYPE_CHECKING:
    from parhelia_tui.core.settings.config_agents import ClaudeConfig

INSIDE = "/run/parhelia-claude"
API_SOCKET = "/run/parhelia-api.sock"
WORKSPACE = "/workspace"
CONFIG = ".claude"
KEY = f"parhelia-keeps-{KEY_END}"
"""What the agent sees as its API key where no meter gives it one of its own."""
PROMPT_ARGUMENT = 100_000
"""Bytes of a prompt that is given as an argument; the kernel takes 131,072 (execve(2)), and what is longer is read."""

MODES = ("default", "acceptEdits", "plan", "bypassPermissions", "dontAsk", "auto")
NOTES = ".parhelia-memory.md"
KEEP = (
    "Keep short notes in the file {path} for the next session on this project: progress, decisions and their reasons,"
    " approaches that failed, what blocks, and what the next one must know. Bring them up to date before you finish,"
    " and drop what is no longer true. Never write keys, passwords or other secrets there."
)
ASKS_AGAIN = "The container was started again while you waited for an answer. Make the call again that you wanted to make."
GOES_ON = "The container was started again after a failure. Go on where you were."

OPTIONS: Mapping[str, Option] = {
    "headless": Option(False, lambda value: isinstance(value, bool), "true or false"),
    "model": Option(
        None, lambda value: isinstance(value, str) and 0 < len(value) <= 100, "the name of a model"
    ),
    "permission_mode": Option(None, lambda value: value in MODES, f"one of {', '.join(MODES)}"),
    "max_turns": Option(
        None, lambda value: type(value) is int and 1 <= value <= 10_000, "a whole number from 1 to 10000"
    ),
    "message": Option(None, lambda value: isinstance(value, str) and bool(value.strip()), "a text"),
}


class ClaudeAgent:
    """Runs the user's own Claude Code; nothing of it is part of Parhelia.

    Options: `headless` (no terminal: it ends when its work is done), `model`, `permission_mode`, `max_turns`
    (without a terminal), `message` (what it is told when its talk goes on).
    """

    name = "claude"
    summary = "Claude Code, as it is installed on this machine"
    conversation = CONFIG
    states = True
    notes = NOTES
    screen: Path | None = Path(__file__).with_name("screen.toml")
    prompts = True

    @property
    def network(self) -> str:
        """By the meter, or none where its API has a socket."""
        return "none" if _config().api_socket else "api"

    def probe(self) -> Probe:
        """Find the program and its version."""
        return probe(self._find(_config()))

    def check(self, prompt: str, options: Mapping[str, object]) -> None:
        """Refuse options that there are not. Raises E100."""
        check(self.name, OPTIONS, options)

    def need(self, image: Image | None = None) -> None:
        """Refuse a place without the program. Raises E500, E603."""
        if image is None:
            self._found(_config())
        else:
            self._of_image(image)

    def prepare(self, start: Start) -> None:
        """Write `~/.claude.json` anew, and what is given by `--settings`.

        Raises:
            ParheliaError: E500, E507, E602.
        """
        config = _config()
        found = self._program(start, config)
        directory = start.task.workspace if start.task.unsandboxed else WORKSPACE
        homes.put(
            start.home,
            ".claude.json",
            seeds.state(directory, (KEY, start.task.env.get("ANTHROPIC_API_KEY", ""))),
        )
        # Of processes that are gone: their numbers come again, and would speak for the new ones.
        homes.clear(start.home, f"{CONFIG}/sessions")
        hook: tuple[str, ...] = ()
        ask: tuple[str, ...] = ()
        if not _headless(start.task):
            program = watcher.program(start.task)
            hook = ("/bin/sh", f"{program}/hook.sh")
            ask = (*python_inside(start.image)[0], f"{program}/__main__.py", "--ask")
        watcher.put(start, "settings.json", seeds.settings(found.version, hook, ask, config.deny))
        self.carry(start.home, start.task)
        servers = _carried(start.task, config).servers
        watcher.put(start, "mcp.json", json.dumps({"mcpServers": servers}))
        if config.memory:
            homes.put(start.home, NOTES, start.memory)
        watcher.put(start, "prompt", _prompt(start))
        watcher.put(start, "plan", _plan(start, found, config))

    def launch(self, start: Start) -> Launch:
        """Start the watcher, which starts the program: with the prompt, or where the talk goes on."""
        config = _config()
        found = self._program(start, config)
        python, mounts = python_inside(start.image)
        command = (*python, *watcher.command(start))
        if not start.task.unsandboxed:
            own = () if start.image is not None else (Mount(found.path, f"{INSIDE}/claude"),)
            mounts = (*mounts, *own, *watcher.mounts(start))
            plugins = _carried(start.task, config).plugins
            mounts += tuple(Mount(each, _plugin(number)) for number, each in enumerate(plugins))
        env = {
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
            # It would say that it is not where its installer puts it.
            "DISABLE_INSTALLATION_CHECKS": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            # The container is what keeps it in; as root it would refuse to work on its own.
            "IS_SANDBOX": "1",
            "ANTHROPIC_API_KEY": KEY,
        }
        if config.api_socket:
            inside = config.api_socket if start.task.unsandboxed else API_SOCKET
            env |= {"ANTHROPIC_UNIX_SOCKET": inside, "ANTHROPIC_BASE_URL": "http://parhelia"}
            if not start.task.unsandboxed:
                mounts = (*mounts, Mount(_socket(config.api_socket), API_SOCKET, writable=True))
        return Launch(command, env, mounts, tuple(f"{CONFIG}/{name}" for name in TEXTS))

    def carry(self, home: Path, task: Task) -> int:
        """Write settings, texts and skills below `~/.claude`. Raises E507, E602."""
        files = _carried(task, _config()).files
        for name, data in files.items():
            homes.put(home, f"{CONFIG}/{name}", data)
        return len(files)

    def keeps_questions(self, task: Task) -> bool:
        """Without a terminal, where nobody but a person elsewhere can answer."""
        return _headless(task)

    def said(self, files: TalkFiles, conversation: str) -> Sequence[Said]:
        """Read its own file of the conversation."""
        return read_conversation(files, conversation)

    def describe(self, task: Task, image: Image | None) -> Mapping[str, str]:
        """Name its version, its model, how it may use tools, and what of the user's own goes along."""
        config = _config()
        carried = _carried(task, config)
        about = {
            "version": self.probe().version if image is None else image.programs[self.name].version,
            "model": str(task.agent_options.get("model") or config.model or "its default"),
            "permission mode": str(task.agent_options.get("permission_mode") or config.permission_mode),
            "plugins": ", ".join(sorted(each.name for each in carried.carried if each.kind == "plugin")),
            "MCP servers": ", ".join(sorted(one_line(name, 100) for name in carried.servers)),
        }
        return {name: said for name, said in about.items() if said}

    def _find(self, config: ClaudeConfig) -> Found | str:
        return find(config.path, os.environ)

    def _program(self, start: Start, config: ClaudeConfig) -> Found:
        """What the container runs: this machine's, or that of its image. Raises E500, E603."""
        if start.image is None:
            return self._found(config)
        return self._of_image(start.image)

    def _of_image(self, image: Image) -> Found:
        program = image.programs.get(self.name)
        if program is None:
            raise ParheliaError("E603", "there is no Claude Code in the image of its containers")
        return Found(Path(program.path), version_of(program.version.encode()))

    def _found(self, config: ClaudeConfig) -> Found:
        found = self._find(config)
        if isinstance(found, str):
            raise ParheliaError("E500", found, recovery=("parhelia agent list", "parhelia config init"))
        return found


def _config() -> ClaudeConfig:
    from parhelia_tui.core.settings.config_files import load

    return load().config.claude


def _carried(task: Task, config: ClaudeConfig) -> Manifest:
    """What of the user's own configuration goes along."""
    if not config.carry:
        return Manifest()
    return manifest(Path.home(), Path(task.workspace), homes.INSIDE)


def _plugin(number: int) -> str:
    return f"{INSIDE}/plugins/{number}"


def _headless(task: Task) -> bool:
    return bool(task.agent_options.get("headless"))


def _goes_on(start: Start) -> bool:
    """Whether the conversation itself lies in the home; a checkpoint may be older than its first word."""
    projects = start.home / CONFIG / "projects"
    return start.continues and bool(start.talk) and any(projects.glob(f"*/{start.talk}.jsonl"))


def _talk(start: Start) -> str:
    """The conversation to go on with: its id, or its file where it was led in another directory.

    By the id alone 2.1.197 looks for it below the present directory, and nowhere else.
    """
    directory = start.task.workspace if start.task.unsandboxed else WORKSPACE
    folders = [each.parent.name for each in (start.home / CONFIG / "projects").glob(f"*/{start.talk}.jsonl")]
    if re.sub(r"[^A-Za-z0-9]", "-", directory) in folders:
        return start.talk
    home = str(start.home) if start.task.unsandboxed else homes.INSIDE
    return f"{home}/{CONFIG}/projects/{folders[0]}/{start.talk}.jsonl"


def _remembering(start: Start, home: str) -> str:
    """What it is told of the project's memory."""
    said = KEEP.format(path=f"{start.home if start.task.unsandboxed else home}/{NOTES}")
    return f"{said}\n\nEarlier sessions left this:\n\n{start.memory}" if start.memory else said


def _prompt(start: Start) -> str:
    """What it is told first; nothing where an ended talk goes on and nobody said anything."""
    if not _goes_on(start):
        return start.task.prompt
    if start.deferred:
        return ASKS_AGAIN
    said = start.task.agent_options.get("message")
    if isinstance(said, str) and not start.interrupted:
        return said
    return GOES_ON if start.interrupted or _headless(start.task) else ""


def _plan(start: Start, found: Found, config: ClaudeConfig) -> bytes:
    task, shown = start.task, watcher.shown(start)
    headless = _headless(task)
    mode = task.agent_options.get("permission_mode") or config.permission_mode
    seen = task.unsandboxed or start.image is not None
    program = str(found.path) if seen else f"{INSIDE}/claude"
    carried = _carried(task, config)
    words = [program, "--settings", f"{shown}/settings.json", "--permission-mode", str(mode)]
    if _goes_on(start):
        words += ["--resume", _talk(start)]
    if not _goes_on(start) or start.talk != start.conversation:
        # A copy of another task's talk gets an id of its own: two must never write to one.
        words += ["--fork-session"] if _goes_on(start) else []
        words += ["--session-id", start.conversation]
    words += ["--mcp-config", f"{shown}/mcp.json"] if carried.servers else []
    for number, each in enumerate(carried.plugins):
        words += ["--plugin-dir", str(each) if task.unsandboxed else _plugin(number)]
    model = task.agent_options.get("model") or config.model
    if model:
        words += ["--model", str(model)]
    if config.memory:
        words += ["--append-system-prompt", _remembering(start, homes.INSIDE)]
    prompt = _prompt(start)
    if headless:
        words += ["-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]
        words += ["--permission-prompt-tool", "stdio"]
        if task.agent_options.get("max_turns"):
            words += ["--max-turns", str(task.agent_options["max_turns"])]
    elif len(prompt.encode(errors="replace")) > PROMPT_ARGUMENT:
        words += ["--", f"Read the file {shown}/prompt: it holds what you are asked. Then do it."]
    elif prompt:
        words += ["--", prompt]
    source = f"{shown}/prompt" if prompt else ""
    way = "terminal" if not headless else "deferred" if start.deferred and _goes_on(start) else "headless"
    return watcher.plan(way, start.conversation, source, words)


def _socket(path: str) -> Path:
    found = Path(path).expanduser()
    try:
        is_socket = stat.S_ISSOCK(found.stat().st_mode)
    except OSError:
        is_socket = False
    if not is_socket:
        raise ParheliaError("E500", f"nobody listens at {found} (claude.api_socket)")
    return found
