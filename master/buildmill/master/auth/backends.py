"""How people would log in: the classes of ``www['auth']``.

They check their arguments. Nobody can log in yet; while one of them is configured, the web takes no actions from
anybody (see `config.web_keys`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from buildmill.master.domain.config_errors import config_error, users_place
from buildmill.master.domain.not_delivering import NotDelivering
from buildmill.master.domain.rendering import is_renderable


class AuthBase(NotDelivering):
    """Base of all.

    Args:
        userInfoProvider: where more is known of a user.
    """

    not_delivering = "nobody can log in yet, and the web refuses all actions from everybody"
    way_out = "leave the key out and guard the port by other means, as a proxy that asks for a password"

    def __init__(self, userInfoProvider: Any = None) -> None:
        self.file, self.line = users_place()
        if userInfoProvider is not None and not isinstance(userInfoProvider, UserInfoProviderBase):
            config_error(f"{type(self).__name__}: userInfoProvider must be one, not {userInfoProvider!r}")
            userInfoProvider = None
        self.userInfoProvider = userInfoProvider

    def getLoginResource(self) -> Any:
        """For subclasses that make a page of their own; nobody asks for it yet."""
        raise NotImplementedError(f"{type(self).__name__} has no page to log in")

    def getLogoutResource(self) -> Any:
        """For subclasses that make a page of their own; nobody asks for it yet."""
        raise NotImplementedError(f"{type(self).__name__} has no page to log out")

    def maybeAutoLogin(self, request: Any) -> Any:
        """For subclasses that know users without asking them; nobody asks yet."""

    def updateUserInfo(self, request: Any) -> Any:
        """For subclasses that know more of a user; nobody asks yet."""


class NoAuth(AuthBase):
    """Nobody logs in, and everybody may do everything that ``www['authz']`` does not forbid."""

    not_delivering = ""


class UserInfoProviderBase:
    """Base of those who know more of a user than the name."""

    name = "noinfo"

    def getUserInfo(self, username: str) -> Any:
        """A dictionary with ``email``, ``full_name``, ``groups``; may be awaitable."""
        return {"email": username}


class RemoteUserAuth(AuthBase):
    """A proxy in front knows the user.

    Args:
        header: where it says so.
        headerRegex: what the header looks like, with the groups ``username`` and ``realm``.
    """

    def __init__(self, header: Any = None, headerRegex: Any = None, userInfoProvider: Any = None) -> None:
        super().__init__(userInfoProvider)
        for name, value in (("header", header), ("headerRegex", headerRegex)):
            if value is not None and not isinstance(value, str | bytes) and not hasattr(value, "match"):
                config_error(f"{type(self).__name__}: {name} must be text or None, not {value!r}")


class TwistedICredAuthBase(AuthBase):
    """Base of those that ask with Twisted's credentials.

    Args:
        credentialFactories: what the browser is asked for.
        checkers: who checks it.
    """

    def __init__(
        self,
        credentialFactories: Sequence[Any] | None = None,
        checkers: Sequence[Any] = (),
        userInfoProvider: Any = None,
    ) -> None:
        super().__init__(userInfoProvider)
        if credentialFactories is not None and not isinstance(credentialFactories, list | tuple):
            config_error(f"{type(self).__name__}: credentialFactories must be a list, not {credentialFactories!r}")
        if not isinstance(checkers, list | tuple):
            config_error(f"{type(self).__name__}: checkers must be a list, not {checkers!r}")


class HTPasswdAuth(TwistedICredAuthBase):
    """Names and passwords in a file as Apache's htpasswd makes it.

    Args:
        passwdFile: its path.
    """

    def __init__(self, passwdFile: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(passwdFile, str | Path) or not Path(passwdFile).is_file():
            config_error(f"{type(self).__name__}: passwdFile must be the path of a file, not {passwdFile!r}")


class UserPasswordAuth(TwistedICredAuthBase):
    """Names and passwords in the configuration.

    Args:
        users: name to password, or a list of such pairs; passwords may be secrets.
    """

    def __init__(self, users: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pairs = list(users.items()) if isinstance(users, Mapping) else users
        if not isinstance(pairs, list | tuple) or not all(isinstance(p, list | tuple) and len(p) == 2 for p in pairs):
            config_error(f"{type(self).__name__}: users must be a dictionary, or a list of pairs of name and password")


class CustomAuth(TwistedICredAuthBase):
    """A method `check_credentials` of a subclass decides."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def check_credentials(self, username: Any, password: Any) -> Any:
        """Whether they belong together."""
        return False


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


class LdapUserInfo(NotDelivering, UserInfoProviderBase):
    """More about users out of a directory service."""

    not_delivering = "nothing is looked up in LDAP yet"
    name = "ldap"

    def __init__(
        self,
        uri: Any,
        bindUser: Any,
        bindPw: Any,
        accountBase: Any,
        accountPattern: Any,
        accountFullName: Any,
        accountEmail: Any,
        groupBase: Any = None,
        groupMemberPattern: Any = None,
        groupName: Any = None,
        avatarPattern: Any = None,
        avatarData: Any = None,
        accountExtraFields: Any = None,
        tls: Any = None,
    ) -> None:
        self.file, self.line = users_place()
        needed = {
            "uri": uri, "bindUser": bindUser, "bindPw": bindPw, "accountBase": accountBase,
            "accountPattern": accountPattern, "accountFullName": accountFullName, "accountEmail": accountEmail,
        }  # fmt: skip
        for name, value in needed.items():
            check_words(self, name, value)
        together = (groupMemberPattern, groupName)
        if groupBase is not None and None in together:
            config_error("LdapUserInfo: groupBase needs groupMemberPattern and groupName")


def check_words(owner: object, name: str, value: Any) -> None:
    """Report an argument that is neither text nor a renderable of it; its value may be secret, and is not shown."""
    if not is_renderable(value) and (not isinstance(value, str) or not value):
        config_error(f"{type(owner).__name__}: {name} must be non-empty text or a renderable of it")
