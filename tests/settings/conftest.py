"""A machine of its own for each test: a home, a project and the place of the machine's file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from parhelia_tui.core.settings.config_files import Loaded, load

# A busy machine is no defect of what is tested.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@dataclass(frozen=True)
class House:
    """Paths under one temporary directory, and loading with them."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def project(self) -> Path:
        return self.home / "code" / "project"

    @property
    def system_file(self) -> Path:
        return self.root / "etc" / "parhelia" / "config.toml"

    @property
    def user_file(self) -> Path:
        return self.home / ".config" / "parhelia" / "config.toml"

    @property
    def project_file(self) -> Path:
        return self.project / ".parhelia.toml"

    def write(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def load(
        self,
        flags: Mapping[str, Any] | None = None,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Loaded:
        return load(
            flags=flags,
            cwd=cwd or self.project,
            environ={"HOME": str(self.home), **(environ or {})},
            system_file=self.system_file,
        )


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    made.project.mkdir(parents=True)
    return made
