"""More about users out of a directory service. Its arguments are checked; nothing is looked up yet."""

from __future__ import annotations

from typing import Any

from buildmill.master.auth.arguments import check_words
from buildmill.master.auth.backends import UserInfoProviderBase
from buildmill.master.domain.config_errors import config_error, users_place
from buildmill.master.domain.not_delivering import NotDelivering


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
