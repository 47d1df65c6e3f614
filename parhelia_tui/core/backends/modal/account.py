"""What an account at Modal holds for all sandboxes: app, image, volume and secret."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import io
from functools import cached_property
from pathlib import Path
from typing import Any

from parhelia_tui.core.backends.modal import shim_file
from parhelia_tui.core.backends.modal.cargo import FOLDERS
from parhelia_tui.core.backends.modal.trouble import patiently
from parhelia_tui.core.settings.config_backends import ModalConfig
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.shim import elsewhere

PACKAGES = (
    *("ca-certificates", "curl", "git", "nodejs", "npm", "openssh-server", "procps", "python3", "ripgrep"),
    "tmux",
)
CLAUDE = "/opt/parhelia/claude-code"
PYTHON = "/usr/bin/python3"
_KEPT = ".parhelia"


class Account:
    """One account and app, looked up when it is first used.

    Args:
        paths: the state directory.
        config: of this backend.
    """

    def __init__(self, paths: Paths, config: ModalConfig) -> None:
        self._paths = paths
        self._config = config
        self._opening = asyncio.Lock()
        self._app: Any = None
        self.modal: Any = None
        self.image: Any = None

    @cached_property
    def mark(self) -> str:
        """Of what sandboxes are made of here: the image and the configuration. Raises OSError."""
        shim, egress = self._archives
        # How many are kept ready changes nothing of how each is made.
        config = self._config.model_dump_json(exclude={"spares", "spares_for_s"})
        return hashlib.sha256(f"{shim.name} {egress.name} {config}".encode()).hexdigest()[:16]

    @cached_property
    def _archives(self) -> tuple[Path, Path]:
        """What of Parhelia is in the image. Raises OSError."""
        # Once: another version may be installed while this one runs, and the image of this one is made of its own.
        return shim_file.shim_file(self._paths), shim_file.egress_file(self._paths)

    async def app(self) -> Any:
        """Look the app up, making it where there is none; SDK and image are there from then on. Raises E503."""
        async with self._opening:
            if self._app is None:
                # Its import takes 0.2 s of a processor, which would stop every other container's news.
                modal = await asyncio.to_thread(importlib.import_module, "modal")
                self.modal = modal
                look_up = modal.App.lookup.aio
                self._app = await patiently(
                    lambda: look_up(self._config.app, create_if_missing=True), "the app could not be opened"
                )
                self.image = self._make_image()
        return self._app

    async def volume(self) -> Any:
        """Open the volume, making it where there is none. Raises E503."""
        await self.app()

        async def find() -> Any:
            found = self.modal.Volume.from_name(self._config.volume, create_if_missing=True)
            await found.hydrate.aio()
            return found

        return await patiently(find, "the volume could not be opened")

    def secret(self, name: str) -> Any:
        """Name the secret that `set_up` made; it is looked up when a sandbox gets it."""
        return self.modal.Secret.from_name(name, required_keys=[elsewhere.KEY_VARIABLE])

    async def set_up(self, key: str) -> dict[str, str]:
        """Open the app, build the image, lay out the volume and keep the key as a secret; safe to repeat.

        Args:
            key: the API's key; empty for none, which leaves the secret as it is.

        Returns:
            What there is now, by name; `secret` only with a key.

        Raises:
            ParheliaError: E503.
        """
        app = await self.app()
        build = self.image.build.aio
        image = await patiently(lambda: build(app), "the image could not be built")
        volume = await self.volume()
        await patiently(lambda: _lay_out(volume), "the volume could not be laid out")
        done = {
            "app": f"{self._config.app} ({app.app_id})",
            "image": str(image.object_id),
            "volume": f"{self._config.volume} ({volume.object_id})",
        }
        if key:
            secret = await patiently(lambda: self._keep_key(key), "the secret could not be made")
            done["secret"] = f"{self._config.secret} ({secret.object_id})"
        return done

    async def _keep_key(self, key: str) -> Any:
        held = {elsewhere.KEY_VARIABLE: key}
        await self.modal.Secret.objects.create.aio(self._config.secret, held, allow_existing=True)
        found = self.secret(self._config.secret)
        await found.hydrate.aio()
        # One that was there holds an older key.
        await found.update.aio(held)
        return found

    def _make_image(self) -> Any:
        shim, egress = self._archives
        image = self.modal.Image.debian_slim().apt_install(*PACKAGES, *self._config.packages)
        users = "id -u agent >/dev/null 2>&1 || useradd -m -u 1000 -s /bin/bash agent"
        image = image.run_commands(users)
        if self._config.claude_version:
            # A layer of its own, made anew when the version changes. Nothing of it is part of Parhelia.
            package = f"@anthropic-ai/claude-code@{self._config.claude_version}"
            image = image.run_commands(f"npm install --global --prefix {CLAUDE} {package}")
        if self._config.commands:
            image = image.run_commands(*self._config.commands)
        # Last: these change with each version of Parhelia.
        image = image.add_local_file(str(egress), shim_file.EGRESS_INSIDE, copy=True)
        return image.add_local_file(str(shim), shim_file.INSIDE, copy=True)


async def _lay_out(volume: Any) -> None:
    """Make the folders of the volume, each by a file in it: a volume knows no empty ones by itself."""
    async with volume.batch_upload(force=True) as batch:
        for folder in FOLDERS:
            batch.put_file(io.BytesIO(b""), f"/{folder}/{_KEPT}")
