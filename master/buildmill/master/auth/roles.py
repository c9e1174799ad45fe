"""Role matchers: which roles a user has, for the rules of ``www['authz']``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from buildmill.master.domain.config_errors import config_error


class RolesFromBase:
    """Base of role matchers."""

    def getRolesFromUser(self, userDetails: dict[str, Any]) -> list[str]:
        """The roles of a user."""
        return []

    def setAuthz(self, authz: Any) -> None:
        """The rules that it belongs to."""
        self.authz = authz


class RolesFromGroups(RolesFromBase):
    """Groups are roles.

    Args:
        groupPrefix: of the groups that count; it is cut off.
    """

    def __init__(self, groupPrefix: str = "") -> None:
        if not isinstance(groupPrefix, str):
            config_error(f"RolesFromGroups: groupPrefix must be text, not {groupPrefix!r}")
            groupPrefix = ""
        self.groupPrefix = groupPrefix

    def getRolesFromUser(self, userDetails: dict[str, Any]) -> list[str]:
        """The groups that begin so, without that."""
        groups = userDetails.get("groups") or ()
        return [group[len(self.groupPrefix) :] for group in groups if group.startswith(self.groupPrefix)]


class RolesFromEmails(RolesFromBase):
    """Role to mail addresses: ``RolesFromEmails(admins=["a@example.org"])``."""

    def __init__(self, **kwargs: Any) -> None:
        for role, emails in kwargs.items():
            if not isinstance(emails, list | tuple):
                config_error(f"{type(self).__name__}: {role} must be a list, not {emails!r}")
        self.roles = {role: list(emails) for role, emails in kwargs.items() if isinstance(emails, list | tuple)}

    def getRolesFromUser(self, userDetails: dict[str, Any]) -> list[str]:
        """The roles that name the user's address."""
        return [role for role, emails in self.roles.items() if userDetails.get("email") in emails]


class RolesFromDomain(RolesFromEmails):
    """Role to domains of mail addresses."""

    def getRolesFromUser(self, userDetails: dict[str, Any]) -> list[str]:
        """The roles that name the domain of the user's address."""
        domain = str(userDetails.get("email") or "").rpartition("@")[2]
        return [role for role, domains in self.roles.items() if domain and domain in domains]


class RolesFromOwner(RolesFromBase):
    """Who has asked for a build has a role for it.

    Args:
        role: the role.
    """

    def __init__(self, role: str) -> None:
        if not isinstance(role, str):
            config_error(f"RolesFromOwner: role must be text, not {role!r}")
        self.role = role

    def getRolesFromUser(self, userDetails: dict[str, Any], owner: str | None = None) -> list[str]:
        """The role, if the user is that owner."""
        return [self.role] if owner is not None and userDetails.get("email") == owner else []


class RolesFromUsername(RolesFromBase):
    """Some users have some roles.

    Args:
        roles: the roles.
        usernames: the users.
    """

    def __init__(self, roles: Sequence[str], usernames: Sequence[str]) -> None:
        for name, value in (("roles", roles), ("usernames", usernames)):
            if not isinstance(value, list | tuple):
                config_error(f"RolesFromUsername: {name} must be a list, not {value!r}")
        self.roles, self.usernames = roles, usernames

    def getRolesFromUser(self, userDetails: dict[str, Any]) -> list[str]:
        """The roles, if the user is among them."""
        return list(self.roles) if userDetails.get("username") in self.usernames else []
