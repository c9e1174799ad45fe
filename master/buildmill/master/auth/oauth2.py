"""Logging in with another service by OAuth 2 (RFC 6749, only with codes, and with PKCE).

A class knows the service's addresses and what it tells of a user. OpenID Connect is in `auth.oidc`. A service's access
token is used for asking who the user is, and forgotten; none is ever taken from a user.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlsplit

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from twisted.logger import Logger

from buildmill.common.errors import NotSupported, Unavailable
from buildmill.master.auth.arguments import check_words
from buildmill.master.auth.attempts import Attempt
from buildmill.master.auth.backends import AuthBase
from buildmill.master.auth.loopback import is_loopback_url
from buildmill.master.auth.users import LoginRefused, UserInfo, Weakness
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import RenderError, render
from buildmill.master.engine.http_client import HttpAnswer
from buildmill.master.engine.secret_source import PropertiesOfService
from buildmill.master.engine.user_code import begun_at_once

SECONDS: Final = 10.0
"""How long the service may take for each answer."""
PAGE: Final = 100
MOST_PAGES: Final = 10
NOT_NOW: Final = "the service that knows the users does not answer as it should at present"


class OAuth2Auth(AuthBase):
    """Base of those that ask somebody else who the user is.

    Args:
        clientId, clientSecret: of this master there; may be secrets.
        autologin: pages go there without asking.
        ssl_verify: False takes any certificate.
        userInfoProvider: where more is known of a user; what it says comes before what the service says.

    Attributes:
        authUri, tokenUri: of the service: where browsers go, and where codes are redeemed.
        resourceEndpoint: what its paths begin with.
        scope: what is asked for; None for what the service has noted of this master.
    """

    name: ClassVar[str] = "oauth2"
    faIcon: ClassVar[str] = "fa-user"
    not_delivering = ""
    takes_codes = True
    authUri: str
    tokenUri: str
    resourceEndpoint: str
    scope: str | None = None
    secret_in_header: ClassVar[bool] = False
    _log = Logger()

    def __init__(
        self,
        clientId: Any,
        clientSecret: Any,
        autologin: bool = False,
        ssl_verify: bool = True,
        userInfoProvider: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(userInfoProvider)
        if kwargs:
            config_error(f"{type(self).__name__}: unknown arguments: {', '.join(sorted(kwargs))}")
        for name, value in (("clientId", clientId), ("clientSecret", clientSecret)):
            check_words(self, name, value)
        if type(self).user_of_tokens is OAuth2Auth.user_of_tokens:
            hint = "getUserInfoFromOAuthClient is not called" if hasattr(self, "getUserInfoFromOAuthClient") else ""
            text = f"{type(self).__name__}: a class of one's own says who the user is by user_of_tokens"
            config_error(f"{text}; {hint}" if hint else text)
        self.clientId, self.clientSecret = clientId, clientSecret
        self.autologin, self.ssl_verify = bool(autologin), bool(ssl_verify)

    @begun_at_once
    async def getLoginURL(self, redirect_url: str | None = None) -> str:
        """Where a login begins: an address of this master, since it is bound to the browser that goes there."""
        target = f"?redirect={quote(redirect_url)}" if redirect_url else ""
        return f"{self._base_url}auth/login{target}"

    def reconfigAuth(self, master: Any, new_config: Any) -> None:
        super().reconfigAuth(master, new_config)
        self._base_url = str(getattr(new_config, "buildbotURL", "") or "")

    _base_url = ""

    def document(self) -> Mapping[str, Any]:
        return {"name": self.name, "oauth2": True, "fa_icon": self.faIcon, "autologin": self.autologin}

    @property
    def asked_address(self) -> str:
        """Where it is asked who somebody is."""
        return self.authUri

    def weaknesses(self) -> Sequence[Weakness]:
        found = [*super().weaknesses()]
        if not self.ssl_verify:
            text = "ssl_verify=False: whoever is on the way may say who somebody is"
            found.append(Weakness(self, text, "leave ssl_verify out"))
        address = self.asked_address
        if address.startswith("http:") and not is_loopback_url(address):
            found.append(Weakness(self, f"{address} is asked without TLS who somebody is", "an https address"))
        if isinstance(self.clientSecret, str):
            found.append(Weakness(self, "clientSecret stands in the configuration", "util.Secret(...)"))
        return found

    # -- the way there -----------------------------------------------------------------------

    async def login_url(self, attempt: Attempt) -> str:
        """See `AuthBackend`."""
        return str(
            prepare_grant_uri(
                await self._auth_uri(),
                client_id=await self._rendered(self.clientId),
                response_type="code",
                redirect_uri=attempt.redirect_uri,
                scope=self.scope,
                state=attempt.state,
                code_challenge=create_s256_code_challenge(attempt.verifier),
                code_challenge_method="S256",
                **self._more_for_login(attempt),
            )
        )

    async def _auth_uri(self) -> str:
        return self.authUri

    def _more_for_login(self, attempt: Attempt) -> dict[str, str]:
        return {}

    # -- the way back ------------------------------------------------------------------------

    async def user_of_code(self, answer: Mapping[str, str], attempt: Attempt) -> UserInfo:
        """See `AuthBackend`."""
        tokens = await self._redeemed(answer.get("code", ""), attempt)
        user = await self.user_of_tokens(tokens, attempt)
        if not user.get("username"):
            raise LoginRefused("the service does not say who the user is")
        known = {name: value for name, value in user.items() if value is not None}
        return known if self.userInfoProvider is None else dict(await self._with_info(known))

    async def _redeemed(self, code: str, attempt: Attempt) -> Mapping[str, Any]:
        """What the service gives for a code.

        Raises:
            LoginRefused: nothing: the code is wrong, used, or of somebody else.
        """
        client_id, secret = await self._rendered(self.clientId), await self._rendered(self.clientSecret)
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": attempt.redirect_uri,
            "code_verifier": attempt.verifier,
            "client_id": client_id,
        }
        options: dict[str, Any] = {}
        if await self._sends_secret_in_header():
            options["auth"] = (quote(client_id, safe=""), quote(secret, safe=""))  # RFC 6749, section 2.3.1
        else:
            fields["client_secret"] = secret
        answer = await self._asked("POST", await self._token_uri(), data=fields, **options)
        tokens = await self._object(answer)
        if answer.code // 100 != 2 or "error" in tokens:
            self._refuse_code(answer.code, tokens)
        if not isinstance(tokens.get("access_token"), str) or str(tokens.get("token_type", "bearer")).lower() != (
            "bearer"
        ):
            raise Unavailable(NOT_NOW)
        return tokens

    def _refuse_code(self, status: int, tokens: Mapping[str, Any]) -> None:
        error = str(tokens.get("error", ""))[:100]
        if error in ("invalid_client", "unauthorized_client") or status in (404, 405):
            # nothing that the user can mend
            self._log.error(
                "{name} does not know this master: {status} {error}", name=self.name, status=status, error=error
            )
            raise Unavailable(NOT_NOW)
        raise LoginRefused(f"the service has refused the code{f': {error!r}' if error else ''}")

    async def _token_uri(self) -> str:
        return self.tokenUri

    async def _sends_secret_in_header(self) -> bool:
        return self.secret_in_header

    async def user_of_tokens(self, tokens: Mapping[str, Any], attempt: Attempt) -> dict[str, Any]:
        """What the service knows of the user: ``username``, ``email``, ``full_name``, ``groups``.

        Subclasses say it, with what `told` gets from the service; an address only if the service has verified it.

        Raises:
            NotSupported: this class is none of a service's.
        """
        raise NotSupported(f"{type(self).__name__} knows no users")

    # -- asking ------------------------------------------------------------------------------

    async def _asked(self, method: str, url: str, **options: Any) -> HttpAnswer:
        headers = {"Accept": "application/json", "User-Agent": "buildmill", **options.pop("headers", {})}
        try:
            answer: HttpAnswer = await self.master.httpservice.request(
                method, url, headers=headers, timeout=SECONDS, verify=None if self.ssl_verify else False, **options
            )
        except (Unavailable, ValueError) as error:  # ValueError: more than an answer may have
            self._log.warn("{name} cannot be asked: {error}", name=self.name, error=str(error))
            raise Unavailable(NOT_NOW) from error
        if answer.code // 100 in (3, 5) or answer.code == 429:
            self._log.warn("{name} answers {code}", name=self.name, code=answer.code)
            raise Unavailable(NOT_NOW)
        return answer

    async def _json(self, answer: HttpAnswer) -> Any:
        try:
            return await answer.json()
        except (ValueError, RecursionError) as error:
            self._log.warn("{name} answers {code} with what is no JSON", name=self.name, code=answer.code)
            raise Unavailable(NOT_NOW) from error

    async def _object(self, answer: HttpAnswer) -> Mapping[str, Any]:
        found = await self._json(answer)
        if not isinstance(found, dict):
            raise Unavailable(NOT_NOW)
        return found

    async def told(self, tokens: Mapping[str, Any], url: str, **options: Any) -> Any:
        """A document that the service shows in the user's name."""
        method = "GET" if "json" not in options else "POST"
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        answer = await self._asked(method, url, headers=headers, **options)
        if answer.code != 200:
            self._log.warn("{name} answers {code} to {url}", name=self.name, code=answer.code, url=url)
            raise LoginRefused(f"the service does not tell of the user: it answers {answer.code}")
        return await self._json(answer)

    async def _all_pages(self, tokens: Mapping[str, Any], url: str) -> list[dict[str, Any]]:
        """A list that comes in pages, up to a thousand rows."""
        rows: list[dict[str, Any]] = []
        mark = "&" if "?" in url else "?"
        for page in range(1, MOST_PAGES + 1):
            found = await self.told(tokens, f"{url}{mark}per_page={PAGE}&page={page}")
            if not isinstance(found, list):
                raise Unavailable(NOT_NOW)
            rows += [row for row in found if isinstance(row, dict)]
            if len(found) < PAGE:
                break
        return rows

    async def _rendered(self, value: Any) -> str:
        try:
            return str(await render(value, PropertiesOfService(self.master.secrets)))
        except RenderError as error:
            self._log.error("{name}: {error}", name=self.name, error=str(error))
            raise Unavailable(NOT_NOW) from error


