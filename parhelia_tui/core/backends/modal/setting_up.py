"""Setting an account up, and looking whether a sandbox of it has what a container needs."""

from __future__ import annotations

import json
import secrets

from parhelia_tui.core.backends.modal import records, shim_file
from parhelia_tui.core.backends.modal.probe import need_answer
from parhelia_tui.core.backends.modal.provider import LOOK_S, RUN, Provider
from parhelia_tui.core.backends.modal.sandboxes import Sandboxes
from parhelia_tui.core.settings.config_backends import ModalConfig
from parhelia_tui.core.settings.paths import Paths

LOOK_TAG = "parhelia-look"
"""Of a sandbox without a container. It is no orphan, and ends itself soon."""


async def set_up(paths: Paths, config: ModalConfig, provider: Provider, key: str) -> dict[str, str]:
    """Make what the account lacks; see `ModalBackend.set_up`."""
    await need_answer(provider)
    mark = records.installation(paths, make=True)
    done = await provider.account.set_up(key if config.secret else "")
    if "secret" in done:
        records.keep_secret(paths, config.secret)
    return {"installation": mark, **done}


async def check(
    paths: Paths, config: ModalConfig, provider: Provider, sandboxes: Sandboxes
) -> dict[str, object]:
    """Look into a sandbox that is made for that; see `ModalBackend.check`."""
    await need_answer(provider)
    mark = records.installation(paths, make=True)
    secret = config.secret if config.secret and records.secret(paths) == config.secret else ""
    name = f"look-{secrets.token_hex(8)}"
    sandbox = await provider.create_for_a_look(name, {LOOK_TAG: mark}, secret)
    try:
        _, out, _ = await sandboxes.run(sandbox, shim_file.words("look", RUN), most_s=LOOK_S)
    finally:
        await sandboxes.end(sandbox)
    seen = json.loads(out)
    lacks = [f"the program {each}" for each in seen["missing"]]
    if not seen["volume_mounted"]:
        lacks.append(f"the volume {config.volume}")
    if config.claude_version and not seen["claude"]:
        lacks.append("Claude Code")
    if secret and not seen["key_set"]:
        lacks.append(f"the key of the secret {secret}")
    return {
        "status": "lacking" if lacks else "ok",
        "volume_mounted": seen["volume_mounted"],
        "folders": seen["folders"],
        "claude_installed": bool(seen["claude"]),
        "claude_version": seen["claude"],
        "anthropic_key_set": seen["key_set"],
        "lacks": lacks,
    }
