"""Which hosts may be reached, and at which of their addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# What answers only to this machine, its neighbours or nobody, and is called global all the same.
_NEVER = ("is_multicast", "is_reserved", "is_unspecified", "is_loopback", "is_link_local")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def normal(host: str) -> str:
    """Give a name as it is compared: small letters, no dot at the end.

    Raises:
        ValueError: it is no name of a host.
    """
    name = host.strip("[]").rstrip(".").lower()
    if not name.isascii():
        name = name.encode("idna").decode("ascii")
    if not name or len(name) > 253 or any(each.isspace() or not each.isprintable() for each in name):
        raise ValueError("that is no name of a host")
    return name


def allows(rules: Iterable[str], host: str) -> bool:
    """Say whether a rule names a host: `example.org` itself, `*.example.org` all below it."""
    return any(
        host.endswith(rule[1:]) and len(host) > len(rule) - 1 if rule.startswith("*.") else host == rule
        for rule in rules
    )


def is_public(address: Address, private: Sequence[str]) -> bool:
    """Say whether an address is anybody's to reach, or lies in a network that was allowed.

    Args:
        private: networks, as `10.0.0.0/8`.
    """
    if any(address in ipaddress.ip_network(each) for each in private):
        return True
    inner = _inside(address)
    if inner is not None:
        return is_public(inner, private)
    return address.is_global and not any(getattr(address, name) for name in _NEVER)


def _inside(address: Address) -> Address | None:
    """The older address that a newer one stands for, by which it may lead back to this machine."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
