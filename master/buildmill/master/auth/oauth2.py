"""Logging in with another service: OAuth2. The classes check their arguments; nobody can log in by them yet."""

from __future__ import annotations

from typing import Any, ClassVar

from buildmill.master.auth.arguments import check_words
from buildmill.master.auth.backends import AuthBase
from buildmill.master.domain.config_errors import config_error


class OAuth2Auth(AuthBase):
    """Base of those that ask somebody else who the user is.

    Args:
        clientId, clientSecret: of this master there; may be secrets.
        autologin: go there without asking.
        ssl_verify: False takes any certificate.
    """

    name: ClassVar[str] = "oauth2"

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
        self.clientId, self.clientSecret = clientId, clientSecret
        self.autologin, self.ssl_verify = autologin, ssl_verify


class GoogleAuth(OAuth2Auth):
    """Asks Google."""

    name = "Google"


class BitbucketAuth(OAuth2Auth):
    """Asks Bitbucket."""

    name = "Bitbucket"


class GitHubAuth(OAuth2Auth):
    """Asks GitHub.

    Args:
        serverURL: of GitHub Enterprise.
        apiVersion: 3 or 4.
        getTeamsMembership: teams are groups, too; needs version 4.
        debug: log requests.
    """

    name = "GitHub"

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
        if serverURL is not None:
            check_words(self, "serverURL", serverURL)


class GitLabAuth(OAuth2Auth):
    """Asks a GitLab.

    Args:
        instanceUri: its address.
    """

    name = "GitLab"

    def __init__(self, instanceUri: Any, clientId: Any, clientSecret: Any, **kwargs: Any) -> None:
        super().__init__(clientId, clientSecret, **kwargs)
        check_words(self, "instanceUri", instanceUri)
