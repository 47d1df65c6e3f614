"""A store that somebody else made: whatever it says, it ends in E600 and nothing is written but where was asked."""

from __future__ import annotations

import dataclasses
import json
import marshal
import os
import shutil
import struct
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parhelia_tui.core.checkpoints import bounds, files, stat_cache
from parhelia_tui.core.checkpoints.capture import capture
from parhelia_tui.core.checkpoints.coding import NOTHING, digest
from parhelia_tui.core.checkpoints.collect import collect
from parhelia_tui.core.checkpoints.contents import contents
from parhelia_tui.core.checkpoints.diff import diff
from parhelia_tui.core.checkpoints.index import Index
from parhelia_tui.core.checkpoints.journal import Dress, Journal, Phase, Step, write_journal
from parhelia_tui.core.checkpoints.manifest import Directory, Entry, encode
from parhelia_tui.core.checkpoints.pack_table import HEAD, read_table
from parhelia_tui.core.checkpoints.packs import PackWriter
from parhelia_tui.core.checkpoints.pieces import encode_pieces
from parhelia_tui.core.checkpoints.recover import recover
from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.checkpoints.restore import restore
from parhelia_tui.core.checkpoints.rollback import rollback
from parhelia_tui.core.checkpoints.segment import Segment
from parhelia_tui.core.checkpoints.statistics import statistics
from parhelia_tui.core.checkpoints.tree import Tree, decode_tree, make_tree
from parhelia_tui.core.checkpoints.verify import verify
from parhelia_tui.core.model.errors import ParheliaError

SENSE: dict[str, object] = {
    **{"content": "00" * 32, "mode": 0o040755, "mtime_ns": 0, "uid": 0, "gid": 0},
    **{"xattrs": {}, "files": 0, "bytes": 0, "ignored": 0},
}
NONSENSE: list[dict[str, object]] = [
    {"mode": 1 << 80},
    {"mode": -1},
    {"mtime_ns": 1 << 80},
    {"uid": 1 << 40},
    {"gid": -5},
    {"files": float("inf")},
    {"xattrs": []},
    {"xattrs": {"user.a": 1}},
    {"xattrs": {"security.x": ""}},
    {"content": 5},
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=6), below, max_size=4),
    max_leaves=8,
)
KEYS = st.sampled_from(["0", "1", "2", "3", "-1", "9", "x"])
WILD = st.dictionaries(KEYS, JSON, max_size=3) | JSON


def folder(name: str, content: bytes) -> Entry:
    return Entry(name, 0o040755, 0, 0, os.getuid(), os.getgid(), content)


def file(name: str, content: bytes = NOTHING, size: int = 0, **more: Any) -> Entry:
    return Entry(name, 0o100644, 0, size, os.getuid(), os.getgid(), content, **more)


def publish(repository: Repository, objects: dict[bytes, bytes], top: bytes, files: int = 1) -> Tree:
    """Put objects into a store under any names, and a tree over them."""
    writer = PackWriter(repository.packs)
    for name, data in objects.items():
        writer.add(name, data, listing=True)
    writer.finish()
    tree = make_tree(folder(".", top), files, 0, 0)
    repository.publish(tree)
    return tree


def listings(*datas: bytes) -> dict[bytes, bytes]:
    return {digest(data): data for data in datas}


def with_extras(extras: object) -> bytes:
    """Give a directory of a file, a link, a directory and another file that says this of them."""
    entries = [file("a"), Entry("b", 0o120777, 0, 0, 0, 0, NOTHING, "x"), folder("c", NOTHING), file("d")]
    plain = encode([dataclasses.replace(each, target=None) for each in entries], {})
    return plain + json.dumps(extras).encode()


def done_or_refused(act: Callable[[], object]) -> None:
    """Do something that may find the store damaged, and may fail in no other way."""
    code = ""
    try:
        act()
    except ParheliaError as error:
        code = error.code
    assert code in ("", "E600")


def everything(repository: Repository, tree: str, place: Path) -> None:
    """Do all that one does with a checkpoint; each may refuse it as damaged and may do nothing else."""
    live = place / "ws"
    live.mkdir()
    (live / "mine").write_text("mine")
    now = capture(repository, live).tree
    acts: list[Callable[[], object]] = [
        lambda: verify(repository),
        lambda: list(contents(repository, tree)),
        lambda: diff(repository, now, tree),
        lambda: diff(repository, tree, now),
        lambda: capture(repository, live, tree),
        lambda: restore(repository, tree, place / "out"),
        lambda: restore(repository, tree, place / "two", processes=2),
        lambda: rollback(repository, tree, live, place / "journal"),
        lambda: collect(repository, [tree, now]),
        lambda: statistics(repository),
    ]
    for act in acts:
        done_or_refused(act)
    assert not (place / "journal").exists()
    assert {each.name for each in place.iterdir()} <= {"ws", "out", "two", "store"}


