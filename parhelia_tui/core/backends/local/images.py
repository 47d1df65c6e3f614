"""Images: named systems that a script has made once, for containers on this machine to begin with.

An image is a directory `images/NAME` with `image.json`, which says what is current of it, and layers: the changed
parts of the systems of the containers in which they were made. A layer is never changed, so containers that began
with an older one go on with it; it goes when nothing lies over it any more.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from parhelia_tui.core.backends.local import overlay, run_directory
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import SystemImage
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.settings.tree_size import size_below

DEEPEST = 6
"""Images on top of each other: what a mount is told has to fit into one page of memory."""
_ABOUT = "image.json"


def listed(paths: Paths) -> list[SystemImage]:
    """Read all images, by name; one that cannot be read is none."""
    found = []
    with contextlib.suppress(FileNotFoundError):
        for entry in sorted(paths.images.iterdir()):
            image = find(paths, entry.name)
            if image is not None:
                found.append(image)
    return found


def find(paths: Paths, name: str) -> SystemImage | None:
    """Read one image, None when there is none, as of what is no name but a path."""
    if name == ".." or Path(name).name != name:
        return None
    try:
        return SystemImage(**json.loads((paths.images / name / _ABOUT).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def get(paths: Paths, name: str) -> SystemImage:
    """Read one image.

    Raises:
        ParheliaError: E208, with those that there are.
    """
    found = find(paths, name)
    if found is None:
        known = [each.name for each in listed(paths)]
        among = f"; there is {', '.join(known)}" if known else "; none has been built"
        raise ParheliaError(
            "E208",
            f"there is no image {one_line(name, 40)!r}{among}",
            details={"known": known},
            recovery=(f"parhelia image build {one_line(name, 40)} --script FILE", "parhelia image list"),
        )
    return found


def layer(paths: Paths, name: str) -> Path | None:
    """Give the current layer of an image; None for no name, which is this machine's own system. Raises E208."""
    return paths.images / name / get(paths, name).layer if name else None


def depth(paths: Paths, name: str) -> int:
    """Count the layers of an image, those of what it was made of too; 0 for no name. Raises E208."""
    top = layer(paths, name)
    return 0 if top is None else 1 + sum(1 for _ in overlay.below(top, paths.images))


def publish(
    paths: Paths, name: str, container_id: str, base: str, fingerprint: str, at: float
) -> SystemImage:
    """Make what a container left of its system the current layer of an image; safe to repeat.

    Args:
        container_id: an ended container with a system of its own.
        at: epoch seconds.

    Raises:
        ParheliaError: E103 while the container lives, E606 when it left no system, E507, E500.
    """
    run, place = paths.container(container_id), private_directory(paths.images) / name / container_id
    if run_directory.is_alive(run):
        raise ParheliaError("E103", f"container {container_id} still runs")
    try:
        private_directory(place.parent)
        if not place.exists():
            if not overlay.is_laid_out(run / "upper"):
                raise ParheliaError("E606", f"container {container_id} has left no system")
            overlay.make_layer(run / "upper")
            (run / "upper").rename(place)
        image = SystemImage(name, container_id, base, fingerprint, size_below(place), at)
        run_directory.write_whole(place.parent / _ABOUT, json.dumps(asdict(image)))
    except OSError as error:
        raise ParheliaError("E500", f"the image cannot be kept: {error.strerror}") from error
    return image


def check_unused(paths: Paths, name: str) -> None:
    """Refuse an image of which another was made, or that there is not. Raises E208, E103."""
    get(paths, name)
    over = [each.name for each in listed(paths) if each.base == name]
    if over:
        raise ParheliaError(
            "E103",
            f"image {name} is what {', '.join(over)} was made of",
            recovery=tuple(f"parhelia image delete {each}" for each in over),
        )


def delete(paths: Paths, name: str) -> None:
    """Forget an image; containers that began with it go on.

    Raises:
        ParheliaError: E208; E103 for one of which another was made.
    """
    check_unused(paths, name)
    (paths.images / name / _ABOUT).unlink(missing_ok=True)
    collect(paths)


def collect(paths: Paths) -> None:
    """Remove the layers that are not current and over which nothing lies."""
    needed = set(_needed(paths))
    with contextlib.suppress(FileNotFoundError):
        for folder in paths.images.iterdir():
            for place in folder.iterdir():
                if place.is_dir() and place not in needed:
                    with contextlib.suppress(ParheliaError):
                        run_directory.remove(place)
            with contextlib.suppress(OSError):
                # One that still holds something stays.
                folder.rmdir()


def _needed(paths: Paths) -> Iterator[Path]:
    for image in listed(paths):
        top = paths.images / image.name / image.layer
        yield top
        yield from overlay.below(top, paths.images)
    with contextlib.suppress(FileNotFoundError):
        for run in paths.containers.iterdir():
            yield from overlay.below(run / "upper", paths.images)
