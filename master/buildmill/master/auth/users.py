"""What the web asks of a login back end, whatever class of ``www['auth']`` it is: the seam for more of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from buildmill.common.errors import BuildmillError
from buildmill.master.auth.attempts import Attempt

UserInfo = Mapping[str, Any]
"""What is known of a user: ``username``, ``email``, ``full_name``, ``groups``."""


class LoginRefused(BuildmillError):
    """The service that knows the users has answered, and its answer lets nobody in; the text says why."""


class Headers(Protocol):
    """The headers of a request, as `twisted.web.http_headers.Headers` has them."""

    def getRawHeaders(self, name: bytes, /) -> Any: ...


class AuthBackend(Protocol):
    """Knows users.

    Attributes:
        takes_passwords: `user_of` is worth asking.
        takes_headers: `user_in` is.
        takes_codes: `login_url` and `user_of_code` are.
        autologin: pages need not ask before they send a browser there.
    """

    takes_passwords: bool
    takes_headers: bool
    takes_codes: bool
    autologin: bool

    async def user_of(self, username: str, password: str) -> UserInfo | None:
        """The user, if the password is right.

        Raises:
            BuildmillError: nobody can tell at present.
        """

    async def user_in(self, headers: Headers) -> UserInfo | None:
        """The user that a trusted proxy names."""

    async def login_url(self, attempt: Attempt) -> str:
        """Where a browser goes to log in.

        Raises:
            Unavailable: nobody can tell at present.
        """

    async def user_of_code(self, answer: Mapping[str, str], attempt: Attempt) -> UserInfo:
        """The user that has come back with these parameters, whose state is that of the attempt.

        Raises:
            LoginRefused: it is nobody that may come in.
            Unavailable: nobody can tell at present.
        """

    def document(self) -> Mapping[str, Any]:
        """What pages are told about it, under ``auth`` in ``/config``."""