def read_whole(kind: Callable[[bytes], Any], act: Callable[[Any], object], data: bytes) -> None:
    """Read what data are said to be, and all that an act gives of it."""
    found = act(kind(data))
    if isinstance(found, Iterator):
        list(found)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("targets", "links", "xattrs", "chunked", "skipped"), WILD)
    )
)
def test_whatever_a_directory_says_of_its_names_it_is_read_or_refused(extras: dict[str, object]) -> None:
    data = with_extras(extras)
    for act in (Directory.entries, Directory.rows, Directory.chunked, lambda read: read.skipped):
        done_or_refused(partial(read_whole, Directory, act, data))


@pytest.mark.parametrize(
    "extras",
    [
        {"targets": {"1": "\ud800"}},
        {"targets": {"1": "x\0y"}},
        {"targets": {"1": "x" * 9000}},
        {"targets": {"0": "/etc/passwd", "1": "/etc"}},
        {"targets": {"1": "x", "2": "/tmp"}},
        {"targets": {"1": "x"}, "xattrs": {"0": {"user.\ud800": "AA=="}}},
        {"targets": {"1": "x"}, "xattrs": {"0": {"security.capability": "AA=="}}},
        {"targets": {"1": "x"}, "xattrs": {"0": {"user." + "x" * 300: "AA=="}}},
        {"targets": {"1": "x"}, "xattrs": {"0": {f"user.{each}": "AAAA" * 9000 for each in range(40)}}},
        {"targets": {"1": "x"}, "links": {"0": 1, "1": 1, "2": 1}},
        {"targets": {"1": "x"}, "chunked": [0, 3]},
        {"targets": {"1": "x"}, "skipped": ["a"]},
        {"targets": {"1": "x"}, "skipped": {"../../x": "permission denied"}},
    ],
)
def test_what_a_directory_may_not_say_goes_nowhere(
    repository: Repository, tmp_path: Path, extras: object
) -> None:
    tree = publish(repository, listings(data := with_extras(extras)), digest(data))
    everything(repository, tree.name, tmp_path)


def column(data: bytes, at: int, form: str, value: int) -> bytes:
    """Put another value into a column of a directory of one name."""
    return data[:at] + struct.pack(form, value) + data[at + struct.calcsize(form) :]


@pytest.mark.parametrize(
    ("at", "form", "value"),
    [
        (0, "<I", 0o020666),
        (0, "<I", 0o060666),
        (0, "<I", 0o170000),
        (4, "<q", -(1 << 63)),
        (4, "<q", (1 << 63) - 1),
        (12, "<Q", (1 << 64) - 1),
        (12, "<Q", 1 << 40),
        (20, "<I", (1 << 32) - 1),
        (24, "<I", (1 << 32) - 1),
    ],
)
def test_numbers_at_their_ends_and_devices_are_refused_or_made(
    repository: Repository, tmp_path: Path, at: int, form: str, value: int
) -> None:
    plain = encode([file("a")], {})
    data = column(plain, 12 + 1 + at, form, value)
    tree = publish(repository, listings(data), digest(data))
    everything(repository, tree.name, tmp_path)
    for made in tmp_path.rglob("a"):
        assert made.is_file()


@pytest.mark.parametrize(
    "pieces",
    [
        [((1 << 64) - 1, NOTHING)],
        [(1 << 62, NOTHING)],
        [(1 << 62, NOTHING), (1 << 62, NOTHING)],
        [((1 << 64) - 5, NOTHING), (5, NOTHING)],
        [(0, digest(b"x"))],
    ],
)
def test_a_file_of_enormous_size_is_refused(
    repository: Repository, tmp_path: Path, pieces: list[tuple[int, bytes]]
) -> None:
    list_of_pieces = encode_pieces(pieces)
    size = sum(length for length, _ in pieces) % (1 << 64)
    data = encode([file("a", digest(list_of_pieces), size, chunked=True)], {})
    tree = publish(repository, {**listings(data, list_of_pieces), digest(b"x"): b"x"}, digest(data))
    everything(repository, tree.name, tmp_path)


