"""A fleet whose API is a script of the test's own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.egress.upstream import KEY, Api, running, says
from tests.support.product import Product

# What runs inside: one request, as any program makes it, with what the environment says.
ASK = """
import json, os, sys, urllib.error, urllib.request
asked = {"model": "claude-opus-4-5", "max_tokens": 100, "stream": True, "messages": []}
request = urllib.request.Request(
    os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages",
    json.dumps(asked).encode(),
    {"x-api-key": os.environ["ANTHROPIC_API_KEY"], "content-type": "application/json"},
)
# The loopback is reached directly, whatever proxy there is for others.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 1):
    try:
        with opener.open(request, timeout=120) as response:
            print(response.status, len(response.read()), flush=True)
    except urllib.error.HTTPError as error:
        print(error.code, json.loads(error.read())["error"]["message"], flush=True)
"""


class Fleet:
    """The product, with an API on loopback."""

    def __init__(self, product: Product, api: Api, workspace: Path) -> None:
        self.product = product
        self.api = api
        self.workspace = workspace
        self.env: dict[str, str] = {"PARHELIA_API__URL": api.url, "ANTHROPIC_API_KEY": KEY}

    def run(
        self,
        *command: str,
        flags: tuple[str, ...] = ("--network", "api"),
        env: Mapping[str, str] | None = None,
    ) -> str:
        """Run a command in a fresh container; it must succeed. Gives what it printed."""
        done = self.product.run(
            *("run", "--workspace", str(self.workspace), *flags, "--", *command),
            env={**self.env, **(env or {})},
        )
        assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
        return done.stdout

    def ask(self, times: int = 1, **how: Any) -> str:
        """Let a container ask the API."""
        return self.run("python3", "-I", "-c", ASK, str(times), **how)

    def json(self, *words: str) -> Any:
        return self.product.json(*words, env=self.env)

    def spec(self) -> Any:
        """The spec of the one container."""
        (found,) = self.product.paths.containers.glob("*/spec.json")
        return json.loads(found.read_text())


@pytest.fixture
def fleet(product: Product, tmp_path: Path) -> Iterator[Fleet]:
    workspace = tmp_path / "work"
    workspace.mkdir()
    with running(says("Hello")) as api:
        yield Fleet(product, api, workspace)
