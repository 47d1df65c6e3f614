"""Several containers at once: slots of one workspace, several workspaces, what is shared and what is not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.acceptance_cases.shells import PROMPT, Shell
from tests.support.fleet import RELEASE, workspace
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real


def slots(product: Product) -> list[int]:
    """The slots of the containers that live, in order."""
    return sorted(each["slot"] for each in product.json("container", "list"))


def ended_well(*started: subprocess.Popen[str]) -> list[str]:
    """What commands printed that ended well."""
    said = [each.communicate(timeout=60) for each in started]
    assert [each.returncode for each in started] == [0] * len(started), said
    return [out for out, _ in said]


@pytest.mark.long
def test_shells_of_one_workspace_with_slots_share_its_files_and_nothing_else(
    shell: Shell, place: Path, product: Product
) -> None:
    one, two, three = [shell("-w", str(place), "--slot", str(number)) for number in (1, 2, 3)]
    found = product.json("container", "list")
    assert sorted(each["slot"] for each in found) == [1, 2, 3]
    assert len({each["id"] for each in found}) == 3
    assert {each["workspace"] for each in found} == {str(place)}
    one.write(b"export ONLY=here; echo mine > ~/mine; echo mine > /tmp/mine; sleep 7654 &\r")
    one.wait_for(PROMPT)
    one.write(b"echo shared > file\r")
    wait_until((place / "file").exists, 30)
    for other in (two, three):
        # In brackets, because the words of this command are words of a process too.
        look = b'echo "<$(cat file) $ONLY $(ls ~ /tmp | grep -c mine) $(cat /proc/[0-9]*/cmdline | grep -c [7]654)>"'
        other.write(look + b"\r")
        other.wait_for(rb"<shared  0 0>")
    one.write(b'echo "<$ONLY $(cat ~/mine /tmp/mine | wc -l) $(jobs | grep -c 7654)>"\r')
    one.wait_for(rb"<here 2 1>")


@pytest.mark.long
def test_five_that_start_at_once_in_one_workspace_get_the_slots_one_to_five(
    product: Product, place: Path
) -> None:
    command = f"touch begun-$PARHELIA_SLOT; {RELEASE}; echo $PARHELIA_SLOT"
    started = [product.start("run", "-w", str(place), command) for _ in range(5)]
    wait_until(lambda: len(list(place.glob("begun-*"))) == 5, 60)
    assert slots(product) == [1, 2, 3, 4, 5]
    (place / "go").touch()
    assert sorted(ended_well(*started)) == [f"{number}\n" for number in range(1, 6)]
    assert product.json("container", "list") == []


@pytest.mark.long
def test_five_slots_that_are_named_start_at_once(product: Product, place: Path) -> None:
    command = f"touch begun-$PARHELIA_SLOT; {RELEASE}; echo $PARHELIA_SLOT $PARHELIA_CONTAINER_ID"
    started = [product.start("run", "-w", str(place), "--slot", str(n), command) for n in range(1, 6)]
    wait_until(lambda: len(list(place.glob("begun-*"))) == 5, 60)
    (place / "go").touch()
    said = [line.split() for line in ended_well(*started)]
    assert [slot for slot, _ in said] == ["1", "2", "3", "4", "5"]
    assert len({container for _, container in said}) == 5


@pytest.mark.long
def test_commands_of_several_slots_run_at_once_and_each_has_its_own_result(
    product: Product, place: Path
) -> None:
    # Each waits for the two others, so all three have to run at the same time.
    meet = "touch here-$PARHELIA_SLOT; until [ $(ls here-* | wc -l) = 3 ]; do sleep 0.02; done; "
    jobs = {1: "echo tested", 2: "echo built > built; echo done", 3: "echo linted; exit 4"}
    started = [
        product.start("run", "-w", str(place), "--slot", str(slot), meet + command)
        for slot, command in jobs.items()
    ]
    said = [each.communicate(timeout=60)[0] for each in started]
    assert said == ["tested\n", "done\n", "linted\n"]
    assert [each.returncode for each in started] == [0, 0, 4]
    assert (place / "built").read_text() == "built\n"


@pytest.mark.long
def test_two_builds_of_one_workspace_at_once_leave_both_their_outputs(product: Product, place: Path) -> None:
    for number in range(20):
        (place / f"m{number}.py").write_text(f"answer = {number}\n")
    meet = "touch here-$PARHELIA_SLOT; until [ $(ls here-* | wc -l) = 2 ]; do sleep 0.02; done; "
    build = meet + (
        "for f in m*.py; do python3 -c 'import py_compile, sys; "
        'py_compile.compile(sys.argv[1], "target/%s/%sc" % (sys.argv[2], sys.argv[1]), doraise=True, '
        "optimize=int(sys.argv[3]))' $f {kind} {level} || exit 1; done"
    )
    ended_well(
        product.start("run", "-w", str(place), build.format(kind="release", level=2)),
        product.start("run", "-w", str(place), build.format(kind="debug", level=0)),
    )
    for kind in ("release", "debug"):
        assert len(list((place / "target" / kind).glob("*.pyc"))) == 20
    assert sorted(path.name for path in place.glob("*.py")) == sorted(f"m{n}.py" for n in range(20))


@pytest.mark.long
def test_tests_go_on_in_one_container_while_files_are_edited_in_another(
    shell: Shell, product: Product, place: Path
) -> None:
    (place / "code").write_text("1")
    watch = (
        'seen=; while :; do now=$(cat code); [ "$now" = "$seen" ] || echo "tested $now"; '
        "seen=$now; sleep 0.05; done"
    )
    tests = product.start("run", "-w", str(place), "--slot", "2", watch)
    assert tests.stdout is not None
    assert tests.stdout.readline() == "tested 1\n"
    terminal = shell("-w", str(place), "--slot", "1")
    terminal.write(b"echo 2 > code\r")
    # The shell empties the file before it writes, so an empty one may be seen between.
    while (line := tests.stdout.readline()) == "tested \n":
        pass
    assert line == "tested 2\n"
    assert slots(product) == [1, 2]


@pytest.mark.long
def test_shells_of_three_workspaces_see_their_own_alone(
    shell: Shell, product: Product, tmp_path: Path
) -> None:
    places = [workspace(tmp_path, f"project-{number}") for number in (1, 2, 3)]
    for number, each in enumerate(places, 1):
        (each / "name").write_text(f"project {number}")
    terminals = [shell("-w", str(each)) for each in places]
    for number, terminal in enumerate(terminals, 1):
        terminal.write(f"touch made-by-{number}; echo \"<$(cat name): $(ls | tr '\\n' ' ')>\"\r".encode())
        terminal.wait_for(rb"<project %d: made-by-%d name >" % (number, number))
    assert {each["workspace"] for each in product.json("container", "list")} == set(map(str, places))
    assert len(product.json("container", "list")) == 3


@pytest.mark.long
def test_each_command_runs_in_a_fresh_container_and_its_results_stay_in_the_workspace(
    product: Product, place: Path
) -> None:
    for command in ("mkdir modules; touch ~/mark /tmp/mark", "ls -d modules; echo ok > report", "cat report"):
        done = product.run("run", "-w", str(place), f"ls ~/mark /tmp/mark 2>/dev/null; {command}")
        assert done.returncode == 0
        assert "mark" not in done.stdout
    assert done.stdout == "ok\n"
    assert len({each["id"] for each in product.json("container", "list", "--all")}) == 3
    assert product.json("container", "list") == []


@pytest.mark.long
def test_ten_workspaces_are_gone_through_one_after_the_other(product: Product, tmp_path: Path) -> None:
    results = {}
    for number in range(10):
        each = workspace(tmp_path, f"proj-{number}")
        (each / "expected").write_text(str(number % 3))
        results[number] = product.run("run", "-w", str(each), "exit $(cat expected)").returncode
    assert results == {number: number % 3 for number in range(10)}
    assert product.json("container", "list") == []


SERVER = "exec python3 -u -m http.server --bind 127.0.0.1 0 > {log} 2>&1"


def port(log: Path) -> str:
    """The port that a server of Python has chosen, from what it printed."""
    wait_until(lambda: log.exists() and "port" in log.read_text(), 30)
    return log.read_text().split("port ")[1].split()[0]


@pytest.mark.long
def test_servers_of_one_workspace_run_side_by_side_and_serve_what_changes(
    product: Product, place: Path
) -> None:
    ports = {}
    for name in ("backend", "frontend"):
        (place / name).mkdir()
        (place / name / "page").write_text(f"{name} 1")
        product.start(
            "run", "-w", str(place), "--network", "open", f"cd {name} && {SERVER.format(log='log')}"
        )
        ports[name] = port(place / name / "log")
    fetch = (
        "import sys, urllib.request as u; print(*[u.urlopen(each).read().decode() for each in sys.argv[1:]])"
    )
    pages = [f"http://127.0.0.1:{number}/page" for number in ports.values()]
    words = ("run", "-w", str(place), "--network", "open", "--", "python3", "-c", fetch, *pages)
    assert product.run(*words).stdout == "backend 1 frontend 1\n"
    (place / "frontend" / "page").write_text("frontend 2")
    assert product.run(*words).stdout == "backend 1 frontend 2\n"


@pytest.mark.long
def test_services_of_three_workspaces_run_apart_and_can_talk(product: Product, tmp_path: Path) -> None:
    pages = []
    for number in (1, 2):
        each = workspace(tmp_path, f"service-{number}")
        (each / "page").write_text(f"service {number}")
        product.start(
            "run", "-w", str(each), "--slot", str(number), "--network", "open", SERVER.format(log="log")
        )
        pages.append(f"http://127.0.0.1:{port(each / 'log')}/page")
    caller = workspace(tmp_path, "service-3")
    fetch = (
        "import sys, urllib.request as u; print(*[u.urlopen(each).read().decode() for each in sys.argv[1:]])"
    )
    done = product.run(
        "run", "-w", str(caller), "--slot", "3", "--network", "open", "--", "python3", "-c", fetch, *pages
    )
    assert done.stdout == "service 1 service 2\n"
    assert list(caller.iterdir()) == []
    assert slots(product) == [1, 2]
