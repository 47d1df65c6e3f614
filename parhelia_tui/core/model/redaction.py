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
    r"|xapp-[A-Za-z0-9-]{10,}|hf_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{50,}|dckr_pat_[A-Za-z0-9_-]{20,}"
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|ya29\.[A-Za-z0-9_-]{20,}"
    r"|(?<![A-Za-z0-9-])a[ks]-[A-Za-z0-9]{22}(?![A-Za-z0-9])"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_PRIVATE = "|-----BEGIN"
# Lines of a text, of one in JSON, or each a text of a list.
_BETWEEN = r"(?:\\+[rn]|\s|\\*\"\s*,\s*\\*\")*"
_STARRED = re.compile(rb"(\\*\"\s*,\s*\\*\"|[\r\n])|.")
# Of a private key only what its lines are made of: JSON around it has to stay JSON.
_IN_BYTES = re.compile(
    (
        _SHAPES.pattern[: _SHAPES.pattern.index(_PRIVATE)]
        + rf"|-----BEGIN [A-Z ]*PRIVATE KEY-----(?:{_BETWEEN}[A-Za-z0-9+/=]{{16,}})*"
        rf"(?:{_BETWEEN}[A-Za-z0-9+/=]+)?(?:{_BETWEEN}-----END [A-Z ]*PRIVATE KEY-----)?"
    ).encode()
)
_PREFIXES = (
    *("sk-", "sk_", "rk_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "xapp-"),
    *("AKIA", "ASIA", "AIza", "npm_", "hf_", "pypi-", "dckr_pat_", "SG.", "ya29.", "ak-", "as-", "eyJ"),
)
_PARTS = sorted({each[:length] for each in _PREFIXES for length in range(2, len(each))})
_LETTERS = "".join(sorted({each[0] for each in _PREFIXES}))
_BEGUN = re.compile(
    rf"(?:{'|'.join(map(re.escape, _PREFIXES))})[A-Za-z0-9_.-]{{0,500}}\Z"
    rf"|(?<![A-Za-z0-9])[{_LETTERS}-]\Z|(?:{'|'.join(map(re.escape, _PARTS))})\Z"
    r"|-----BEGIN(?:(?!-----END).){0,20000}\Z",
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


def holds_key(text: str) -> bool:
    """Say whether a text holds a key of a known shape; a name beside a word is none here."""
    return _SHAPES.search(text) is not None


def begun_key(text: str) -> str:
    """Give the end of a text that may be the beginning of a key, whose rest is still to come; empty for none."""
    found = _BEGUN.search(text, max(0, len(text) - 20_100))
    return found[0] if found else ""


def masked(data: bytes) -> bytes:
    """Put as many stars in the place of each key of a known shape, so that nothing behind it moves."""
    return _IN_BYTES.sub(lambda found: _STARRED.sub(lambda each: each[1] or b"*", found[0]), data)


def redacted_values(value: Any) -> Any:
    """Do so in every text of a JSON value."""
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {redacted(str(name)): redacted_values(each) for name, each in value.items()}
    return [redacted_values(each) for each in value] if isinstance(value, list) else value