def test_few_directories_that_stand_for_names_without_end_are_refused(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that what is made before it is refused is soon made.
    monkeypatch.setattr(bounds, "NAMES_LIMIT", 2000)
    datas = [encode([file(f"{each}") for each in range(10)], {})]
    for _ in range(30):
        datas.append(encode([folder(f"{each}", digest(datas[-1])) for each in range(10)], {}))
    tree = publish(repository, listings(*datas), digest(datas[-1]))
    with pytest.raises(ParheliaError, match="more than 2,000 names"):
        restore(repository, tree.name, tmp_path / "refused")
    everything(repository, tree.name, tmp_path)
    assert not (tmp_path / "out").exists()


def test_directories_within_each_other_without_end_are_refused(
    repository: Repository, tmp_path: Path
) -> None:
    datas = [encode([file("bottom")], {})]
    for _ in range(5000):
        datas.append(encode([folder("d", digest(datas[-1]))], {}))
    tree = publish(repository, listings(*datas), digest(datas[-1]))
    with pytest.raises(ParheliaError, match="too deep"):
        restore(repository, tree.name, tmp_path / "refused")
    everything(repository, tree.name, tmp_path)
    assert not (tmp_path / "out").exists()


def test_a_directory_that_lies_in_itself_is_refused(repository: Repository, tmp_path: Path) -> None:
    name = digest(b"any")
    data = encode([folder("a", name), folder("b", name)], {})
    tree = publish(repository, {name: data}, name)
    with pytest.raises(ParheliaError, match="not what was written"):
        restore(repository, tree.name, tmp_path / "refused")
    everything(repository, tree.name, tmp_path)
    assert not (tmp_path / "out").exists()


@given(st.binary(max_size=400))
def test_whatever_a_table_says_it_is_read_or_refused(data: bytes) -> None:
    for each in (data, b"PX1\0" + data):
        for act in (Segment.places, Segment.lengths):
            done_or_refused(partial(read_whole, Segment, act, each))


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=5),
)
def test_the_lengths_of_a_table_are_those_of_its_places(
    sizes: list[int], rows: list[tuple[int, int, int]]
) -> None:
    table = struct.pack("<4sIII", b"PX1\0", 1, len(sizes), len(rows)) + b"0" * 16
    table += b"".join(struct.pack("<IQII", 0, 8, 5, size) for size in sizes)
    table += b"".join(digest(b"%d" % number) for number in range(len(rows)))
    table += b"".join(struct.pack("<III", *row) for row in rows)
    try:
        wanted = [place.length for _, place in Segment(table).places()]
    except ParheliaError:
        with pytest.raises(ParheliaError, match="E600"):
            Segment(table).lengths()
    else:
        assert list(Segment(table).lengths()) == wanted


def test_a_table_that_leads_out_of_its_blocks_keeps_clean_up_from_throwing_away(
    repository: Repository,
) -> None:
    data = encode([file("a", digest(b"x"), 1)], {})
    tree = publish(repository, {**listings(data), digest(b"x"): b"x", digest(b"y"): b"y"}, digest(data))
    dead = publish(repository, listings(none := encode([], {})), digest(none))
    name = "0" * 16
    table = struct.pack("<4sIII", b"PX1\0", 1, 1, 1) + name.encode() + struct.pack("<IQII", 0, 8, 5, 5)
    table += digest(b"z") + struct.pack("<III", 0, 4, 2)
    footer = struct.pack("<Q32s8s", len(table), digest(table), b"PARHEND\n")
    (repository.root / "packs" / f"{name}.pack").write_bytes(HEAD + b"block" + table + footer)
    before = sorted(os.listdir(repository.packs))
    with pytest.raises(ParheliaError, match="outside of its block"):
        collect(repository, [tree.name], dead=[dead.name])
    assert sorted(os.listdir(repository.packs)) == before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(drawn=st.data())
def test_a_table_with_any_numbers_leads_to_nothing_but_blocks_of_its_pack(
    drawn: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    number32, number64 = st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 64) - 1)
    name = digest(b"x")
    block = struct.pack("<IQII", 0, drawn.draw(number64), drawn.draw(number32), drawn.draw(number32))
    place = struct.pack("<III", drawn.draw(st.integers(0, 2)), drawn.draw(number32), drawn.draw(number32))
    table = struct.pack("<4sIII", b"PX1\0", 1, 1, 1) + b"0" * 16 + block + name + place
    root = tmp_path_factory.mktemp("store")
    with Repository(root) as repository:
        footer = struct.pack("<Q32s8s", len(table), digest(table), b"PARHEND\n")
        (root / "packs" / f"{'0' * 16}.pack").write_bytes(HEAD + b"block" + table + footer)
        repository.objects.refresh()
        with pytest.raises(ParheliaError, match="E600"):
            repository.objects.read(name)


