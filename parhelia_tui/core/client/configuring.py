"""The configuration, as a front shows and begins it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parhelia_tui.core.client.opening import Opened
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.read_only import refuse_if_read_only
from parhelia_tui.core.settings.view_file import View, read_view, write_view

if TYPE_CHECKING:
    from parhelia_tui.core.agents.claude.carry import Manifest
    from parhelia_tui.core.agents.claude.take_back import Change
    from parhelia_tui.core.client.templates import Template
    from parhelia_tui.core.model.records import Container
    from parhelia_tui.core.settings.config_notify import NotifyConfig
    from parhelia_tui.core.settings.custom_commands import CustomCommands
    from parhelia_tui.core.settings.dashboard import Dashboard


class Configuring(Opened):
    """What is configured here, from where, and what could be."""

    def dashboard(self) -> Dashboard:
        """Give how the dashboard looks, without what reading all of the configuration costs. Raises E700."""
        from parhelia_tui.core.settings.dashboard import dashboard

        return dashboard()

    def last_view(self) -> View:
        """Give how the dashboard was left."""
        return read_view(self.paths.home)

    def keep_view(self, view: View) -> None:
        """Remember how the dashboard is left."""
        write_view(self.paths.home, view)

    def custom_commands(self, keys: Mapping[str, str] | None = None) -> CustomCommands:
        """Give the commands that the user has defined for the dashboard, and what is wrong with others.

        Args:
            keys: the table `[keys]` of the configuration; read if not given, and built-in where it is faulty.
        """
        from parhelia_tui.core.settings.custom_commands import custom_commands

        if keys is None:
            keys = {}
            with suppress(ParheliaError):
                keys = self.dashboard().keys
        return custom_commands(keys)

    def templates(self) -> dict[str, Template]:
        """Give the configured templates of tasks by their names. Raises E700."""
        from parhelia_tui.core.client.templates import templates_of
        from parhelia_tui.core.settings.config_files import load

        return templates_of(load(cwd=Path.cwd()).config)

    def notify_rules(self) -> NotifyConfig:
        """Give who is told of what. Raises E700."""
        from parhelia_tui.core.settings.config_files import load

        return load(cwd=Path.cwd()).config.notify

    def configuration(self) -> dict[str, dict[str, Any]]:
        """Give every configured value with where it comes from. Raises E700."""
        from parhelia_tui.core.settings.config_files import load

        loaded = load(cwd=Path.cwd())
        values: dict[str, dict[str, Any]] = {}
        waiting = list(loaded.config.model_dump().items())
        while waiting:
            key, value = waiting.pop(0)
            if isinstance(value, dict) and value:
                waiting[:0] = [(f"{key}.{name}", each) for name, each in value.items()]
            else:
                values[key] = {"value": value, "source": str(loaded.sources.get(key, "built-in"))}
        return values

    def meanings(self) -> dict[str, str]:
        """Give each key of the configuration with what it means."""
        from parhelia_tui.core.settings.reference import described

        return described()

    def typed_setting(self, key: str, text: str) -> Any:
        """Understand a value that was typed for a key. Raises E100 for what the key does not take."""
        from parhelia_tui.core.settings.config_write import read_value

        return read_value(key, text)

    def write_setting(self, key: str, text: str) -> Path:
        """Set a key in the user's own configuration file, and give that file.

        Raises:
            ParheliaError: E100 for what the key does not take, E700 where the file cannot be used or would be wrong
                with it, E500 when it cannot be written, E401 where nothing may be changed.
        """
        from parhelia_tui.core.settings.config_files import load, user_file
        from parhelia_tui.core.settings.config_write import read_value, set_key, write_whole
        from parhelia_tui.core.settings.toml_files import read_text

        refuse_if_read_only()
        target = user_file(os.environ)
        before = read_text(target)
        set_key(target, key, read_value(key, text))
        try:
            load(cwd=Path.cwd())
        except ParheliaError:
            # Right by itself, and wrong beside another key.
            if before is None:
                target.unlink()
            else:
                write_whole(target, before)
            raise
        return target

    def carried(self, project: Path) -> Manifest:
        """Say what of the user's own configuration of Claude Code goes into a container, and what stays and why."""
        from parhelia_tui.core.agents.claude.carry import manifest
        from parhelia_tui.core.agents.home import INSIDE

        return manifest(Path.home(), project, INSIDE)

    def changed_inside(self, container: Container) -> list[Change]:
        """Say what a container changed in the configuration of Claude Code that had gone along.

        Raises:
            ParheliaError: E500 when its home is not on this machine.
        """
        from parhelia_tui.core.agents.claude.take_back import changes

        home = self.paths.container(container.id) / "home"
        if not home.is_dir():
            raise ParheliaError(
                "E500",
                f"the home of container {container.id} is not here",
                recovery=(f"parhelia container show {container.id}",),
            )
        return changes(Path.home(), Path(container.workspace), home)

    def take_back(self, change: Change) -> None:
        """Write one change of a container, as it was shown, into the user's own configuration. Raises E101, E602."""
        from parhelia_tui.core.agents.claude.take_back import take

        take(Path.home(), change)

    def configuration_files(self) -> list[Path]:
        """Name the configuration files that are read here, the weakest first. Raises E700."""
        from parhelia_tui.core.settings.config_files import load

        return load(cwd=Path.cwd()).files

    def possible_configuration_files(self) -> list[Path]:
        """Name the places where configuration is looked for, the weakest first, whether it is there or not."""
        from parhelia_tui.core.settings import config_files

        here = Path.cwd()
        project = config_files.project_file(here, os.environ) or here / config_files.PROJECT_NAME
        return [config_files.SYSTEM_FILE, config_files.user_file(os.environ), project]

    def example_configuration(self) -> str:
        """Write a configuration file that has every key with its meaning and its default."""
        from parhelia_tui.core.settings.reference import example

        return example()

    def begin_configuration(self, *, force: bool) -> Path:
        """Write a configuration file of the user in which every key is explained and none is set.

        Args:
            force: replace one that is there.

        Raises:
            ParheliaError: E101 when there is one, E500 when it cannot be written.
        """
        from parhelia_tui.core.settings.config_files import user_file
        from parhelia_tui.core.settings.reference import beginning

        refuse_if_read_only()
        target = user_file(os.environ)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("w" if force else "x", encoding="utf-8") as file:
                file.write(beginning())
        except FileExistsError:
            raise ParheliaError(
                "E101",
                f"{target} is there already",
                recovery=("parhelia config check", "parhelia config init --force"),
            ) from None
        except OSError as error:
            raise ParheliaError("E500", f"{target} cannot be written: {error.strerror}") from error
        return target
