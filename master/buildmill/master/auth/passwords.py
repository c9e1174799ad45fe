"""Passwords: comparing them, and verifying what files and configurations keep instead of them."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from twisted.logger import Logger

_log = Logger()
# plain text and the formats of old Unix systems are not among them
_SCHEMES: Final = ("argon2", "bcrypt", "sha512_crypt", "sha256_crypt", "apr_md5_crypt", "ldap_sha1")
MAX_PASSWORD: Final = 1024
"""Longer ones are refused before anything is computed of them."""


@cache
def _context() -> Any:
    from passlib.context import CryptContext  # takes a while, and only masters with such passwords need it

    return CryptContext(schemes=list(_SCHEMES))


def same(given: bytes, expected: bytes) -> bool:
    """Whether two passwords are equal; takes as long whether they are or not."""
    return hmac.compare_digest(given, expected)


def is_hash(text: str) -> bool:
    """Whether a text is a password's hash in one of the formats that are known."""
    return text.startswith(("$", "{SHA}")) and _context().identify(text) is not None


def verify_blocking(password: str, kept: str | None) -> bool:
    """Whether a password belongs to a hash; with None as long a computation, and False."""
    if kept is None:
        _context().dummy_verify()
        return False
    try:
        return bool(_context().verify(password, kept))
    except (ValueError, TypeError):
        return False


def read_htpasswd_blocking(path: Path) -> Mapping[str, str]:
    """Name to hash, as Apache's ``htpasswd`` writes them; lines in other formats are left out.

    Raises:
        OSError: it cannot be read.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="surrogateescape").splitlines(), 1):
        name, colon, kept = line.strip().partition(":")
        if not colon or line.lstrip().startswith("#"):
            continue
        if is_hash(kept):
            found[name] = kept
        else:
            _log.warn("{file}:{line}: not a format that is taken: {name} cannot log in", file=str(path), line=number,
                      name=name)  # fmt: skip
    return found
