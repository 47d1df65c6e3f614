"""Git as we run it: with a configuration of ours, and nothing that a repository asks for.

A repository can name programs: hooks, filters, fsmonitor, textconv, ssh, a pager, commands for alternates. So objects
are read and written by a git whose directory is ours alone and whose objects lie beside the user's. Only `rev-parse`,
`symbolic-ref`, `for-each-ref` and `update-ref` run in the user's own directory, with hooks off: of what a
configuration names they run nothing else. A workspace's own `.git` is never read.
Source: git(1), gitrepository-layout(5), git-config(1).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from parhelia_tui.core.branches.repository import UserRepository
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line

AUTHOR = "Parhelia"
EMAIL = "parhelia@localhost"
PATIENCE_S = 600.0
_SET = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "core.protectNTFS=true",
    "core.protectHFS=true",
    "core.alternateRefsCommand=",
    "gc.auto=0",
    "maintenance.auto=false",
)
_KEPT = ("shallow", "info/exclude", "info/attributes")
"""What the user's repository knows besides its objects: where its history ends, and rules for files."""
_SMALL = 1 << 20


@dataclass(frozen=True, slots=True)
class Git:
    """Runs git.

    Args:
        environment: beside what is always the same.
        place: the working directory.
    """

    environment: Mapping[str, str]
    place: Path

    def run(self, *words: str, given: bytes | IO[bytes] = b"", fine: tuple[int, ...] = (0,)) -> bytes:
        """Give what git says.

        Args:
            given: its standard input.
            fine: exit codes that are no failure.

        Raises:
            ParheliaError: E500 when git is missing or fails, E501 when it takes too long.
        """
        done = self.end_of(*words, given=given)
        if done.returncode not in fine:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"code {done.returncode}"]
            raise ParheliaError(
                "E500",
                f"git {words[0]} failed: {one_line(said[-1], 300)}",
                details={"git": [one_line(line, 300) for line in said[:20]]},
                recovery=("git --version", "parhelia doctor"),
            )
        return done.stdout

    def line(self, *words: str) -> str | None:
        """Give the one line that git says; None where it fails. Raises E500, E501."""
        done = self.end_of(*words)
        return os.fsdecode(done.stdout).strip() if done.returncode == 0 else None

    def start(self, *words: str, wrong: int) -> subprocess.Popen[bytes]:
        """Start git; what it complains of goes to the descriptor `wrong`. Raises E500."""
        try:
            return subprocess.Popen(
                _command(words),
                env=self._whole(),
                cwd=self.place,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=wrong,
            )
        except OSError as error:
            raise _missing(error) from error

    def end_of(self, *words: str, given: bytes | IO[bytes] = b"") -> subprocess.CompletedProcess[bytes]:
        """Run git to its end, whatever that is. Raises E500 when it is missing, E501."""
        source: dict[str, Any] = {"input": given} if isinstance(given, bytes) else {"stdin": given}
        try:
            return subprocess.run(
                _command(words),
                **source,
                capture_output=True,
                env=self._whole(),
                cwd=self.place,
                timeout=PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ParheliaError("E501", f"git {words[0]} took more than {PATIENCE_S:g} s") from error
        except OSError as error:
            raise _missing(error) from error

    def _whole(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": os.devnull,
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_NO_LAZY_FETCH": "1",
            # The same for versions that do not know that one.
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_AUTHOR_NAME": AUTHOR,
            "GIT_AUTHOR_EMAIL": EMAIL,
            "GIT_COMMITTER_NAME": AUTHOR,
            "GIT_COMMITTER_EMAIL": EMAIL,
            **self.environment,
        }


def over_refs(repository: UserRepository) -> Git:
    """Give a git for the refs of the user's repository, and for nothing else."""
    return Git({"GIT_DIR": str(repository.git)}, repository.git)


@dataclass(frozen=True, slots=True)
class PrivateGit:
    """A git directory of ours beside the user's objects.

    Attributes:
        git: writes into objects of our own.
        theirs: writes into the user's objects, still without their configuration.
        tree: a directory for files, the work tree of `git`.
    """

    git: Git
    theirs: Git
    tree: Path


@contextmanager
def private(repository: UserRepository) -> Iterator[PrivateGit]:
    """Make a git directory that sees the objects of the user's repository; it goes afterwards. Raises E500."""
    long = over_refs(repository).line("rev-parse", "--show-object-format") == "sha256"
    try:
        with tempfile.TemporaryDirectory(prefix="parhelia-git-") as made:
            place, tree = Path(made) / "git", Path(made) / "tree"
            for each in (tree, place / "refs", place / "objects" / "info", place / "info"):
                each.mkdir(parents=True)
            extension = "\n[extensions]\n\tobjectformat = sha256" if long else ""
            (place / "config").write_text(
                f"[core]\n\trepositoryformatversion = {int(long)}\n\tbare = false{extension}\n"
            )
            (place / "HEAD").write_text("ref: refs/heads/none\n")
            theirs = os.fsencode(repository.objects)
            (place / "objects" / "info" / "alternates").write_bytes(_quoted(theirs) + b"\n")
            for name in _KEPT:
                _keep(repository.common / name, place / name)
            ours = {"GIT_DIR": str(place), "GIT_WORK_TREE": str(tree)}
            yield PrivateGit(
                Git(ours, tree), Git({**ours, "GIT_OBJECT_DIRECTORY": str(repository.objects)}, tree), tree
            )
    except OSError as error:
        raise ParheliaError("E500", f"a branch cannot be made: {error.strerror}") from error


def over_checkout(git: PrivateGit, repository: UserRepository) -> Git:
    """Give a git that compares the user's files with a commit, by a copy of their index."""
    index = git.tree.parent / "index"
    if (repository.git / "index").is_file():
        # With its time: by that git knows which files may have changed after it without looking so.
        shutil.copy2(repository.git / "index", index)
    where = {"GIT_WORK_TREE": str(repository.top), "GIT_INDEX_FILE": str(index)}
    made = Git({**git.git.environment, **where}, repository.top)
    # What has only another time is the same; its code tells of the rest.
    made.end_of("update-index", "-q", "--refresh", "--ignore-submodules")
    return made


def _keep(source: Path, target: Path) -> None:
    if source.is_file() and source.stat().st_size <= _SMALL:
        shutil.copyfile(source, target)


def _quoted(path: bytes) -> bytes:
    """Write a path as `alternates` wants it: with a quote or a line end in it, in C's manner."""
    if not any(each in path for each in (b'"', b"\n", b"\\", b"#")):
        return path
    return b'"' + path.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'


def _command(words: tuple[str, ...]) -> tuple[str, ...]:
    return ("git", "--no-pager", *(word for each in _SET for word in ("-c", each)), *words)


def _missing(error: OSError) -> ParheliaError:
    return ParheliaError("E500", f"git cannot be run: {error.strerror}", recovery=("parhelia doctor",))
