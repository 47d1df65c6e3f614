"""Where an agent can work: where its program is."""

from __future__ import annotations

from collections.abc import Mapping

from parhelia_tui.core.agents.registry import agent
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Image


def lacks(name: str, images: Mapping[str, Image | None]) -> dict[str, str]:
    """Say of each backend where an agent cannot work what is lacking there.

    Args:
        images: what containers find, by backend; None where they see this machine's programs.

    Returns:
        Words that follow the backend's name.
    """
    found = {}
    for backend, image in images.items():
        try:
            agent(name).need(image)
        except ParheliaError as error:
            found[backend] = f"cannot run its agent: {error.message}"
    return found
