"""Who may do what: the classes of ``www['authz']``. They check their arguments; no rule is applied yet.

While there are rules, the web takes no actions from anybody (see `config.web_keys`): to apply half of them would let
through what their author has forbidden.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Sequence
from typing import Any

from buildmill.master.domain.config_errors import config_error, users_place
from buildmill.master.domain.not_delivering import NotDelivering


def fnmatchStrMatcher(value: str, match: str) -> bool:
    """Whether a text matches a shell pattern."""
    return fnmatch.fnmatch(value, match)


def reStrMatcher(value: str, match: str) -> bool:
    """Whether a text matches a regular expression from its begin."""
    return re.match(match, value) is not None


class Authz(NotDelivering):
    """Rules and roles.

    Args:
        allowRules: endpoint matchers, asked in their order.
        roleMatchers: which roles a user has.
        stringsMatcher: how names match.
    """

    not_delivering = "its rules are not applied yet: the web refuses all actions, and reading is open to everybody"
    way_out = "leave the key out and guard the port by other means, as a proxy that asks for a password"

    def __init__(
        self,
        allowRules: Sequence[Any] | None = None,
        roleMatchers: Sequence[Any] | None = None,
        stringsMatcher: Callable[[str, str], bool] = fnmatchStrMatcher,
    ) -> None:
        self.file, self.line = users_place()
        self.allowRules = _checked("allowRules", allowRules, EndpointMatcherBase, "an endpoint matcher")
        self.roleMatchers = _checked("roleMatchers", roleMatchers, RolesFromBase, "a role matcher")
        if not callable(stringsMatcher):
            config_error(f"Authz: stringsMatcher must be callable, not {stringsMatcher!r}")
        if not self.allowRules:
            self.not_delivering = ""  # nothing is forbidden


def _checked(name: str, given: Any, cls: type, what: str) -> list[Any]:
    if given is None:
        return []
    if not isinstance(given, list | tuple):
        config_error(f"Authz: {name} must be a list, not {given!r}")
        return []
    for index, one in enumerate(given):
        if not isinstance(one, cls):
            config_error(f"Authz: {name}[{index}] must be {what}, not {one!r}")
    return [one for one in given if isinstance(one, cls)]


class Match:
    """What an endpoint matcher has found; for subclasses of it."""

    def __init__(self, master: Any, build: Any = None, buildrequest: Any = None, buildset: Any = None) -> None:
        self.master = master
        self.build = build
        self.buildrequest = buildrequest
        self.buildset = buildset


class EndpointMatcherBase:
    """Base of rules: who has the role may use the endpoints that it matches.

    Args:
        role: the role.
        defaultDeny: whoever lacks it may not, whatever later rules say.
    """

    def __init__(self, role: Any, defaultDeny: bool = True) -> None:
        if not isinstance(role, str) and role is not None:
            config_error(f"{type(self).__name__}: role must be text or None, not {role!r}")
        self.role = role
        self.defaultDeny = defaultDeny
        self.master: Any = None

    def setAuthz(self, authz: Authz) -> None:
        """The rules that it is one of."""
        self.authz = authz


class AnyEndpointMatcher(EndpointMatcherBase):
    """All endpoints."""


class AnyControlEndpointMatcher(EndpointMatcherBase):
    """All actions."""


class EnableSchedulerEndpointMatcher(EndpointMatcherBase):
    """Switching schedulers on and off."""


class _OfBuilders(EndpointMatcherBase):
    """Those of some builders.

    Args:
        builder: a pattern; None for all.
    """

    def __init__(self, builder: Any = None, **kwargs: Any) -> None:
        if "role" not in kwargs:
            config_error(f"{type(self).__name__}: the argument role is missing")
            kwargs["role"] = None
        super().__init__(**kwargs)
        if builder is not None and not isinstance(builder, str):
            config_error(f"{type(self).__name__}: builder must be a pattern or None, not {builder!r}")
        self.builder = builder


class ForceBuildEndpointMatcher(_OfBuilders):
    """Forcing builds."""


class StopBuildEndpointMatcher(_OfBuilders):
    """Stopping builds and cancelling requests."""


class RebuildBuildEndpointMatcher(_OfBuilders):
    """Rebuilding."""


class RolesFromBase:
    """Base of role matchers."""

    def getRolesFromUser(self, userDetails: dict[str, Any]) -> list[str]:
        """The roles of a user."""
        return []

    def setAuthz(self, authz: Authz) -> None:
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

    def getRolesFromOwner(self, userDetails: dict[str, Any], owner: str | None) -> list[str]:
        """The role, if the user is that."""
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
