"""How people log in: the classes of ``www['auth']``. Those that ask another service are in `auth.oauth2`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twisted.cred.credentials import IUsernamePassword, UsernamePassword
from twisted.cred.error import LoginFailed
from twisted.logger import Logger

from buildmill.common.errors import NotSupported, Unavailable
from buildmill.master.auth import passwords
from buildmill.master.auth.attempts import Attempt
from buildmill.master.auth.users import Headers, UserInfo
from buildmill.master.domain.config_errors import config_error, users_place
from buildmill.master.domain.not_delivering import NotDelivering
from buildmill.master.domain.rendering import is_renderable, render
from buildmill.master.engine.secret_source import PropertiesOfService
from buildmill.master.engine.service import settled

_HEADER = "REMOTE_USER"
_HEADER_REGEX = r"(?P<username>[^ @]+)@(?P<realm>[^ @]+)"


class UserInfoProviderBase:
    """Base of those who know more of a user than the name."""

    name = "noinfo"

    def reconfigAuth(self, master: Any, new_config: Any) -> None:
        """The master that it works for; called before anybody is asked about."""

    def getUserInfo(self, username: str) -> Any:
        """A dictionary with ``email``, ``full_name``, ``groups``; may be awaitable."""
        return {"email": username}


class AuthBase(NotDelivering):
    """Base of all.

    Args:
        userInfoProvider: where more is known of a user.
    """

    not_delivering = "nobody can log in by it yet"
    way_out = "use UserPasswordAuth, HTPasswdAuth or CustomAuth, or give tokens by 'buildmill token create'"
    takes_passwords = False
    takes_headers = False
    takes_codes = False
    autologin = False

    def __init__(self, userInfoProvider: Any = None) -> None:
        self.file, self.line = users_place()
        self.master: Any = None
        if userInfoProvider is not None and not isinstance(userInfoProvider, UserInfoProviderBase):
            config_error(f"{type(self).__name__}: userInfoProvider must be one, not {userInfoProvider!r}")
            userInfoProvider = None
        self.userInfoProvider = userInfoProvider

    def reconfigAuth(self, master: Any, new_config: Any) -> None:
        """The master it works for; called before anybody logs in."""
        self.master = master
        if self.userInfoProvider is not None:
            self.userInfoProvider.reconfigAuth(master, new_config)

    async def user_of(self, username: str, password: str) -> UserInfo | None:
        """See `AuthBackend`."""
        return None

    async def user_in(self, headers: Headers) -> UserInfo | None:
        """See `AuthBackend`."""
        return None

    async def login_url(self, attempt: Attempt) -> str:
        """See `AuthBackend`."""
        raise NotSupported("nobody logs in here with another service")

    async def user_of_code(self, answer: Mapping[str, str], attempt: Attempt) -> UserInfo:
        """See `AuthBackend`."""
        raise NotSupported("nobody logs in here with another service")

    def document(self) -> Mapping[str, Any]:
        """See `AuthBackend`."""
        return {"name": type(self).__name__}

    async def _with_info(self, user: Mapping[str, Any]) -> UserInfo:
        provider = self.userInfoProvider or UserInfoProviderBase()
        return {**user, **(await settled(provider.getUserInfo(user["username"])) or {})}

    def getLoginResource(self) -> Any:
        """For subclasses that make a page of their own; nobody asks for it."""
        raise NotImplementedError(f"{type(self).__name__} has no page to log in")

    def getLogoutResource(self) -> Any:
        """For subclasses that make a page of their own; nobody asks for it."""
        raise NotImplementedError(f"{type(self).__name__} has no page to log out")

    def maybeAutoLogin(self, request: Any) -> Any:
        """For subclasses that know users without asking them; nobody asks."""

    def updateUserInfo(self, request: Any) -> Any:
        """For subclasses that know more of a user; nobody asks."""


class NoAuth(AuthBase):
    """Nobody logs in, and everybody may do everything that ``www['authz']`` does not forbid."""

    not_delivering = ""


class RemoteUserAuth(AuthBase):
    """A proxy in front knows the user. It is believed only if its address is among ``www['trusted_proxies']``.

    Args:
        header: where it says so; ``REMOTE_USER`` if not given.
        headerRegex: what the header looks like, with the groups ``username`` and ``realm``; ``user@realm`` if not
            given.
    """

    not_delivering = ""
    takes_headers = True

    def __init__(self, header: Any = None, headerRegex: Any = None, userInfoProvider: Any = None) -> None:
        super().__init__(userInfoProvider)
        for name, value in (("header", header), ("headerRegex", headerRegex)):
            if value is not None and not isinstance(value, str | bytes) and not hasattr(value, "match"):
                config_error(f"{type(self).__name__}: {name} must be text or None, not {value!r}")
        self.header = _as_text(header or _HEADER)
        self.headerRegex = _pattern(headerRegex or _HEADER_REGEX)
        if self.headerRegex is not None and "username" not in self.headerRegex.groupindex:
            config_error(f"{type(self).__name__}: headerRegex must have a group named username")

    async def user_in(self, headers: Headers) -> UserInfo | None:
        values = headers.getRawHeaders(self.header.encode("latin-1"))
        if not values or len(values) > 1 or self.headerRegex is None:
            return None
        match = self.headerRegex.match(_as_text(values[0]))
        if match is None:
            return None
        user = {name: value for name, value in match.groupdict().items() if value}
        if "username" not in user:
            return None
        return await self._with_info(user)


def _as_text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _pattern(given: Any) -> re.Pattern[str] | None:
    text = given.pattern if hasattr(given, "pattern") else given
    try:
        return re.compile(_as_text(text))
    except re.error as error:
        config_error(f"RemoteUserAuth: headerRegex is no regular expression: {error}")
        return None


class TwistedICredAuthBase(AuthBase):
    """Base of those that ask for a name and a password.

    Args:
        credentialFactories: taken for Buildbot's sake; the browser is always asked by HTTP's basic scheme.
        checkers: Twisted's checkers, asked in their order.
    """

    _log = Logger()
    not_delivering = ""
    takes_passwords = True

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
            checkers = ()
        self.checkers = list(checkers)

    async def user_of(self, username: str, password: str) -> UserInfo | None:
        if not username or "\0" in username + password or len(password) > passwords.MAX_PASSWORD:
            return None
        return await self._with_info({"username": username}) if await self.is_right(username, password) else None

    async def is_right(self, username: str, password: str) -> bool:
        """Whether the password is that user's."""
        credentials = UsernamePassword(username.encode(), password.encode())
        for checker in self.checkers:
            if IUsernamePassword not in getattr(checker, "credentialInterfaces", (IUsernamePassword,)):
                continue
            try:
                if await settled(checker.requestAvatarId(credentials)) not in (None, False, (), b""):
                    return True
            except LoginFailed:
                continue
            except Exception as error:  # a checker is anybody's code: it may raise anything, and lets nobody in then
                self._log.failure("{checker} could not check a password", checker=type(checker).__name__)
                raise Unavailable("the password cannot be checked at present") from error
        return False


