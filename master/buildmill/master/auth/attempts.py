"""One try of one browser to log in with another service, from the begin to the way back.

All that must come back unchanged is made of one secret that only the browser has, in a cookie: nothing is kept here,
so that another process of the same master's address may take the browser back. Whoever was sent here with the code of
somebody else has no such cookie, or another one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Final, Self

SECRET_BYTES: Final = 32
SECONDS: Final = 600
"""How long a browser may take to come back."""
_COOKIE = re.compile(r"([A-Za-z0-9_-]{43})\.([0-9a-z]{1,12})\.([A-Za-z0-9_-]{0,1400})\Z")


@dataclass(frozen=True, slots=True)
class Attempt:
    """See the module.

    Attributes:
        secret: 256 random bits, as text.
        begun_at: seconds since the epoch.
        target: the page to go to afterwards; empty for the first one.
        redirect_uri: where the service sends the browser back.
    """

    secret: str
    begun_at: int
    target: str
    redirect_uri: str

    @classmethod
    def begin(cls, random_bytes: bytes, now: float, target: str, redirect_uri: str) -> Self:
        """A new one."""
        return cls(urlsafe_b64encode(random_bytes).rstrip(b"=").decode(), int(now), target, redirect_uri)

    @classmethod
    def of_cookie(cls, cookie: str, now: float, redirect_uri: str) -> Self | None:
        """The one that a cookie holds; None if it is none, or was begun too long ago."""
        match = _COOKIE.match(cookie)
        if match is None:
            return None
        try:
            target = urlsafe_b64decode(match[3] + "=" * (-len(match[3]) % 4)).decode("ascii")
        except ValueError:
            return None
        begun_at = int(match[2], 36)
        if not 0 <= now - begun_at <= SECONDS:
            return None
        return cls(match[1], begun_at, target, redirect_uri)

    @property
    def cookie(self) -> str:
        """What the browser keeps of it."""
        target = urlsafe_b64encode(self.target.encode("ascii")).rstrip(b"=").decode()
        return f"{self.secret}.{_base36(self.begun_at)}.{target}"

    @property
    def state(self) -> str:
        """What the service gives back to the browser, and the browser to us (RFC 6749, section 10.12)."""
        return self._derived(b"state")

    @property
    def nonce(self) -> str:
        """What the service puts into what it signs (OpenID Connect Core, section 3.1.2.1)."""
        return self._derived(b"nonce")

    @property
    def verifier(self) -> str:
        """What proves that whoever redeems the code has asked for it (RFC 7636)."""
        return self._derived(b"verifier")

    def is_answered_by(self, state: str) -> bool:
        """Whether an answer belongs to it."""
        return hmac.compare_digest(self.state.encode(), state.encode("utf-8", "replace"))

    def _derived(self, purpose: bytes) -> str:
        return hmac.new(self.secret.encode(), b"buildmill login " + purpose, hashlib.sha256).hexdigest()


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits or "0"
