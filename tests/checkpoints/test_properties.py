"""Trees that nobody would think of come back as they were."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parhelia_tui.core.checkpoints.capture import capture
from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.checkpoints.restore import restore
from parhelia_tui.core.checkpoints.rollback import rollback
from parhelia_tui.core.checkpoints.verify import verify
from tests.checkpoints.strict import differences

NAMES = (
    st.binary(min_size=1, max_size=12)
    .map(lambda raw: raw.replace(b"/", b"_").replace(b"\0", b"0"))
    .filter(lambda name: name not in (b".", b"..", b".parheliaignore"))
)
TIMES = st.integers(min_value=-(1 << 33), max_value=1 << 33)
FILE_MODES = st.integers(min_value=0o400, max_value=0o777).map(lambda mode: mode | 0o400)
# A pattern and how often: written out, a failing example would have megabytes.
CONTENTS = st.one_of(
    st.tuples(st.binary(max_size=300), st.just(1)),
    st.tuples(st.sampled_from([b"\0", b"x"]), st.sampled_from([1 << 20, (1 << 20) + 1, (3 << 20) + 5])),
)
NODES: st.SearchStrategy[tuple] = st.deferred(
    lambda: st.one_of(
        st.tuples(
            st.just("file"),
            CONTENTS,
            FILE_MODES,
            TIMES,
            st.dictionaries(st.sampled_from("ab"), st.binary(max_size=8), max_size=2),
        ),
        st.tuples(
            st.just("link"),
            st.binary(min_size=1, max_size=40).map(lambda raw: raw.replace(b"\0", b"0")),
            TIMES,
        ),
        st.tuples(st.just("same"), st.integers(min_value=0)),
        st.tuples(st.just("fifo")),
        st.tuples(st.just("folder"), TREES, st.sampled_from([0o700, 0o755, 0o1777, 0o2750]), TIMES),
    )
)
TREES: st.SearchStrategy[dict] = st.dictionaries(NAMES, NODES, max_size=5)


def make(top: bytes, tree: dict, files: list[bytes]) -> None:
    """Make what a drawn tree says."""
    for name, node in tree.items():
        path = os.path.join(top, name)
        if node[0] == "file":
            with open(path, "wb") as file:
                file.write(node[1][0] * node[1][1])
            for key, value in node[4].items():
                os.setxattr(path, f"user.{key}", value)
            os.chmod(path, node[2])
            os.utime(path, (node[3], node[3]))
            files.append(path)
        elif node[0] == "link":
            os.symlink(node[1], path)
            os.utime(path, (node[2], node[2]), follow_symlinks=False)
        elif node[0] == "same" and files:
            os.link(files[node[1] % len(files)], path)
        elif node[0] == "fifo":
            os.mkfifo(path)
        elif node[0] == "folder":
            os.mkdir(path)
            make(path, node[1], files)
            os.chmod(path, node[2])
            os.utime(path, (node[3], node[3]))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(TREES, TREES)
def test_any_tree_comes_back_and_any_other_rolls_back_to_it(first: dict, second: dict) -> None:
    with tempfile.TemporaryDirectory() as name, Repository(Path(name) / "store") as repository:
        top = Path(name)
        for each, tree in (("first", first), ("second", second)):
            (top / each).mkdir()
            make(os.fsencode(top / each), tree, [])
        one = capture(repository, top / "first")
        two = capture(repository, top / "second")
        restore(repository, one.tree, top / "out")
        assert differences(top / "first", top / "out") == []
        # Two names for the same state would be two checkpoints where nothing changed.
        assert one.skipped or capture(repository, top / "out").tree == one.tree
        rollback(repository, two.tree, top / "out", top / "journal")
        assert differences(top / "second", top / "out") == []
        rollback(repository, one.tree, top / "out", top / "journal")
        assert differences(top / "first", top / "out") == []
        assert verify(repository) == []
