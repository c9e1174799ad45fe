"""A small OpenID Connect provider: real HTTP, real signatures, and every way to be wrong."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from twisted.web.resource import Resource

ISSUER = "https://id.example.org/realms/main"
CLIENT, SECRET = "buildmill", "the client's : secret"
KEYS = [RSAKey.generate_key(2048, {"kid": name, "use": "sig"}) for name in ("first", "second")]


class _Page(Resource):
    isLeaf = True  # noqa: N815  # Twisted's name

    def __init__(self, answer: Callable[[Any], tuple[int, Any]]) -> None:
        untyped: Any = super()
        untyped.__init__()
        self._answer = answer

    def render(self, request: Any) -> bytes:
        status, document = self._answer(request)
        request.setResponseCode(status)
        request.setHeader(b"Content-Type", b"application/json")
        return document if isinstance(document, bytes) else json.dumps(document).encode()


@dataclass
class Provider:
    """See the module; `now` tells the time.

    Attributes:
        claims: what the id token says beside what it must.
        key: signs; `published` are the keys that are shown.
        header: of the id token.
        token: takes the place of the id token.
        methods: how a client may show its secret.
        userinfo: what the userinfo endpoint says.
        asked: the paths of all requests.
        granted: codes that were given out, with what was asked for; redeemed once.
        statuses: answers to a path instead of the right one.
    """

    now: Callable[[], float]
    claims: dict[str, Any] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: KEYS[0])
    published: list[Any] = field(default_factory=lambda: [KEYS[0]])
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "first"})
    token: str | None = None
    methods: list[str] = field(default_factory=lambda: ["client_secret_basic"])
    userinfo: dict[str, Any] = field(default_factory=dict)
    discovery: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    granted: dict[str, dict[str, str]] = field(default_factory=dict)
    statuses: dict[str, tuple[int, Any]] = field(default_factory=dict)

    @property
    def root(self) -> Resource:
        """What it serves."""
        root = main = Resource()
        for element in (b"realms", b"main"):
            child = Resource()
            main.putChild(element, child)
            main = child
        known = Resource()
        main.putChild(b".well-known", known)
        known.putChild(b"openid-configuration", _Page(self._guarded("discovery", self._discovery)))
        for name, answer in (("keys", self._keys), ("token", self._token), ("userinfo", self._userinfo)):
            main.putChild(name.encode(), _Page(self._guarded(name, answer)))
        return root

    def _guarded(self, name: str, answer: Callable[[Any], tuple[int, Any]]) -> Callable[[Any], tuple[int, Any]]:
        def guarded(request: Any) -> tuple[int, Any]:
            self.asked.append(name)
            return self.statuses[name] if name in self.statuses else answer(request)

        return guarded

    def _discovery(self, _request: Any) -> tuple[int, Any]:
        return 200, {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/auth?kc=1",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "userinfo_endpoint": f"{ISSUER}/userinfo",
            "token_endpoint_auth_methods_supported": self.methods,
            **self.discovery,
        }

    def _keys(self, _request: Any) -> tuple[int, Any]:
        return 200, {"keys": [key.as_dict(private=False) for key in self.published]}

    def _userinfo(self, request: Any) -> tuple[int, Any]:
        if request.getHeader(b"Authorization") != b"Bearer access":
            return 401, {}
        return 200, self.userinfo

    def grant(self, location: str, code: str = "code-1") -> str:
        """The user says yes at that address: the query by which the browser is sent back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        self.granted[code] = asked
        return urlencode({"code": code, "state": asked["state"]})

    def _token(self, request: Any) -> tuple[int, Any]:
        fields = {name: values[0] for name, values in parse_qs(request.content.read().decode()).items()}
        if not self._is_our_client(request, fields):
            return 401, {"error": "invalid_client"}
        asked = self.granted.pop(fields["code"], None)
        if (
            asked is None
            or fields["redirect_uri"] != asked["redirect_uri"]
            or create_s256_code_challenge(fields.get("code_verifier", "")) != asked.get("code_challenge")
        ):
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "access", "token_type": "Bearer", "id_token": self._id_token(asked)}

    def _is_our_client(self, request: Any, fields: Mapping[str, str]) -> bool:
        if self.methods == ["client_secret_post"]:
            return (fields.get("client_id"), fields.get("client_secret")) == (CLIENT, SECRET)
        scheme, _, given = (request.getHeader(b"Authorization") or b"").partition(b" ")
        name, _, secret = b64decode(given).decode().partition(":")
        return scheme == b"Basic" and (unquote(name), unquote(secret)) == (CLIENT, SECRET)

    def _id_token(self, asked: Mapping[str, str]) -> str:
        if self.token is not None:
            return self.token
        claims = {
            "iss": ISSUER, "sub": "17", "aud": CLIENT, "iat": int(self.now()), "exp": int(self.now()) + 300,
            "nonce": asked["nonce"], "preferred_username": "ann", "name": "Ann", "email": "ann@example.org",
            "email_verified": True, "groups": ["admins", 3], **self.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(self.header, claims, self.key, algorithms=[self.header["alg"]])


def by_client_secret() -> OctKey:
    """A key that a wrong provider may sign with."""
    return OctKey.import_key(SECRET)
