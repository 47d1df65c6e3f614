"""`python -m bench.run [NAME...] [--docs]`: run the benchmarks, print one table, write bench/results.json.

Each bench/bench_NAME.py has a `measure() -> list[Result]`. The exit code is 1 when a limit does not hold or a
benchmark could not run. `--docs` puts the rows into the table of docs/benchmarks.md; rows of areas that were not
measured stay.
"""

from __future__ import annotations

import argparse
import compileall
import importlib
import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from bench.harness import Result

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
PAGE = HERE.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- results -->", "<!-- end of results -->"

Measure = Callable[[], list[Result]]


def benchmarks() -> list[str]:
    """The names of all benchmarks: bench/bench_NAME.py."""
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def measure(name: str) -> list[Result]:
    """Run one benchmark by its name."""
    act: Measure = importlib.import_module(f"bench.bench_{name}").measure
    return act()


def number(value: float) -> str:
    """Three digits that count, without an exponent."""
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


Row = tuple[str, ...]
HEAD: Row = ("area", "what", "value", "limit", "holds")


def row(one: Result) -> Row:
    """A result as a row of the table."""
    limit = "" if one.limit is None else f"{number(one.limit)} {one.unit}"
    holds = "" if one.limit is None else "yes" if one.holds else "NO"
    return one.area, one.name, f"{number(one.value)} {one.unit}", limit, holds


def table(found: Sequence[Row]) -> str:
    """Rows as a Markdown table that also reads well as plain text."""
    rows = [HEAD, *found]
    widths = [max(len(each[column]) for each in rows) for column in range(len(HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(each, widths, strict=True)) + " |"
        for each in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def rows_of(page: Path) -> list[Row]:
    """Read the rows that stand in the table of a page."""
    text = page.read_text().partition(BEGIN)[2].partition(END)[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[1:]]


def together(old: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """Put new rows in the place of the old ones of their areas; those of other areas stay."""
    areas = list(dict.fromkeys(each[0] for each in [*old, *new]))
    fresh = {each[0] for each in new}
    return [each for area in areas for each in (new if area in fresh else old) if each[0] == area]


def machine() -> str:
    """Where and when it was measured: date, processor, cores, memory, kernel, Python."""
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    cores = len(os.sched_getaffinity(0))
    return (
        f"{time.strftime('%Y-%m-%d')}; {model}, {cores} cores, {memory:.0f} GB; "
        f"Linux {platform.release().partition('-')[0]}, Python {platform.python_version()}"
    )


def write_results(results: list[Result], path: Path = RESULTS) -> None:
    """Write the results as JSON, whole or not at all."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps([asdict(one) for one in results], indent=1) + "\n")
    new.replace(path)


def write_page(text: str, page: Path = PAGE) -> None:
    """Put a table between the marks of the page of benchmarks.

    Raises:
        ValueError: when the page lacks the marks.
    """
    before, found, rest = page.read_text().partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise ValueError(f"{page.name} lacks {BEGIN} or {END}")
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def main(arguments: list[str]) -> int:
    """Run the benchmarks.

    Args:
        arguments: the command line, without the program.

    Returns:
        0 when all ran and every limit holds, else 1.
    """
    known = benchmarks()
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help="one of: " + ", ".join(known))
    parser.add_argument("--docs", action="store_true", help="write the table into docs/benchmarks.md")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(known))
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there is: {', '.join(known) or 'none'}")
    # As installed: a program that is compiled at each start says nothing about the one that people have.
    compileall.compile_dir(HERE.parent / "parhelia_tui", quiet=1)
    results: list[Result] = []
    failed: list[str] = []
    for name in options.names or known:
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            results += measure(name)
        except Exception:
            # One that cannot run keeps no other from running; it is told, and the exit code says so.
            traceback.print_exc()
            failed.append(name)
    found = [row(one) for one in results]
    print(f"{machine()}\n\n{table(found)}")
    write_results(results)
    if options.docs:
        write_page(f"\n{machine()}\n\n{table(together(rows_of(PAGE), found))}\n")
    for name in failed:
        print(f"could not run: {name}", file=sys.stderr)
    return 1 if failed or not all(one.holds for one in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
