"""Tokens that a registry's own authority gives out for a repository."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec

from buildmill.common.staging import Cause
from buildmill.worker.staging.docker.challenge import Challenge
from buildmill.worker.staging.docker.credentials import Credentials
from buildmill.worker.staging.docker.http import AUTHORIZATION, Http
from buildmill.worker.staging.docker.image import decode
from buildmill.worker.staging.failure import PhaseFailed

ANSWER_BYTES = 1 << 20


class _Answer(msgspec.Struct):
    token: str = ""
    access_token: str = ""


def fetch_token(http: Http, challenge: Challenge, credentials: Credentials, scope: str, host: str) -> str:
    """Ask the authority that a challenge names; anonymously without credentials.

    Args:
        scope: asked for if the challenge names none.
        host: of the registry, for messages.

    Raises:
        PhaseFailed: there is no token to be had.
        InvalidInput: the answer is malformed.
    """
    realm = challenge.parameters.get("realm", "")
    asked = {"service": challenge.parameters.get("service", ""), "scope": challenge.parameters.get("scope") or scope}
    query = urlencode({name: value for name, value in asked.items() if value})
    url = f"{realm}{'&' if '?' in realm else '?'}{query}"
    with http.get(url, {AUTHORIZATION: credentials.basic} if credentials.basic else {}) as answer:
        if answer.status != 200:
            who = "the credentials that were given" if credentials.basic else "anybody without credentials"
            raise PhaseFailed(f"{host} gives no token to {who} ({answer.status})", cause=Cause.DOWNLOAD)
        content = http.body(answer, ANSWER_BYTES, f"the token of {host}")
    said = decode(content, _Answer, f"token of {host}")
    token = said.token or said.access_token
    if not token or not token.isascii() or not token.isprintable():
        raise PhaseFailed(f"{host} answered without a token", cause=Cause.DOWNLOAD)
    return token
