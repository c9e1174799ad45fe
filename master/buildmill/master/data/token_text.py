"""The text of an API token, and its digest."""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from typing import Final

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.rights import ACTIONS, is_scope

PREFIX: Final = "bmt_"
"""By it those who look for secrets in other people's files know what they have found."""
SECRET_BYTES: Final = 32
DAY_SECONDS: Final = 86_400
DEFAULT_DAYS: Final = 90
MOST_DAYS: Final = 366
_SHAPE = re.compile(r"bmt_[A-Za-z0-9_-]{43}\Z")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,100}\Z")


def token_of(secret: bytes) -> str:
    """The text that a program shows.

    Args:
        secret: `SECRET_BYTES` random bytes.
    """
    assert len(secret) == SECRET_BYTES
    return PREFIX + urlsafe_b64encode(secret).rstrip(b"=").decode()


def is_token(text: str) -> bool:
    """Whether a text looks like one."""
    return _SHAPE.match(text) is not None


def digest_of(token: str) -> str:
    """What is kept of a token. It has 256 random bits, so that nothing slower than SHA-256 is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def checked_name(name: object) -> str:
    """Raises InvalidInput unless this can be the name of a token."""
    if not isinstance(name, str) or not _NAME.match(name):
        raise InvalidInput("name", "expected a text of 1 to 100 characters, without control characters")
    return name


def checked_scopes(scopes: object) -> list[str]:
    """Raises InvalidInput unless these are scopes, at least one."""
    if not isinstance(scopes, list | tuple) or not scopes or len(scopes) > 100:
        raise InvalidInput("scopes", "expected a list with at least one scope")
    for scope in scopes:
        if not isinstance(scope, str) or not is_scope(scope):
            known = ", ".join(sorted(ACTIONS))
            raise InvalidInput("scopes", f"{str(scope)[:80]!r} is none; expected *, read, change, FAMILY.*, or {known}")
    return sorted(set(scopes))


def checked_days(days: object) -> int:
    """Raises InvalidInput unless a token may live so many days."""
    if type(days) is not int or not 1 <= days <= MOST_DAYS:
        raise InvalidInput("days", f"expected a number from 1 to {MOST_DAYS}")
    return days
