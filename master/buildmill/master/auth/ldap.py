"""Users of a directory service: who they are, and whether a password is theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from twisted.logger import Logger

from buildmill.common.errors import Unavailable
from buildmill.master.auth.arguments import check_words
from buildmill.master.auth.backends import TwistedICredAuthBase, UserInfoProviderBase
from buildmill.master.auth.directory import MOST_GROUPS, Account, Directory, Search, filled, scheme_of
from buildmill.master.auth.passwords import MAX_PASSWORD
from buildmill.master.auth.users import UserInfo
from buildmill.master.domain.config_errors import config_error, users_place
from buildmill.master.domain.rendering import RenderError, is_renderable, render
from buildmill.master.engine.secret_source import PropertiesOfService

POOL: Final = "ldap"
NOT_NOW: Final = "the directory of users cannot be asked at present"
_log = Logger()


class LdapUserInfo(UserInfoProviderBase):
    """More about users out of a directory service.

    Args:
        uri: ``ldaps://host`` or ``ldap://host``.
        bindUser, bindPw: who asks; may be secrets.
        accountBase: below which entry users are.
        accountPattern: the filter of a user's entry, with ``%(username)s``.
        accountFullName, accountEmail: attributes.
        groupBase: below which entry groups are; None for no groups.
        groupMemberPattern: the filter of a user's groups, with ``%(dn)s`` or ``%(username)s``.
        groupName: the attribute that names a group.
        avatarPattern, avatarData: taken; no pictures are shown.
        accountExtraFields: more attributes to be known of a user.
        tls: an `ldap3.Tls`; without one, certificates are verified.
        startTls: begin TLS on a plain connection.
        caFile: a PEM file with the authorities to go by instead of the system's.
    """

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
        startTls: bool = False,
        caFile: Any = None,
    ) -> None:
        self.file, self.line = users_place()
        self.master: Any = None
        for name, value in (("bindUser", bindUser), ("bindPw", bindPw)):
            check_words(self, name, value)
        plain = {
            "uri": uri, "accountBase": accountBase, "accountPattern": accountPattern,
            "accountFullName": accountFullName, "accountEmail": accountEmail,
        }  # fmt: skip
        for name, value in plain.items():
            if not isinstance(value, str) or not value:
                config_error(f"LdapUserInfo: {name} must be non-empty text, not {value!r}")
        if isinstance(uri, str) and uri and not scheme_of(uri):
            config_error(f"LdapUserInfo: uri must be an address as 'ldaps://ldap.example.org', not {uri!r}")
        if isinstance(uri, str) and startTls and scheme_of(uri) == "ldaps":
            config_error("LdapUserInfo: startTls is for 'ldap://'; 'ldaps://' begins with TLS")
        if groupBase is not None and None in (groupMemberPattern, groupName):
            config_error("LdapUserInfo: groupBase needs groupMemberPattern and groupName")
        _check_pattern("accountPattern", accountPattern, ("username",))
        if groupBase is not None and groupMemberPattern is not None:
            _check_pattern("groupMemberPattern", groupMemberPattern, ("dn", "username"))
        if accountExtraFields is not None and not isinstance(accountExtraFields, list | tuple):
            config_error(f"LdapUserInfo: accountExtraFields must be a list, not {accountExtraFields!r}")
            accountExtraFields = ()
        self.uri, self.startTls, self.tls, self.caFile = uri, bool(startTls), tls, caFile
        self.bindUser, self.bindPw = bindUser, bindPw
        self.accountBase, self.accountPattern = accountBase, accountPattern
        self.accountFullName, self.accountEmail = accountFullName, accountEmail
        self.groupBase, self.groupMemberPattern, self.groupName = groupBase, groupMemberPattern, groupName
        self.accountExtraFields = tuple(accountExtraFields or ())
        self._directory: Directory | None = None

    @property
    def is_encrypted(self) -> bool:
        """Nobody on the way can read passwords."""
        return self.startTls or scheme_of(str(self.uri)) == "ldaps"

    def reconfigAuth(self, master: Any, _new_config: Any) -> None:
        """The master that it works for."""
        self.master = master

    async def getUserInfo(self, username: str) -> dict[str, Any]:
        """What is known of a user; nothing of one that the directory does not know.

        Raises:
            Unavailable: nobody can tell at present.
        """
        account = await self.account(username)
        return {} if account is None else await self.info_of(username, account)

    async def account(self, username: str) -> Account | None:
        """The entry of a user; None unless there is exactly one."""
        wanted = [self.accountFullName, self.accountEmail, *self.accountExtraFields]
        search = Search(self.accountBase, filled(self.accountPattern, username=username), wanted)
        found = await self._found(search, 2)
        if len(found) > 1:
            _log.warn("the directory has several entries for one name; nobody is taken for them")
        return found[0] if len(found) == 1 else None

    async def info_of(self, username: str, account: Account) -> dict[str, Any]:
        """What is known of the user with an entry."""
        names = {"full_name": self.accountFullName, "email": self.accountEmail}
        names.update({name: name for name in self.accountExtraFields})
        found: dict[str, Any] = {
            name: account.values[attribute.lower()]
            for name, attribute in names.items()
            if attribute.lower() in account.values
        }
        found["groups"] = []
        if self.groupBase is not None:
            pattern = filled(self.groupMemberPattern, dn=account.dn, username=username)
            groups = await self._found(Search(self.groupBase, pattern, [self.groupName]), MOST_GROUPS)
            found["groups"] = [g.values[self.groupName.lower()] for g in groups if self.groupName.lower() in g.values]
        return found

    async def is_right(self, account: Account, password: str) -> bool:
        """Whether a password is that of an entry."""
        return bool(await self._asked(self.directory.is_right_blocking, account.dn, password))

    @property
    def directory(self) -> Directory:
        if self._directory is None:
            self._directory = Directory(self.uri, start_tls=self.startTls, tls=self.tls, ca_file=self.caFile)
        return self._directory

    async def _found(self, search: Search, limit: int) -> list[Account]:
        user, password = await self._rendered(self.bindUser), await self._rendered(self.bindPw)
        found: list[Account] = await self._asked(self.directory.entries_blocking, user, password, [search], limit)
        return found

    async def _asked(self, function: Any, *args: Any) -> Any:
        try:
            return await self.master.in_pool(POOL, function, *args)
        except Unavailable as error:
            _log.warn("{uri}: {error}", uri=self.uri, error=str(error))
            raise Unavailable(NOT_NOW) from error

    async def _rendered(self, value: Any) -> str:
        if not is_renderable(value):
            return str(value)
        try:
            return str(await render(value, PropertiesOfService(self.master.secrets)))
        except RenderError as error:
            _log.error("LdapUserInfo: {error}", error=str(error))
            raise Unavailable(NOT_NOW) from error


class LDAPAuth(TwistedICredAuthBase):
    """Who has an entry in a directory service, and can bind with its password.

    Args:
        directory: says where entries are, and what else is known of users.
    """

    def __init__(self, directory: Any) -> None:
        super().__init__()
        if not isinstance(directory, LdapUserInfo):
            config_error(f"LDAPAuth: directory must be a util.LdapUserInfo, not {directory!r}")
        self.directory = directory

    def reconfigAuth(self, master: Any, new_config: Any) -> None:
        super().reconfigAuth(master, new_config)
        self.directory.reconfigAuth(master, new_config)

    async def user_of(self, username: str, password: str) -> UserInfo | None:
        if not username or not password or "\0" in username + password or len(password) > MAX_PASSWORD:
            return None
        account = await self.directory.account(username)
        if account is None or not await self.directory.is_right(account, password):
            return None
        return {"username": username, **await self.directory.info_of(username, account)}


def _check_pattern(name: str, pattern: Any, names: tuple[str, ...]) -> None:
    """Report a filter with places that nothing is put into, or without any."""
    if not isinstance(pattern, str):
        config_error(f"LdapUserInfo: {name} must be text, not {pattern!r}")
        return
    values: Mapping[str, str] = dict.fromkeys(names, "x")
    known = " or ".join(f"%({each})s" for each in names)
    try:
        changes = pattern % values != pattern % dict.fromkeys(names, "y")
    except (KeyError, TypeError, ValueError):
        changes = False
    if not changes:
        config_error(f"LdapUserInfo: {name} must be a filter with {known}, not {pattern!r}")
