"""The log of a container told over its turns: the fork that tells, the mirror that takes, a break between any two bytes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from parhelia_tui.core.backends.modal.mirrored_log import MirroredLog
from parhelia_tui.core.shim.output import LOG, OLDER, TURN, Output
from parhelia_tui.core.shim.turned_log import TurnedLog

BOUND = 1000


class Printed:
    """A container's log, and all that was ever printed, in numbered lines that are all different."""

    def __init__(self, place: Path) -> None:
        place.mkdir()
        self.place = place
        self.output = Output(str(place), BOUND)
        self.lines = 0

    def print(self, most: int) -> None:
        """Print at most so many lines more."""
        for _ in range(most):
            self.lines += 1
            self.output.take(b"line %06d\n" % self.lines)

    def is_there(self) -> bytes:
        """What still exists of it."""
        return whole(self.place)


@pytest.fixture
def printed(tmp_path: Path) -> Printed:
    return Printed(tmp_path / "far")


@pytest.fixture
def mirror(tmp_path: Path) -> MirroredLog:
    place = tmp_path / "near"
    place.mkdir()
    return MirroredLog(place)


def whole(place: Path) -> bytes:
    """The older log and the log of a directory."""
    return b"".join((place / name).read_bytes() for name in (OLDER, LOG) if (place / name).exists())


def whole_log(place: Path) -> bytes:
    """The log of a directory."""
    return (place / LOG).read_bytes()


def asked(printed: Printed, mirror: MirroredLog) -> TurnedLog:
    """Who tells the mirror after a new call."""
    return TurnedLog(str(printed.place), mirror.turn, mirror.size)


def listen(printed: Printed, mirror: MirroredLog, frames: int = 1000) -> None:
    """Have the mirror call, take so many frames at most, and be cut off."""
    with asked(printed, mirror) as reader:
        take(reader, mirror, frames)


def take(reader: TurnedLog, mirror: MirroredLog, frames: int = 1000) -> None:
    """Have the mirror take what comes, so many frames at most."""
    for _ in range(frames):
        came = reader.next()
        if came is None:
            return
        kind, data = came
        if kind == "cut":
            mirror.begin_anew(data)
        else:
            mirror.add(data)


@pytest.mark.parametrize("before", [0, 5, 70, 77])
@pytest.mark.parametrize("meanwhile", [3, 40, 120])
def test_a_break_while_the_log_is_turned_over_mixes_and_loses_nothing(
    printed: Printed, mirror: MirroredLog, tmp_path: Path, before: int, meanwhile: int
) -> None:
    printed.print(before)
    listen(printed, mirror)
    printed.print(meanwhile)
    listen(printed, mirror)
    # All that still is in the sandbox, with nothing in between that is not.
    assert whole(tmp_path / "near").endswith(printed.is_there())
    assert b"line %06d\n" % printed.lines in (tmp_path / "near" / LOG).read_bytes()


def test_what_was_printed_before_a_turn_is_told_to_who_listens(
    printed: Printed, mirror: MirroredLog, tmp_path: Path
) -> None:
    with asked(printed, mirror) as reader:
        printed.print(70)
        take(reader, mirror)
        printed.print(100)
        take(reader, mirror)
    assert whole(tmp_path / "near") == printed.is_there()
    assert mirror.turn == 2


@pytest.mark.parametrize("seed", range(20))
def test_any_breaks_at_any_moments_leave_what_the_sandbox_has(
    printed: Printed, mirror: MirroredLog, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    for _ in range(80):
        with asked(printed, mirror) as reader:
            for _ in range(chance.randrange(4)):
                printed.print(chance.randrange(60))
                take(reader, mirror, chance.randrange(4))
        printed.print(chance.randrange(60))
    listen(printed, mirror)
    assert whole(tmp_path / "near") == printed.is_there()


def test_a_mirror_that_ended_in_its_turn_asks_for_the_log_once_more(
    printed: Printed, mirror: MirroredLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed.print(70)
    listen(printed, mirror)
    printed.print(20)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", _ended)
        with pytest.raises(KeyboardInterrupt):
            listen(printed, mirror)
    listen(printed, mirror)
    assert whole(tmp_path / "near") == printed.is_there()


def _ended(*_: object) -> int:
    raise KeyboardInterrupt


def test_a_turn_that_fails_is_none(printed: Printed, mirror: MirroredLog, tmp_path: Path) -> None:
    printed.print(70)
    # A directory of that name cannot be replaced by a file.
    (printed.place / OLDER).mkdir()
    printed.print(30)
    with asked(printed, mirror) as reader:
        take(reader, mirror)
        assert str((printed.place / TURN).readlink()).startswith("1 ")
        assert (mirror.turn, whole_log(tmp_path / "near")) == (0, whole_log(printed.place))
        (printed.place / OLDER).rmdir()
        printed.print(1)
        take(reader, mirror)
    assert whole(tmp_path / "near") == printed.is_there()
    assert mirror.turn == 1


def test_a_turn_that_was_never_finished_loses_nothing(
    printed: Printed, mirror: MirroredLog, tmp_path: Path
) -> None:
    """A supervisor may be killed at any moment of it."""
    printed.print(70)
    listen(printed, mirror, 1)
    printed.print(10)
    (printed.place / TURN).symlink_to("1 1")
    (printed.place / LOG).rename(printed.place / OLDER)
    listen(printed, mirror)
    assert (tmp_path / "near" / LOG).read_bytes() == (printed.place / OLDER).read_bytes()


def test_who_sends_without_end_does_not_fill_the_disk(mirror: MirroredLog, tmp_path: Path) -> None:
    for _ in range(200):
        mirror.add(b"x" * (1 << 18))
    assert len(whole(tmp_path / "near")) <= 2 * 16 * 1024 * 1024


def test_a_sandbox_that_does_not_tell_is_not_asked_for_a_turn(mirror: MirroredLog, tmp_path: Path) -> None:
    mirror.add(b"some")
    mirror.begin_anew(b"")
    assert (mirror.turn, mirror.size) == (0, 0)
    assert (tmp_path / "near" / OLDER).read_bytes() == b"some"
