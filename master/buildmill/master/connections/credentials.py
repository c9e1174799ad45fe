"""Who a worker says it is: HTTP Basic in the websocket upgrade (RFC 7617)."""

from __future__ import annotations

import base64
import binascii

from attrs import field, frozen

from buildmill.common.errors import BuildmillError


class Refused(BuildmillError):
    """The upgrade is refused.

    Attributes:
        status: of the HTTP answer, 400 or 401.
        phrase: what stands beside it.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.phrase = "Unauthorized" if status == 401 else "Bad request"


@frozen
class Credentials:
    """A worker's name and what it says to prove it."""

    name: str
    password: str = field(repr=False)


def read_credentials(authorization: str | None) -> Credentials:
    """Read the header's value.

    Raises:
        Refused: 401 without the header; 400 for another scheme, no colon, an empty name, or what cannot be decoded.
    """
    if authorization is None:
        raise Refused(401, "no credentials")
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise Refused(400, "credentials are not of scheme Basic")
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise Refused(400, "credentials cannot be decoded") from None
    name, colon, password = decoded.partition(":")
    if not colon or not name:
        raise Refused(400, "credentials without name or colon")
    return Credentials(name, password)
