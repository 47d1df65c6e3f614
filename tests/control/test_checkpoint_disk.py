"""A disk that runs full under checkpoints, by the installed command: said in words, and nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.in_namespace import run_on_small_disk

pytestmark = pytest.mark.real

SCRIPT = """
import json, os, sys
from pathlib import Path
from tests.support.fleet import create, end_of
from tests.support.product import Product

disk, outside = Path(sys.argv[1]), Path(sys.argv[2])
product = Product(disk / "state")
client = product.client()
place = disk / "work"
place.mkdir()
try:
    task = create(client, "true", place)
    end_of(client, task.id, 60)
    first = os.urandom(1_500_000)
    (place / "a").write_bytes(first)
    (place / "kept").write_text("kept")
    made = product.json("checkpoint", "create", task.id)["id"]
    (place / "a").write_bytes(b"short")
    before = sorted(each.name for each in place.iterdir())

    def refused(*words):
        # Room for what the store writes down, none for what is asked for.
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        (disk / "ballast").write_bytes(bytes(max(0, free - 700_000)))
        _, error = product.error(*words)
        (disk / "ballast").unlink()
        return [error["code"], "disk is full" in error["message"]]

    said = {
        "restore": refused("checkpoint", "restore", made, str(disk / "out")),
        "rollback": refused("checkpoint", "rollback", made, "--yes"),
    }
    same = (place / "a").read_bytes() == b"short" and before == sorted(each.name for each in place.iterdir())
    left = [each.name for each in disk.iterdir()]
    # A pack that has to be written anew, because most of it is dead.
    (place / "dead").write_bytes(os.urandom(2_500_000))
    (place / "alive").write_bytes(os.urandom(1_000_000))
    mixed = product.json("checkpoint", "create", task.id)["id"]
    (place / "dead").unlink()
    product.json("checkpoint", "create", task.id)
    product.json("checkpoint", "delete", mixed, "--yes")
    for tree in (disk / "state" / "checkpoints" / "trees").iterdir():
        # Somebody could be about to record one of the last two seconds.
        os.utime(tree, (1, 1))
    said["gc"] = refused("checkpoint", "gc")
    verified = product.run("checkpoint", "verify").returncode
    freed = product.json("checkpoint", "gc")["freed_bytes"]
    (place / "alive").unlink()
    (place / "b").write_bytes(os.urandom(1_500_000))
    said["create"] = refused("checkpoint", "create", task.id)
    verified = verified or product.run("checkpoint", "verify").returncode
    second = product.json("checkpoint", "create", task.id)["id"]
    product.json("checkpoint", "restore", made, str(outside / "first"))
    product.json("checkpoint", "rollback", made, "--yes")
    print(json.dumps({
        "said": said, "same": same, "left": sorted(left), "verified": verified,
        "freed": freed > 2_000_000,
        "first": (outside / "first" / "a").read_bytes() == first,
        "rolled back": (place / "a").read_bytes() == first and not (place / "b").exists(),
        "states": sorted(each.state for each in client.checkpoints.of()),
        "verified after": product.run("checkpoint", "verify").returncode,
    }))
finally:
    client.close()
    product.close()
"""


@pytest.mark.long
def test_a_full_disk_is_said_and_no_checkpoint_is_lost(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    seen = json.loads(run_on_small_disk(SCRIPT, tmp_path / "disk", 20 << 10, (str(outside),)))
    assert seen == {
        "said": {name: ["E600", True] for name in ("restore", "rollback", "gc", "create")},
        "same": True,
        "left": ["state", "work"],
        "verified": 0,
        "freed": True,
        "first": True,
        "rolled back": True,
        # The one that there was no room for is kept with its reason, as is the way back of the rollback.
        "states": ["failed", "ready", "ready", "ready", "ready", "ready"],
        "verified after": 0,
    }