def test_a_table_of_enormous_length_is_not_read(repository: Repository) -> None:
    pack = repository.root / "packs" / f"{'0' * 16}.pack"
    length = 1 << 36
    with pack.open("wb") as made:
        made.truncate(length)
        made.seek(length)
        made.write(struct.pack("<Q32s8s", length - 100, digest(b""), b"PARHEND\n"))
    with pytest.raises(ParheliaError, match="cut off"):
        read_table(repository.packs, "0" * 16)
    index = Index(repository.packs)
    index.refresh()
    assert list(index.damaged) == ["0" * 16]


@pytest.mark.parametrize(
    "said",
    [
        b"[" * 100_000,
        b'{"content": "' + b"0" * 64 + b'", "mode": 1' + b"0" * 5000 + b"}",
        *(json.dumps({**SENSE, **wrong}).encode() for wrong in NONSENSE),
    ],
    ids=lambda said: said[-40:].decode(),
)
def test_a_tree_of_nonsense_is_refused(said: bytes) -> None:
    data = b"PT1\n" + said
    with pytest.raises(ParheliaError, match="E600"):
        decode_tree(digest(data).hex(), data)


@pytest.mark.parametrize("part", ["packs", "trees", "stat"])
def test_a_part_of_a_store_that_is_a_link_is_not_followed(tmp_path: Path, part: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine.new").write_text("mine")
    root = tmp_path / "store"
    Repository(root).close()
    (root / part).rmdir()
    (root / part).symlink_to(outside)
    with pytest.raises(ParheliaError, match="E600"):
        Repository(root)
    assert os.listdir(outside) == ["mine.new"]


def test_a_lock_that_is_a_link_makes_no_file_elsewhere(tmp_path: Path) -> None:
    root = tmp_path / "store"
    with Repository(root) as repository:
        (root / "lock").symlink_to(tmp_path / "planted")
        with pytest.raises(ParheliaError, match="E600"), repository.locked():
            pass
    assert not (tmp_path / "planted").exists()


def test_what_a_capture_remembers_is_believed_in_its_own_place_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = tmp_path / "ws"
    live.mkdir()
    (live / "file").write_text("x")
    with Repository(tmp_path / "store") as repository:
        capture(repository, live)
    (tmp_path / "store").rename(tmp_path / "original")
    shutil.copytree(tmp_path / "original", tmp_path / "store")
    read: list[bytes] = []
    real = marshal.loads

    def loads(data: bytes) -> Any:
        read.append(data)
        return real(data)

    monkeypatch.setattr(marshal, "loads", loads)
    with Repository(tmp_path / "store") as repository:
        # Nobody gives marshal what may have been made to hurt it.
        assert stat_cache.load(repository, live, b"") is None
        assert read == []
    (tmp_path / "store").rename(tmp_path / "copy")
    (tmp_path / "original").rename(tmp_path / "store")
    with Repository(tmp_path / "store") as repository:
        assert stat_cache.load(repository, live, b"") is not None


def test_what_a_capture_remembers_may_be_a_pipe(repository: Repository, tmp_path: Path) -> None:
    live = tmp_path / "ws"
    live.mkdir()
    capture(repository, live)
    (place,) = (repository.root / "stat").iterdir()
    place.unlink()
    os.mkfifo(place)
    assert capture(repository, live).files == 0


def test_a_journal_that_leads_out_does_nothing(tmp_path: Path) -> None:
    outside, live = tmp_path / "outside", tmp_path / "ws"
    outside.mkdir()
    live.mkdir()
    (outside / "mine").write_text("mine")
    top = Dress("", 0o755, 0, os.getuid(), os.getgid(), {})
    staging = ".parhelia-rollback-0123456789abcdef"
    (live / staging / "new").mkdir(parents=True)
    (live / staging / "new" / "0").write_text("planted")
    for phase in Phase:
        for journal in (
            Journal(phase, "../outside", top),
            Journal(phase, f"{staging}/../../outside", top),
            Journal(phase, staging, top, (Step(0, "../outside/planted", True),)),
            Journal(phase, staging, top, (Step(1, "../outside", False),)),
            Journal(phase, staging, top, (), (Dress("../outside", 0o777, 0, 0, 0, {}),)),
            Journal(phase, staging, top, (Step(0, "/etc/planted", True),)),
        ):
            write_journal(tmp_path / "journal", journal)
            with pytest.raises(ParheliaError, match="E600"):
                recover(live, tmp_path / "journal")
    assert os.listdir(outside) == ["mine"]
    assert (live / staging / "new" / "0").exists()


def test_a_way_up_is_no_way_below(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    with files.directory(str(tmp_path / "in")) as opened:
        for path in ("..", "deep/..", "deep/../..", "../in"):
            with pytest.raises(OSError, match="leads out"):
                files.open_below(opened, path)
        os.close(files.open_below(opened, "deep"))
