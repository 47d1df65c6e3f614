"""What there is to ask and to wish of images."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from parhelia_tui.core.backends.local import images
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import SystemImage
from parhelia_tui.core.settings.paths import Paths


class Images:
    """Named systems for containers on this machine.

    Args:
        paths: the state directory.
        intent: asks the controller for something, and waits for it.
    """

    def __init__(self, paths: Paths, intent: Callable[..., dict[str, Any]]) -> None:
        self._paths = paths
        self._intent = intent

    def listed(self) -> list[SystemImage]:
        """Read all, by name."""
        return images.listed(self._paths)

    def get(self, name: str) -> SystemImage:
        """Read one. Raises E208."""
        return images.get(self._paths, name)

    def fingerprint(self, script: str, base: str) -> str:
        """Tell a script, and what it is to be run over, from others. Raises E208 for a base that there is not."""
        below = self.get(base).layer if base else ""
        return hashlib.sha256(f"{base}\0{below}\0{script}".encode()).hexdigest()

    def current(self, name: str, fingerprint: str) -> SystemImage | None:
        """Give an image that is what would be built; None where it has to be."""
        found = images.find(self._paths, name)
        return found if found is not None and found.fingerprint == fingerprint else None

    def check(self, name: str, base: str) -> None:
        """Refuse what no image can be made of.

        Raises:
            ParheliaError: E208; E101 for one that is its own base, or lies on too many others.
        """
        if base and base == name:
            raise ParheliaError("E101", f"image {name} cannot be made of itself; give it another name")
        if images.depth(self._paths, base) >= images.DEEPEST:
            raise ParheliaError(
                "E101", f"{base} lies on {images.DEEPEST - 1} others already; let one script do more"
            )

    def publish(self, name: str, container_id: str, base: str, fingerprint: str) -> SystemImage:
        """Make what an ended container left of its system the current one of an image. Raises E103, E606, E500."""
        given = {"container_id": container_id, "base": base, "fingerprint": fingerprint}
        return SystemImage(**self._intent("image.publish", name, given))

    def delete(self, name: str) -> None:
        """Forget one; containers that began with it go on. Raises E208, E103."""
        images.check_unused(self._paths, name)
        self._intent("image.delete", name, {})


def usable_image(name: str, paths: Paths, *, backend: str, unsandboxed: bool) -> str:
    """Check that a container can begin with an image, and give its name.

    Raises:
        ParheliaError: E208; E101 without isolation, E603 at a provider.
    """
    if unsandboxed:
        raise ParheliaError(
            "E101",
            "an image and unsandboxed exclude each other: without isolation there is this machine's system alone",
            recovery=("parhelia run --image NAME COMMAND", "parhelia run --unsandboxed COMMAND"),
        )
    if backend == "modal":
        raise ParheliaError(
            "E603",
            "images are made on this machine, for containers on this machine; sandboxes have an image of their own",
            recovery=("parhelia task create --backend local", "parhelia help modal"),
        )
    return images.get(paths, name).name
