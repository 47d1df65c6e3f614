"""The harness of the benchmarks: medians, ratios, the table and the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import run
from bench.harness import FILES, ROUNDS, Result, file_seconds, median, percentile, ratio


def test_a_result_holds_up_to_its_limit() -> None:
    assert Result.at_most("a", "n", 2.0, "x", 2.0).holds
    assert not Result.at_most("a", "n", 2.1, "x", 2.0).holds
    assert Result.at_least("a", "n", 2.0, "x", 2.0).holds
    assert not Result.at_least("a", "n", 1.9, "x", 2.0).holds
    assert Result.reported("a", "n", 1e9, "ms").holds


def test_a_median_needs_enough_values() -> None:
    with pytest.raises(ValueError, match=f"at least {ROUNDS}"):
        median([1.0] * (ROUNDS - 1))
    assert median([9, 1, 2, 3, 4, 5, 100]) == 4


@pytest.mark.parametrize(("share", "value"), [(0, 1), (0.5, 50), (0.99, 99), (1, 100)])
def test_a_percentile_is_the_nearest_rank(share: float, value: float) -> None:
    assert percentile([float(n) for n in range(100, 0, -1)], share) == value


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="values"):
        percentile([], 0.5)


def test_a_ratio_takes_turns_and_leaves_out_the_first() -> None:
    calls: list[str] = []

    def act() -> float:
        calls.append("act")
        return 100.0 if len(calls) == 2 else 6.0

    def base() -> float:
        calls.append("base")
        return 100.0 if len(calls) == 1 else 2.0

    result = ratio(act, base)
    assert (result.value, result.seconds, result.base_seconds) == (3.0, 6.0, 2.0)
    assert calls == ["base", "act"] * (ROUNDS + 1)


def test_a_file_is_made_in_a_directory_of_its_own(tmp_path: Path) -> None:
    assert 0 < file_seconds(tmp_path) < 60
    assert len([*tmp_path.glob("*/file")]) == FILES


def test_the_table_and_the_file_say_the_same(tmp_path: Path) -> None:
    results = [
        Result.at_most("start", "one", 12.3456, "x", 10),
        Result.reported("start", "two", 0.01234, "s"),
    ]
    lines = run.table([run.row(each) for each in results]).splitlines()
    assert lines[2].split("|")[1:-1] == [" start ", " one  ", " 12.3 x   ", " 10 x  ", " NO    "]
    assert lines[3].split("|")[1:-1] == [" start ", " two  ", " 0.0123 s ", "       ", "       "]
    path = tmp_path / "results.json"
    run.write_results(results, path)
    assert json.loads(path.read_text()) == [
        {"area": "start", "name": "one", "value": 12.3456, "unit": "x", "limit": 10, "holds": False},
        {"area": "start", "name": "two", "value": 0.01234, "unit": "s", "limit": None, "holds": True},
    ]


def bench_directory(path: Path, monkeypatch: pytest.MonkeyPatch, **measures: object) -> None:
    """Let the runner find these benchmarks and write beside them."""
    for name in measures:
        (path / f"bench_{name}.py").touch()

    def measure(name: str) -> list[Result]:
        found = measures[name]
        if isinstance(found, Exception):
            raise found
        return [found] if isinstance(found, Result) else []

    monkeypatch.setattr(run, "HERE", path)
    monkeypatch.setattr(run, "measure", measure)
    monkeypatch.setattr(run, "write_results", lambda results: write(results, path / "results.json"))


write = run.write_results


def test_one_that_breaks_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = Result.at_most("a", "good", 1, "x", 2)
    bench_directory(tmp_path, monkeypatch, broken=OSError("no disk"), good=good)
    assert run.main([]) == 1
    output = capsys.readouterr()
    assert "| good" in output.out
    assert "no disk" in output.err
    assert "could not run: broken" in output.err
    assert [one["name"] for one in json.loads((tmp_path / "results.json").read_text())] == ["good"]
    assert run.main(["good"]) == 0


def test_a_limit_that_does_not_hold_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench_directory(tmp_path, monkeypatch, slow=Result.at_most("a", "slow", 3, "x", 2))
    assert run.main([]) == 1


def test_an_unknown_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench_directory(tmp_path, monkeypatch, good=Result.reported("a", "good", 1, "x"))
    with pytest.raises(SystemExit) as refused:
        run.main(["god"])
    assert refused.value.code == 2


def test_rows_of_areas_that_were_not_measured_stay(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    old = [("a", "one", "1 s", "", ""), ("b", "two", "2 x", "3 x", "yes"), ("b", "old", "2 x", "1 x", "NO")]
    page.write_text(f"{run.BEGIN}\n\nwhen and where\n\n{run.table(old)}\n\n{run.END}\n")
    assert run.rows_of(page) == old
    new = [("b", "two", "1 x", "3 x", "yes"), ("c", "three", "3 s", "", "")]
    assert run.together(run.rows_of(page), new) == [old[0], *new]


def test_the_page_keeps_its_words_around_the_table(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{run.BEGIN}\nold\n{run.END}\nafter\n")
    run.write_page("new", page)
    run.write_page("newer", page)
    assert page.read_text() == f"before\n{run.BEGIN}\nnewer\n{run.END}\nafter\n"
    page.write_text("no marks\n")
    with pytest.raises(ValueError, match="lacks"):
        run.write_page("new", page)


def test_the_page_of_the_project_has_its_marks() -> None:
    text = run.PAGE.read_text()
    assert text.count(run.BEGIN) == text.count(run.END) == 1
