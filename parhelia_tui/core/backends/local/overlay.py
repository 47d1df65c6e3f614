"""The system of a persistent container: what it changes stays in its run directory.

/usr and /opt are overlays over this machine's; /etc, /var and /tmp are the container's own, the first two
begun with copies of what package managers need. The rest of this machine's /etc and /var is never shown
(passwords, keys, mail, backups).
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from parhelia_tui.core.backends.local import etc
from parhelia_tui.core.backends.local.host import program
from parhelia_tui.core.settings.removal import remove_tree

OVERLAID = ("usr", "opt")
OWN = ("etc", "var", "tmp")
_FINISHED = ".finished"
_BELOW = ".below"
"""Names the layer that lies below another one: by what it is called in the directory of images."""
# Beside what an ordinary container sees. Sources of packages may stand with a password in them, in auth.conf.
_ETC_TOO = ("apt", "dpkg", "adduser.conf", "deluser.conf", "login.defs", "skel", "debconf.conf", "ucf.conf")
_VAR = ("cache/apt/archives/partial", "lib/apt/lists/partial", "lib/dpkg", "log/apt", "spool")


def prepare(run: Path, container_id: str, *, layer: Path | None, network: bool) -> None:
    """Lay out the directories of a persistent container, once.

    Args:
        run: its run directory.
        layer: of an image, with which the system begins; a system that was taken over keeps what it began with.
        network: what names need to be resolved is copied too.

    Raises:
        OSError: the disk is full.
    """
    upper = run / "upper"
    own = upper / "etc"
    # The layers that are not kept are made anew for a system that was taken over.
    make_directories(run)
    if layer is not None and not is_laid_out(upper):
        _begin_with(layer, upper)
    if is_laid_out(upper):
        for source in [*etc.small(), *etc.large()] if network else ():
            # Nothing that a container made is written through or replaced: what is there is there.
            if not os.path.lexists(own / source.relative_to("/etc")) and source.parent == Path("/etc"):
                etc.copy(source, own / source.name)
        return
    if os.geteuid() != 0:
        for name in OVERLAID:
            _skeleton(Path("/") / name, upper / name)
    for source in [*etc.small(), *etc.large(), *(Path("/etc") / name for name in _ETC_TOO)]:
        if not network and source.name in etc.FOR_NAMES:
            continue
        etc.copy(source, own / source.relative_to("/etc"))
    for name, text in {**etc.ACCOUNTS, **etc.own(container_id)}.items():
        if name != "hosts" or not network:
            etc.write(own / name, text)
    if (own / "apt").is_dir():
        # Only one user exists inside, so nobody is there for apt to become.
        (own / "apt" / "apt.conf.d").mkdir(exist_ok=True)
        (own / "apt" / "apt.conf.d" / "99parhelia").write_text('APT::Sandbox::User "root";\n')
    for name in _VAR:
        (upper / "var" / name).mkdir(parents=True, exist_ok=True)
    etc.copy(Path("/var/lib/dpkg"), upper / "var" / "lib" / "dpkg")
    # It names users and groups of this machine; dpkg gives up at one that there is not.
    (upper / "var" / "lib" / "dpkg" / "statoverride").write_text("")
    for link, target in (("run", "/run"), ("tmp", "/tmp"), ("lock", "/run/lock")):
        if not (upper / "var" / link).is_symlink():
            (upper / "var" / link).symlink_to(target)
    (upper / _FINISHED).touch()


def _begin_with(layer: Path, upper: Path) -> None:
    """Let a system begin with a layer: /usr and /opt lie over it, /etc and /var are copies of its own."""
    for name in ("etc", "var"):
        shutil.rmtree(upper / name)
        _copy(layer / name, upper / name)
    (upper / _BELOW).write_text(f"{layer.parent.name}/{layer.name}", encoding="ascii")
    (upper / _FINISHED).touch()


def _copy(source: Path, target: Path) -> None:
    """Copy directories, files and links; a link is copied and never followed, as a container has made it."""
    # A list and not a call for each level: it may have made a tree that is deeper than calls can be.
    made = [(source, target)]
    for above, below in made:
        below.mkdir()
        for entry in os.scandir(above):
            place = below / entry.name
            if entry.is_symlink():
                place.symlink_to(Path(entry.path).readlink())
            elif entry.is_dir(follow_symlinks=False):
                made.append((Path(entry.path), place))
            elif entry.is_file(follow_symlinks=False):
                shutil.copy2(entry.path, place, follow_symlinks=False)
    # At the end, as nothing could be copied into what is shut.
    for above, below in reversed(made):
        shutil.copymode(above, below)


def below(upper: Path, images: Path) -> Iterator[Path]:
    """Give the layers that lie below a system, from the top to the bottom.

    Args:
        images: where layers are.
    """
    while (upper / _BELOW).is_file():
        upper = images / (upper / _BELOW).read_text(encoding="ascii")
        yield upper


def make_layer(upper: Path) -> None:
    """Make of the system of an ended container what others may begin with: its /tmp goes."""
    remove_tree(upper / "tmp")


def make_directories(run: Path) -> None:
    """Make the directories that an overlay and a sandbox with it need, all empty."""
    for name in OVERLAID:
        for layer in ("upper", "work", "merged"):
            (run / layer / name).mkdir(parents=True, exist_ok=True)
    for name in OWN:
        (run / "upper" / name).mkdir(exist_ok=True)
    (run / "upper" / "tmp").chmod(0o1777)


def is_laid_out(upper: Path) -> bool:
    """Say whether the directories of a persistent container are all there."""
    return (upper / _FINISHED).exists()


def launcher(run: Path, bwrap: str, images: Path) -> list[str]:
    """Give what runs bubblewrap where the overlays are mounted.

    The mounts are those of a namespace that ends with its last process, so nothing of them stays behind.
    Every process of this chain executes the next one, so there is no further link that could break.

    Args:
        images: where layers of images are.
    """
    layers = list(below(run / "upper", images))
    mounts = [
        f"mount -t overlay overlay -o userxattr,lowerdir={_lower(name, layers)},"
        f"upperdir={_option(run / 'upper' / name)},workdir={_option(run / 'work' / name)}"
        f" {_quoted(str(run / 'merged' / name))}"
        for name in OVERLAID
        if (Path("/") / name).is_dir()
    ]
    script = " && ".join([*mounts, 'exec "$@"'])
    unshare = program("unshare", "util-linux")
    return [unshare, "-Urm", "--propagation", "private", "/bin/sh", "-c", script, "sh", bwrap]


def _skeleton(source: Path, target: Path) -> None:
    """Make every directory of the lower layer in the upper one.

    The kernel lets an ordinary user change nothing that belongs to root, also not in an overlay; but a
    directory that is in the upper layer too belongs to him, and what he adds to it needs no copy.
    """
    # By names alone: there are many thousands, and an object for each would take as long again.
    for folder, _, _ in os.walk(source):
        with contextlib.suppress(FileExistsError):
            os.mkdir(str(target) + folder.removeprefix(str(source)), 0o755)  # noqa: PTH102


def _lower(name: str, layers: Sequence[Path]) -> str:
    return ":".join([*(_option(each / name) for each in layers), f"/{name}"])


def _option(path: Path) -> str:
    """A path as an option of an overlay wants it, quoted for a shell."""
    return _quoted(str(path).replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,"))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
