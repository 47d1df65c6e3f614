"""The metered way out of a sandbox: its settings, and what of it the provider keeps."""

from __future__ import annotations

import dataclasses
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from parhelia_tui.core.backends.local import egress as local
from parhelia_tui.core.backends.local.run_directory import write_whole
from parhelia_tui.core.backends.modal import shim_file
from parhelia_tui.core.backends.modal.provider import RUN
from parhelia_tui.core.backends.plan import ContainerPlan, EgressPlan
from parhelia_tui.core.egress import authorities
from parhelia_tui.core.egress import settings as egress_settings
from parhelia_tui.core.egress.key import Key, NoKey
from parhelia_tui.core.egress.settings import Settings
from parhelia_tui.core.meter import book
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.shim import elsewhere

PRICES = "prices.toml"


@dataclass(frozen=True, slots=True)
class Way:
    """By what a container in a sandbox reaches others.

    Args:
        spec: what the supervisor starts (spec.json, `egress`).
        env: variables inside.
        files: texts for the run directory inside, by name.
    """

    spec: dict[str, Any]
    env: dict[str, str]
    files: dict[str, str]


def prepare(plan: ContainerPlan, paths: Paths, *, has_secret: bool) -> Way | None:
    """Put together the settings of a sandbox's egress process, where it has one; they are kept here too.

    Args:
        has_secret: the key is in the environment of the supervisor.

    Raises:
        OSError: they cannot be written, or the prices not be read.
        ParheliaError: E700 for authorities that cannot be read.
    """
    if plan.egress is None:
        return None
    here = local.settings_of(plan, plan.egress, paths)
    write_whole(paths.container(plan.container_id) / egress_settings.NAME, here.as_text())
    ports = [local.API_PORT, local.PROXY_PORT][: 2 if plan.network == "allowlist" else 1]
    there = dataclasses.replace(
        here,
        book=f"{RUN}/{book.NAME}",
        # Nothing of this machine's is looked for there: the key is handed over.
        key_file="",
        key_command=(),
        prices=f"{RUN}/{PRICES}" if here.prices else "",
        ca_file=f"{RUN}/{local.AUTHORITIES}" if here.ca_file else "",
        elsewhere=True,
    )
    files = {egress_settings.NAME: there.as_text()}
    if here.prices:
        files[PRICES] = Path(here.prices).read_text(encoding="utf-8")
    if here.ca_file:
        files[local.AUTHORITIES] = authorities.certificates(here.ca_file)
    spec: dict[str, Any] = {
        "command": shim_file.egress_words(RUN),
        "env": {},
        "ports": ports,
        "inside": False,
        "told": True,
    }
    if has_secret:
        spec["key_variable"] = elsewhere.KEY_VARIABLE
    return Way(spec, local.variables(there.virtual_key, ports), files)


def let_out(network: str, way: EgressPlan | Settings | None) -> tuple[list[str], list[str]] | None:
    """Say which networks and which names the provider lets a sandbox reach; None for all.

    The provider knows no users, so what the egress process needs is open to the agent too; but it has no key there.

    Args:
        way: by what it reaches the API; None for a container that does not.
    """
    if network == "open":
        return None
    networks: list[str] = []
    names: list[str] = []
    if way is not None:
        allowed = way.allow if network == "allowlist" else ()
        for host in (urlsplit(way.url).hostname or "", *allowed):
            try:
                networks.append(str(ipaddress.ip_network(host)))
            except ValueError:
                names.append(host)
    return networks, names


async def key_order(run: Path, value: str) -> dict[str, str]:
    """Give the order that hands the key over: the variable's value, or what a file or a command of this machine holds."""
    settings = egress_settings.load(run)
    if not settings.key_file and not settings.key_command:
        return {"op": "key", "value": value}
    try:
        return {"op": "key", "value": await Key(settings).value()}
    except NoKey as error:
        return {"op": "key", "value": "", "why": str(error)}


def settings_in(run: Path) -> Settings | None:
    """Read the settings that are kept here; None for a container without such a way."""
    try:
        return egress_settings.load(run)
    except (OSError, ValueError):
        return None
