"""Cookies: of a session, and of a login with another service that has begun."""

from __future__ import annotations

from typing import Final

from twisted.web.http_headers import Headers

PLAIN_NAME: Final = "buildmill_session"
SECURE_NAME: Final = f"__Host-{PLAIN_NAME}"
LOGIN_NAME: Final = "buildmill_login"
_PREFIX: Final = "__Host-"


class OwnCookie:
    """Reads and writes one.

    Args:
        name: without a prefix.
        is_secure: the master's address is an ``https`` one: the cookie has the prefix by which browsers know that
            it was set by this host, over TLS, for all of it.
    """

    def __init__(self, name: str, is_secure: bool) -> None:
        self.name = _PREFIX + name if is_secure else name
        self._flags = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if is_secure else "")

    def of(self, headers: Headers) -> str | None:
        """What it holds; None without one, or with two of them, of which one may be somebody else's."""
        found = []
        for header in headers.getRawHeaders(b"Cookie", ()):
            for part in header.decode("latin-1").split(";"):
                name, _, value = part.strip().partition("=")
                if name == self.name:
                    found.append(value)
        return found[0] if len(found) == 1 else None

    def setting(self, value: str, seconds: int) -> bytes:
        """The header's value that has a browser keep it."""
        return f"{self.name}={value}; Max-Age={seconds}{self._flags}".encode("ascii")

    @property
    def dropping(self) -> bytes:
        """The header's value that has a browser forget it."""
        return f"{self.name}=; Max-Age=0{self._flags}".encode("ascii")


class SessionCookie(OwnCookie):
    """The one of a session."""

    def __init__(self, is_secure: bool) -> None:
        super().__init__(PLAIN_NAME, is_secure)
