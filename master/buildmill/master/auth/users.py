"""What the web asks of a login back end, whatever class of ``www['auth']`` it is: the seam for more of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

UserInfo = Mapping[str, Any]
"""What is known of a user: ``username``, ``email``, ``full_name``, ``groups``."""


class Headers(Protocol):
    """The headers of a request, as `twisted.web.http_headers.Headers` has them."""

    def getRawHeaders(self, name: bytes, /) -> Any: ...


class AuthBackend(Protocol):
    """Knows users.

    Attributes:
        takes_passwords: `user_of` is worth asking.
        takes_headers: `user_in` is.
    """

    takes_passwords: bool
    takes_headers: bool

    async def user_of(self, username: str, password: str) -> UserInfo | None:
        """The user, if the password is right.

        Raises:
            BuildmillError: nobody can tell at present.
        """

    async def user_in(self, headers: Headers) -> UserInfo | None:
        """The user that a trusted proxy names."""

    def document(self) -> Mapping[str, Any]:
        """What pages are told about it, under ``auth`` in ``/config``."""
