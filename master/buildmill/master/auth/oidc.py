"""Logging in with OpenID Connect: Keycloak, Google, and whoever else has a discovery document.

What counts is the id token: its signature, issuer, audience, end and nonce are checked before anything in it is
believed (OpenID Connect Core 1.0, section 3.1.3.7).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from buildmill.common.errors import Unavailable
from buildmill.master.auth.access import is_loopback_url
from buildmill.master.auth.attempts import Attempt
from buildmill.master.auth.oauth2 import NOT_NOW, OAuth2Auth
from buildmill.master.auth.users import LoginRefused
from buildmill.master.domain.config_errors import config_error

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures with a key that only the service has. Without any, or by the secret of the client, nobody is believed."""
KEPT_SECONDS: Final = 3600.0
LEEWAY_SECONDS: Final = 60
MOST_GROUPS: Final = 1000
_DISCOVERY = "/.well-known/openid-configuration"
_ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class OIDCAuth(OAuth2Auth):
    """Asks a service that speaks OpenID Connect.

    Args:
        issuer: what it calls itself: an ``https`` address, below which its discovery document is.
        clientId, clientSecret: of this master there; may be secrets.
        scope: what is asked for; ``openid`` must be in it.
        usernameClaim: the member of the id token that names the user.
        groupsClaim: the one that lists the user's groups; with dots for one within others, as
            ``realm_access.roles``. None for no groups.
        name: what pages call the service.
        autologin, ssl_verify, userInfoProvider: as of `OAuth2Auth`.
    """

    name = "OpenID Connect"
    faIcon: ClassVar[str] = "fa-openid"

    def __init__(
        self,
        issuer: Any,
        clientId: Any,
        clientSecret: Any,
        scope: str = "openid profile email",
        usernameClaim: str = "preferred_username",
        groupsClaim: str | None = "groups",
        name: str | None = None,
        autologin: bool = False,
        ssl_verify: bool = True,
        userInfoProvider: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(clientId, clientSecret, autologin, ssl_verify, userInfoProvider, **kwargs)
        cls = type(self).__name__
        if not _may_be_asked(issuer):
            config_error(f"{cls}: issuer must be an https address, not {issuer!r}")
            issuer = "https://invalid"
        if not isinstance(scope, str) or "openid" not in scope.split():
            config_error(f"{cls}: scope must be a text with the word openid, not {scope!r}")
        for argument, value in (("usernameClaim", usernameClaim), ("groupsClaim", groupsClaim), ("name", name)):
            if not (isinstance(value, str) and value) and not (value is None and argument != "usernameClaim"):
                config_error(f"{cls}: {argument} must be non-empty text, not {value!r}")
        self.issuer = issuer
        self.scope = scope
        self.usernameClaim, self.groupsClaim = usernameClaim, groupsClaim
        self._shown_name = name or type(self).name
        self._documents: dict[str, tuple[float, Mapping[str, Any]]] = {}

    def document(self) -> Mapping[str, Any]:
        return {**super().document(), "name": self._shown_name}

    # -- what the service says of itself -------------------------------------------------------

    async def _kept(self, url: str, *, anew: bool = False) -> Mapping[str, Any]:
        """A document of the service; asked for again after an hour."""
        now = self.master.httpservice.reactor.seconds()
        kept = self._documents.get(url)
        if kept is not None and not anew and 0 <= now - kept[0] < KEPT_SECONDS:
            return kept[1]
        answer = await self._asked("GET", url)
        if answer.code != 200:
            self._log.error("{name} answers {code} to {url}", name=self.name, code=answer.code, url=url)
            raise Unavailable(NOT_NOW)
        document = await self._object(answer)
        self._documents[url] = (now, document)
        return document

    async def _discovered(self) -> Mapping[str, Any]:
        url = self.issuer.rstrip("/") + _DISCOVERY
        found = await self._kept(url)
        if found.get("issuer") != self.issuer or not all(_may_be_asked(found.get(name)) for name in _ADDRESSES):
            self._documents.pop(url, None)
            self._log.error("the discovery document of {issuer} is about another issuer, or broken", issuer=self.issuer)
            raise Unavailable(NOT_NOW)
        return found

    async def _auth_uri(self) -> str:
        return str((await self._discovered())["authorization_endpoint"])

    async def _token_uri(self) -> str:
        return str((await self._discovered())["token_endpoint"])

    async def _sends_secret_in_header(self) -> bool:
        methods = (await self._discovered()).get("token_endpoint_auth_methods_supported")
        return not isinstance(methods, list) or "client_secret_basic" in methods

    def _more_for_login(self, attempt: Attempt) -> dict[str, str]:
        return {"nonce": attempt.nonce}

    # -- who it is -----------------------------------------------------------------------------

    async def user_of_code(self, answer: Mapping[str, str], attempt: Attempt) -> Mapping[str, Any]:
        if answer.get("iss", self.issuer) != self.issuer:  # RFC 9207: another service has answered
            raise LoginRefused("the answer is of another issuer")
        return await super().user_of_code(answer, attempt)

    async def _user(self, tokens: Mapping[str, Any], attempt: Attempt) -> dict[str, Any]:
        claims = dict(await self._claims(tokens.get("id_token"), attempt))
        if self.usernameClaim not in claims and "userinfo_endpoint" in await self._discovered():
            claims = {**await self._more_claims(tokens, claims["sub"]), **claims}
        return self._user_of(claims)

    def _user_of(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        email = claims.get("email")
        name = claims.get(self.usernameClaim)
        return {
            "username": name if isinstance(name, str) else None,
            "full_name": claims.get("name"),
            # rules may go by it: an address that anybody may have typed in is none
            "email": email if isinstance(email, str) and claims.get("email_verified") is not False else None,
            "groups": _groups(claims, self.groupsClaim),
        }

    async def _more_claims(self, tokens: Mapping[str, Any], subject: Any) -> Mapping[str, Any]:
        url = (await self._discovered())["userinfo_endpoint"]
        if not _may_be_asked(url):
            raise Unavailable(NOT_NOW)
        found = await self._told(tokens, url)
        if not isinstance(found, dict) or found.get("sub") != subject:
            raise LoginRefused("the service tells of another user than it has signed")
        return found

    async def _claims(self, token: Any, attempt: Attempt) -> Mapping[str, Any]:
        """What the id token says, all of it checked.

        Raises:
            LoginRefused: it is none for this login.
        """
        if not isinstance(token, str):
            raise LoginRefused("the service has sent no id token")
        client_id = await self._rendered(self.clientId)
        try:
            claims: Mapping[str, Any] = await self._signed(token)
            JWTClaimsRegistry(
                now=int(self.master.httpservice.reactor.seconds()),
                leeway=LEEWAY_SECONDS,
                iss={"essential": True, "value": self.issuer},
                sub={"essential": True},
                aud={"essential": True, "value": client_id},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": attempt.nonce},
            ).validate(dict(claims))
        except JoseError as error:
            raise LoginRefused(f"the id token does not count: {error.error}") from error
        except ValueError as error:  # parts that are no base64, or no JSON
            raise LoginRefused("the id token does not count: it is none") from error
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if claims.get("azp", client_id) != client_id or (len(audiences) > 1 and "azp" not in claims):
            raise LoginRefused("the id token does not count: it is for somebody else")
        return claims

    async def _signed(self, token: str) -> Mapping[str, Any]:
        """The content of a token whose signature is one of the service's."""
        url = str((await self._discovered())["jwks_uri"])
        try:
            return jwt.decode(token, _keys(await self._kept(url)), algorithms=list(ALGORITHMS)).claims
        except (JoseError, ValueError):
            # the service may have another key since it was asked
            return jwt.decode(token, _keys(await self._kept(url, anew=True)), algorithms=list(ALGORITHMS)).claims


def _keys(document: Mapping[str, Any]) -> KeySet:
    """The keys of a document that are for signatures, and of a kind that we know."""
    found = document.get("keys")
    usable = [
        key
        for key in (found if isinstance(found, list) else ())
        if isinstance(key, dict) and key.get("use", "sig") == "sig" and key.get("kty") in ("RSA", "EC", "OKP")
    ]
    if not usable:
        raise Unavailable(NOT_NOW)
    try:
        return KeySet.import_key_set({"keys": usable})
    except (JoseError, ValueError) as error:
        raise Unavailable(NOT_NOW) from error


def _groups(claims: Mapping[str, Any], path: str | None) -> list[str]:
    if path is None:
        return []
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for name in path.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
    if not isinstance(found, Sequence) or isinstance(found, str):
        return []
    return [group for group in found if isinstance(group, str)][:MOST_GROUPS]


def _may_be_asked(url: Any) -> bool:
    """Whether an address is one that nobody on the way can change the answers of."""
    if not isinstance(url, str) or not urlsplit(url).hostname:
        return False
    return urlsplit(url).scheme == "https" or (urlsplit(url).scheme == "http" and is_loopback_url(url))


class GoogleAuth(OIDCAuth):
    """Asks Google. A user's name is the whole address: its part before the ``@`` may be anybody's."""

    name = "Google"
    faIcon = "fa-google-plus"

    def __init__(self, clientId: Any, clientSecret: Any, **kwargs: Any) -> None:
        super().__init__(
            "https://accounts.google.com", clientId, clientSecret, usernameClaim="email", groupsClaim=None, **kwargs
        )

    def _user_of(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        user = super()._user_of(claims)
        return {**user, "username": user["email"] if claims.get("email_verified") is True else None}
