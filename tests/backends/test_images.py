"""Images as they lie on the disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parhelia_tui.core.backends.local import images
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.paths import Paths


@pytest.mark.parametrize("name", ["../elsewhere", "..", "a/../../elsewhere", "/tmp", "."])
def test_a_path_is_no_name_of_an_image(tmp_path: Path, name: str) -> None:
    paths = Paths(tmp_path / "state")
    about = {"name": "x", "layer": "c-1", "base": "", "fingerprint": "", "bytes": 0, "made_at": 0.0}
    for place in (paths.home / "elsewhere", paths.home):
        place.mkdir(parents=True, exist_ok=True)
        (place / "image.json").write_text(json.dumps(about))
    with pytest.raises(ParheliaError) as raised:
        images.delete(paths, name)
    assert raised.value.code == "E208"
    assert (paths.home / "elsewhere" / "image.json").exists()
