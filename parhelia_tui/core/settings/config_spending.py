"""The keys of the configuration for what containers reach and what that may cost."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from parhelia_tui.core.settings.section import Section

Usd = Annotated[float, Field(ge=0, le=1_000_000)]
Words = Annotated[tuple[str, ...], Field(strict=False)]
HOST = re.compile(r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def checked_hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what is no name of a host.

    Raises:
        ValueError: with the first that is none.
    """
    for host in hosts:
        if len(host) > 253 or not HOST.fullmatch(host):
            raise ValueError(f"{host[:80]!r} is no host: example.org, or *.example.org for all below it")
    return hosts


def checked_path(path: str) -> str:
    """Refuse a path that would mean another file in another directory.

    Raises:
        ValueError: it is not absolute.
    """
    if path and not path.startswith(("/", "~/")):
        raise ValueError("has to be an absolute path, or one that begins with ~/")
    return path


class ApiConfig(Section):
    """The API that agents speak to, and its key, which no container ever sees."""

    url: str = Field(default="https://api.anthropic.com", description="Where the API is, without a path.")
    key_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = Field(
        default="ANTHROPIC_API_KEY",
        description="The variable with the key, where neither of the next two is set.",
    )
    key_file: str = Field(default="", description="A file with the key, which you alone can read (0600).")
    key_command: Words = Field(
        default=(), description="A command that prints the key, as a list of its words."
    )
    prices: str = Field(default="", description="A file of prices over the ones that Parhelia has.")

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
            raise ValueError("has to be http:// or https:// and a host, without a path")
        if parts.username or parts.password:
            raise ValueError("a key has no place in an address")
        return url

    @field_validator("key_file", "prices")
    @classmethod
    def _absolute(cls, path: str) -> str:
        return checked_path(path)


class NetworkConfig(Section):
    """What containers of the network `allowlist` reach beside the API, and whose certificates count."""

    allow: Words = Field(default=(), description="Hosts, as example.org or *.example.org; by HTTPS alone.")
    allow_private: Words = Field(
        default=(),
        description="Addresses of this machine or its neighbours that allowed hosts may have, as 10.0.0.0/8.",
    )

    ca_file: str = Field(
        default="",
        description="Certificates (PEM) of authorities that count beside this machine's, as of a company's proxy:"
        " for the API, webhooks, and Node.js in containers.",
    )

    @field_validator("ca_file")
    @classmethod
    def _absolute(cls, path: str) -> str:
        return checked_path(path)

    @field_validator("allow")
    @classmethod
    def _hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        return checked_hosts(hosts)

    @field_validator("allow_private")
    @classmethod
    def _networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            ipaddress.ip_network(network)
        return networks


class BudgetConfig(Section):
    """What agents may spend, in USD. `parhelia budget set` goes before what stands here."""

    total_usd: Usd | None = Field(default=None, description="For everything. Unset: no ceiling.")
    day_usd: Usd | None = Field(default=None, description="On each day. Unset: no ceiling.")
    plan_usd: Usd | None = Field(default=None, description="For each plan. Unset: no ceiling.")
    task_usd: Usd | None = Field(default=None, description="For each task that names no other. Unset: none.")
    warn_percent: Annotated[int, Field(ge=1, le=100)] = Field(
        default=80, description="How much of a ceiling is spent when you are warned."
    )
