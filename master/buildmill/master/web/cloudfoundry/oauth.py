"""``POST /oauth/token``: the usual login of clients, with name and password, against the accounts of this master.

An access token is a session, which ends as sessions do; it is its own refresh token.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import parse_qsl

from buildmill.common.errors import BuildmillError, Unavailable
from buildmill.master.web.cloudfoundry.askers import Scope
from buildmill.master.web.gate import Gate
from buildmill.master.web.http import Request

CLIENT: Final = "cf"
LogIn = Callable[[Request, str, str], Awaitable[str]]


class OAuthError(BuildmillError):
    """A refusal as OAuth has it (RFC 6749, section 5.2)."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.status = status

    @property
    def document(self) -> dict[str, str]:
        return {"error": self.error, "error_description": str(self)}


class OAuth:
    """Gives tokens.

    Args:
        gate: knows sessions.
        log_in: checks name and password, and begins a session.
    """

    def __init__(self, gate: Gate, log_in: LogIn) -> None:
        self._gate = gate
        self._log_in = log_in

    async def token(self, request: Request) -> dict[str, Any]:
        """What a request for a token is answered.

        Raises:
            OAuthError: it is refused.
            Unavailable: too many tries.
        """
        _check_client(request)
        given = dict(parse_qsl(request.content.read().decode("latin-1"), keep_blank_values=True, encoding="utf-8"))
        match given.get("grant_type"):
            case "password":
                token = await self._by_password(request, given.get("username", ""), given.get("password", ""))
            case "refresh_token":
                token = given.get("refresh_token", "")
                if await self._gate.accounts.session(token, self._gate.address_of(request)) is None:
                    raise OAuthError("invalid_grant", "the refresh token is not known, or has ended", 401)
            case _:
                raise OAuthError("unsupported_grant_type", "expected the grant type password or refresh_token")
        return {
            "access_token": token,
            "refresh_token": token,
            "token_type": "bearer",
            "expires_in": self._gate.access.session_seconds,
            "scope": f"{Scope.READ} {Scope.WRITE}",
            "jti": "",
        }

    async def _by_password(self, request: Request, name: str, password: str) -> str:
        try:
            return await self._log_in(request, name, password)
        except Unavailable:
            raise
        except BuildmillError as error:
            raise OAuthError("unauthorized", str(error), 401) from None


def _check_client(request: Request) -> None:
    scheme, _, text = (request.getHeader(b"Authorization") or b"").partition(b" ")
    if scheme.lower() != b"basic":
        return
    try:
        name, _, secret = b64decode(text.strip(), validate=True).decode().partition(":")
    except ValueError:
        name, secret = "", ""
    if (name, secret) != (CLIENT, ""):
        raise OAuthError("invalid_client", f"expected the client {CLIENT!r}, without a secret", 401)
