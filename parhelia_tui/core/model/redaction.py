"""Taking secrets of known shapes out of text before it is stored or shown."""

from __future__ import annotations

import re
from typing import Any

HIDDEN = "[hidden]"

# The published prefixes of providers' keys and tokens, private keys, tokens of three parts (RFC 7519), and what
# stands where a password does: in the address of a server, behind "Bearer", behind a name that says so.
_SHAPES = re.compile(
    r"sk-[A-Za-z0-9_-]{16,}"
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}|npm_[A-Za-z0-9]{30,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_BEHIND = re.compile(
    r"(?i)(://[^\s/:@]*:|\bbearer\s+"
    r"|\b[a-z0-9_-]*(?:api_?key|password|passwd|secret|access_?token|auth_?token)[\"']?\s*[:=]\s*[\"']?)"
    r"[^\s\"'@&;,]{6,}"
)


def redacted(text: str) -> str:
    """Put `[hidden]` in the place of every secret of a known shape."""
    return _BEHIND.sub(lambda found: found[1] + HIDDEN, _SHAPES.sub(HIDDEN, text))


def redacted_values(value: Any) -> Any:
    """Do so in every text of a JSON value."""
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {redacted(str(name)): redacted_values(each) for name, each in value.items()}
    return [redacted_values(each) for each in value] if isinstance(value, list) else value