class BitbucketAuth(OAuth2Auth):
    """Asks Bitbucket; groups are the user's workspaces."""

    name = "Bitbucket"
    faIcon = "fa-bitbucket"
    authUri = "https://bitbucket.org/site/oauth2/authorize"
    tokenUri = "https://bitbucket.org/site/oauth2/access_token"
    resourceEndpoint = "https://api.bitbucket.org/2.0"
    secret_in_header = True

    async def user_of_tokens(self, tokens: Mapping[str, Any], attempt: Attempt) -> dict[str, Any]:
        user = await self.told(tokens, f"{self.resourceEndpoint}/user")
        emails = await self.told(tokens, f"{self.resourceEndpoint}/user/emails")
        spaces = await self.told(tokens, f"{self.resourceEndpoint}/workspaces?role=member&pagelen={PAGE}")
        return {
            "username": user.get("username") or user.get("nickname"),
            "full_name": user.get("display_name"),
            "email": next((e["email"] for e in _values(emails) if e.get("is_primary") and e.get("is_confirmed")), None),
            "groups": [space["slug"] for space in _values(spaces) if "slug" in space],
        }


def _values(page: Any) -> list[dict[str, Any]]:
    found = page.get("values") if isinstance(page, dict) else None
    return [row for row in found or () if isinstance(row, dict)]


