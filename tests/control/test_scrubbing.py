"""Hiding keys in what ended containers left, though one of them cannot be read."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from parhelia_tui.core.control import scrubbing
from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.config import Config
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.store.migrations import open_migrated

KEY = "sk-ant-" + "a1B2" * 12


async def test_one_that_cannot_be_read_does_not_keep_the_others_from_it(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    db = open_migrated(paths.database)
    context = Context(paths, Config(), db, {}, logging.getLogger("test"))
    try:
        for name in ("c-1", "c-2"):
            paths.container(name).mkdir(parents=True)
            (paths.container(name) / "output.log").write_text(f"key {KEY}\n")
        # A link is followed by nobody, so this one fails.
        (paths.container("c-1") / "exit.json").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(ParheliaError) as told:
            await scrubbing.scrub(context, ["c-1", "c-2"])
        assert told.value.code == "E500"
        assert KEY not in (paths.container("c-2") / "output.log").read_text()
        assert context.scrubbed == {"c-2"}
        (paths.container("c-1") / "exit.json").unlink()
        await scrubbing.scrub(context, ["c-1"])
        assert KEY not in (paths.container("c-1") / "output.log").read_text()
    finally:
        db.close()
