"""The egress process of a local container: its settings, its ports, and the variables that point to it."""

from __future__ import annotations

import dataclasses
import os
import secrets
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parhelia_tui.core.backends.local import bubblewrap
from parhelia_tui.core.backends.local.run_directory import write_whole
from parhelia_tui.core.backends.plan import ContainerPlan, EgressPlan
from parhelia_tui.core.egress import authorities
from parhelia_tui.core.egress import settings as egress_settings
from parhelia_tui.core.egress.settings import Settings
from parhelia_tui.core.meter import book
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.virtual_key import KEY_END
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.shim.locks import is_held

API_PORT, PROXY_PORT = 17100, 17101
"""On the loopback of a container's own network; below the ports that the kernel hands out."""
TLS_INSIDE = ("allowlist", "open")
"""The networks in which programs inside check certificates themselves."""
AUTHORITIES = "ca.pem"
REPORTS_DIRECTORY = "agent"
"""Of a run directory, visible inside as `bubblewrap.REPORTS`."""
TRUST = "NODE_EXTRA_CA_CERTS"
_ROUND_ABOUT = "localhost,127.0.0.1,::1"
# What a command that gives a key may need, and what finds the certificates; nothing else of the controller's.
_VARIABLES = (
    *(
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "LANG",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "GNUPGHOME",
        "XDG_RUNTIME_DIR",
    ),
    *("XDG_CONFIG_HOME", "DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK"),
)


@dataclass(frozen=True, slots=True)
class Way:
    """By what a container reaches others.

    Args:
        spec: what the supervisor starts (spec.json, `egress`).
        env: variables inside.
    """

    spec: dict[str, Any]
    env: dict[str, str]


def prepare(plan: ContainerPlan, paths: Paths) -> Way | None:
    """Write the settings of a container's egress process, where it has one.

    Raises:
        OSError: they cannot be written.
    """
    wanted = plan.egress
    if wanted is None:
        return None
    run = paths.container(plan.container_id)
    settings = settings_of(plan, wanted, paths)
    write_whole(run / egress_settings.NAME, settings.as_text())
    listed = plan.network == "allowlist"
    inside = plan.network != "open" and not plan.unsandboxed
    number = 2 if listed else 1
    ports = [API_PORT, PROXY_PORT][:number] if inside else _free_ports(number)
    spec = {
        "command": [sys.executable, "-P", "-X", "utf8", "-m", "parhelia_tui.core.egress", str(run)],
        "env": {name: os.environ[name] for name in _VARIABLES if name in os.environ},
        "ports": ports,
        "inside": inside,
    }
    return Way(spec, variables(settings.virtual_key, ports))


def settings_of(plan: ContainerPlan, wanted: EgressPlan, paths: Paths) -> Settings:
    """Give the settings of a container's egress process, with a virtual key of its own."""
    return Settings(
        container=plan.container_id,
        task=wanted.task,
        plan=wanted.plan,
        group=wanted.group,
        book=str(paths.home / book.NAME),
        virtual_key=f"ph-{secrets.token_urlsafe(24)}-{KEY_END}",
        url=wanted.url,
        key_env=wanted.key_env,
        key_file=os.path.expanduser(wanted.key_file),
        key_command=tuple(wanted.key_command),
        prices=os.path.expanduser(wanted.prices),
        ca_file=os.path.expanduser(plan.ca_file),
        allow=tuple(wanted.allow) if plan.network == "allowlist" else (),
        allow_private=tuple(wanted.allow_private),
        fetches=plan.network == "open",
    )


def variables(key: str, ports: Sequence[int]) -> dict[str, str]:
    """Give the variables by which programs inside find their way out: the API's port first, then the proxy's."""
    env = {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{ports[0]}", "ANTHROPIC_API_KEY": key}
    if len(ports) > 1:
        proxy = f"http://127.0.0.1:{ports[1]}"
        for name, value in (("HTTPS_PROXY", proxy), ("HTTP_PROXY", proxy), ("NO_PROXY", _ROUND_ABOUT)):
            env |= {name: value, name.lower(): value}
    return env


def certificates(plan: ContainerPlan) -> str:
    """Give the certificates that a container is shown; empty where nothing inside would look at them.

    Raises:
        ParheliaError: E700 for a file that cannot be used.
    """
    return authorities.certificates(plan.ca_file) if plan.ca_file and plan.network in TLS_INSIDE else ""


def trust(plan: ContainerPlan, run: Path) -> dict[str, str]:
    """Show a container the user's own authorities, and give the variables by which they are found.

    Other programs read this machine's /etc/ssl, which is inside; Node.js has a list of its own.

    Raises:
        ParheliaError: E700 for a file that cannot be used.
        OSError: it cannot be written.
    """
    text = certificates(plan)
    if not text:
        return {}
    place = run / REPORTS_DIRECTORY / AUTHORITIES
    write_whole(place, text)
    return {TRUST: str(place) if plan.unsandboxed else f"{bubblewrap.REPORTS}/{AUTHORITIES}"}


def allow(run: Path, hosts: Sequence[str]) -> bool:
    """Add hosts to the settings of a container; False where it has no list."""
    try:
        before = egress_settings.load(run)
        fields = {**dataclasses.asdict(before), "allow": tuple(dict.fromkeys((*before.allow, *hosts)))}
        write_whole(run / egress_settings.NAME, Settings.from_json(fields).as_text())
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        raise ParheliaError("E500", f"{run / egress_settings.NAME} cannot be changed: {error}") from error
    return True


def is_gone(run: Path) -> bool:
    """Say whether no egress process of a container lives: it holds its lock as long as it does."""
    return not is_held(str(run / egress_settings.LOCK))


def _free_ports(number: int) -> list[int]:
    """Ports of this machine that are free now. One that is taken meanwhile makes the start fail, not leak: who
    has no virtual key is refused there, and what answers there is the egress process or the start has failed."""
    found = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [each.getsockname()[1] for each in found]
    for each in found:
        each.close()
    return ports