_WHO = "{ viewer { login } }"
_ORGANIZATIONS = "{ viewer { organizations(first: 100) { nodes { login } } } }"
_TEAMS = """query($login: String!) { viewer { organizations(first: 100) { nodes {
    login teams(first: 100, userLogins: [$login]) { nodes { name slug } }
} } } }"""


class GitHubAuth(OAuth2Auth):
    """Asks GitHub; groups are the user's organizations, and with `getTeamsMembership` its teams, as ``org/team``.

    Args:
        serverURL: of GitHub Enterprise.
        apiVersion: 3 or 4.
        getTeamsMembership: teams are groups, too; needs version 4.
        debug: accepted.
    """

    name = "GitHub"
    faIcon = "fa-github"
    scope = "user:email read:org"

    def __init__(
        self,
        clientId: Any,
        clientSecret: Any,
        serverURL: str | None = None,
        autologin: bool = False,
        apiVersion: int = 3,
        getTeamsMembership: bool = False,
        debug: bool = False,
        ssl_verify: bool = True,
        userInfoProvider: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(clientId, clientSecret, autologin, ssl_verify, userInfoProvider, **kwargs)
        if apiVersion not in (3, 4):
            config_error(f"GitHubAuth: apiVersion must be 3 or 4, not {apiVersion!r}")
        if getTeamsMembership and apiVersion != 4:
            config_error("GitHubAuth: getTeamsMembership needs apiVersion 4")
        self.apiVersion, self.getTeamsMembership = apiVersion, getTeamsMembership
        server = "https://github.com" if serverURL is None else checked_address(self, "serverURL", serverURL)
        self.authUri, self.tokenUri = f"{server}/login/oauth/authorize", f"{server}/login/oauth/access_token"
        is_public = serverURL is None or urlsplit(server).hostname == "github.com"
        self.resourceEndpoint = "https://api.github.com" if is_public else f"{server}/api/v3"
        self._graphql = "https://api.github.com/graphql" if is_public else f"{server}/api/graphql"

    async def user_of_tokens(self, tokens: Mapping[str, Any], attempt: Attempt) -> dict[str, Any]:
        user = await self.told(tokens, f"{self.resourceEndpoint}/user")
        # what stands in the profile may be anybody's: only a verified address counts
        emails = await self._all_pages(tokens, f"{self.resourceEndpoint}/user/emails")
        if self.apiVersion == 4:
            groups = await self._groups_by_query(tokens)
        else:
            groups = [row["login"] for row in await self._all_pages(tokens, f"{self.resourceEndpoint}/user/orgs")]
        return {
            "username": user.get("login"),
            "full_name": user.get("name") or user.get("login"),
            "email": next((e["email"] for e in emails if e.get("primary") and e.get("verified")), None),
            "groups": groups,
        }

    async def _groups_by_query(self, tokens: Mapping[str, Any]) -> list[str]:
        viewer = await self._viewer(tokens, _WHO, {})
        if self.getTeamsMembership:
            viewer = await self._viewer(tokens, _TEAMS, {"login": viewer["login"]})
        else:
            viewer = await self._viewer(tokens, _ORGANIZATIONS, {})
        groups: list[str] = []
        for organization in _nodes(viewer.get("organizations")):
            groups.append(organization["login"])
            for team in _nodes(organization.get("teams")):
                groups += sorted({f"{organization['login']}/{team[key]}" for key in ("name", "slug") if team.get(key)})
        return groups

    async def _viewer(self, tokens: Mapping[str, Any], query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        answer = await self.told(tokens, self._graphql, json={"query": query, "variables": dict(variables)})
        viewer = ((answer.get("data") or {}) if isinstance(answer, dict) else {}).get("viewer")
        if not isinstance(viewer, dict):
            raise Unavailable(NOT_NOW)
        return viewer


def _nodes(connection: Any) -> list[dict[str, Any]]:
    found = connection.get("nodes") if isinstance(connection, dict) else None
    return [node for node in found or () if isinstance(node, dict)]


class GitLabAuth(OAuth2Auth):
    """Asks a GitLab; groups are those that the user is a member of, by their full path.

    Args:
        instanceUri: its address.
    """

    name = "GitLab"
    faIcon = "fa-git"

    def __init__(self, instanceUri: Any, clientId: Any, clientSecret: Any, **kwargs: Any) -> None:
        super().__init__(clientId, clientSecret, **kwargs)
        server = checked_address(self, "instanceUri", instanceUri)
        self.authUri, self.tokenUri = f"{server}/oauth/authorize", f"{server}/oauth/token"
        self.resourceEndpoint = f"{server}/api/v4"

    async def user_of_tokens(self, tokens: Mapping[str, Any], attempt: Attempt) -> dict[str, Any]:
        user = await self.told(tokens, f"{self.resourceEndpoint}/user")
        # without a level, GitLab lists what the user may see: groups of others that are public, too
        groups = await self._all_pages(tokens, f"{self.resourceEndpoint}/groups?min_access_level=10")
        return {
            "username": user.get("username"),
            "full_name": user.get("name"),
            "email": user.get("email"),
            "groups": [row.get("full_path") or row.get("path") for row in groups],
        }


def checked_address(owner: object, name: str, value: Any) -> str:
    """An address without a slash at its end; reports what is none."""
    if isinstance(value, str) and urlsplit(value).scheme in ("http", "https") and urlsplit(value).hostname:
        return value.rstrip("/")
    config_error(f"{type(owner).__name__}: {name} must be an http or https address, not {value!r}")
    return "https://invalid"