class HTPasswdAuth(TwistedICredAuthBase):
    """Names and passwords in a file as Apache's htpasswd makes it, with bcrypt, SHA-1 or Apache's MD5, or by argon2.

    It is read at each login.

    Args:
        passwdFile: its path.
    """

    def __init__(self, passwdFile: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.passwdFile = passwdFile
        if not isinstance(passwdFile, str | Path) or not Path(passwdFile).is_file():
            config_error(f"{type(self).__name__}: passwdFile must be the path of a file, not {passwdFile!r}")

    async def is_right(self, username: str, password: str) -> bool:
        return bool(await self.master.in_thread(self._verify_blocking, username, password))

    def _verify_blocking(self, username: str, password: str) -> bool:
        try:
            kept = passwords.read_htpasswd_blocking(Path(self.passwdFile)).get(username)
        except OSError as error:
            self._log.failure("the file of passwords cannot be read")
            raise Unavailable("the password cannot be checked at present") from error
        return passwords.verify_blocking(password, kept)


class UserPasswordAuth(TwistedICredAuthBase):
    """Names and passwords in the configuration.

    Args:
        users: name to password, or a list of such pairs; passwords may be secrets, and hashes as
            ``$argon2id$...`` or ``$2b$...``.
    """

    def __init__(self, users: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pairs = list(users.items()) if isinstance(users, Mapping) else users
        if not isinstance(pairs, list | tuple) or not all(isinstance(p, list | tuple) and len(p) == 2 for p in pairs):
            config_error(f"{type(self).__name__}: users must be a dictionary, or a list of pairs of name and password")
            pairs = ()
        self.users = {_as_text(name): password for name, password in pairs}
        self._has_hashes = any(isinstance(kept, str) and kept.startswith("$") for kept in self.users.values())

    async def is_right(self, username: str, password: str) -> bool:
        kept = self.users.get(username)
        if kept is None and self._has_hashes:  # the time must not tell that there is no such user
            return bool(await self.master.in_thread(passwords.verify_blocking, password, None))
        kept = "" if kept is None else kept
        if is_renderable(kept):
            kept = await render(kept, PropertiesOfService(self.master.secrets))
        text = _as_text(kept)
        if text.startswith("$") and passwords.is_hash(text):
            return bool(await self.master.in_thread(passwords.verify_blocking, password, text))
        # compared also where there is no such user, so that the time does not tell
        is_same = passwords.same(password.encode("utf-8", "replace"), text.encode("utf-8", "replace"))
        return is_same and bool(text)


class CustomAuth(TwistedICredAuthBase):
    """A method `check_credentials` of a subclass decides."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def check_credentials(self, username: Any, password: Any) -> Any:
        """Whether they belong together, both as bytes; may be awaitable."""
        return False

    async def is_right(self, username: str, password: str) -> bool:
        try:
            return bool(await settled(self.check_credentials(username.encode(), password.encode())))
        except Exception as error:  # anybody's code: it may raise anything, and lets nobody in then
            self._log.failure("check_credentials failed")
            raise Unavailable("the password cannot be checked at present") from error
