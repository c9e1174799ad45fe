"""Who may do what: the classes of ``www['authz']``, with Buildbot's meaning.

Rules are asked in their order. The first one that matches and whose role the user has allows; one that matches and
whose role the user lacks forbids, unless it has ``defaultDeny=False``. What no rule is about is decided by
`domain.rights.check_default`.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from buildmill.common.errors import Forbidden
from buildmill.master.auth.matchers import EndpointMatcherBase, forced_builders, may_match_reads
from buildmill.master.auth.projects import ProjectRule
from buildmill.master.auth.roles import RolesFromBase, RolesFromOwner
from buildmill.master.domain.config_errors import config_error, users_place
from buildmill.master.domain.projects import ProjectRules
from buildmill.master.engine.service import settled
from buildmill.master.engine.user_code import begun_at_once

_FORCING = "forceschedulers"


def fnmatchStrMatcher(value: str, match: str) -> bool:
    """Whether a text matches a shell pattern."""
    return fnmatch.fnmatch(value, match)


def reStrMatcher(value: str, match: str) -> bool:
    """Whether a text matches a regular expression from its begin."""
    return re.match(match, value) is not None


class Authz:
    """Rules and roles.

    Args:
        allowRules: endpoint matchers, asked in their order.
        roleMatchers: which roles a user has.
        stringsMatcher: how names match.
        projectRules: which roles projects need, see `auth.projects.ProjectRule`; the first that names a project holds.
    """

    def __init__(
        self,
        allowRules: Sequence[Any] | None = None,
        roleMatchers: Sequence[Any] | None = None,
        stringsMatcher: Callable[[str, str], bool] = fnmatchStrMatcher,
        projectRules: Sequence[Any] | None = None,
    ) -> None:
        self.file, self.line = users_place()
        self.master: Any = None
        self.allowRules = _checked("allowRules", allowRules, EndpointMatcherBase, "an endpoint matcher")
        self.roleMatchers = _checked("roleMatchers", roleMatchers, RolesFromBase, "a role matcher")
        given = _checked("projectRules", projectRules, ProjectRule, "a ProjectRule")
        self.projectRules = ProjectRules(tuple(rule.rule for rule in given))
        if not callable(stringsMatcher):
            config_error(f"Authz: stringsMatcher must be callable, not {stringsMatcher!r}")
        self.match = stringsMatcher
        for member in (*self.allowRules, *self.roleMatchers):
            member.setAuthz(self)

    def setMaster(self, master: Any) -> None:
        """What rules look things up with: an object with `data`."""
        self.master = master
        for rule in self.allowRules:
            rule.master = master

    @property
    def is_about_reading(self) -> bool:
        """Whether any rule may match a request that only reads."""
        return self._is_overridden or any(may_match_reads(rule) for rule in self.allowRules)

    @property
    def _is_overridden(self) -> bool:
        return type(self).assertUserAllowed is not Authz.assertUserAllowed

    async def getRolesFromUser(self, userDetails: Mapping[str, Any]) -> set[str]:
        """All roles that do not depend on what is asked for."""
        roles: set[str] = set()
        for matcher in self.roleMatchers:
            roles.update(await settled(matcher.getRolesFromUser(dict(userDetails))))
        return roles

    async def getOwnerRolesFromUser(self, userDetails: Mapping[str, Any], owner: str | None) -> set[str]:
        """The roles that the user has for what belongs to `owner`."""
        roles: set[str] = set()
        for matcher in self.roleMatchers:
            if isinstance(matcher, RolesFromOwner):
                roles.update(await settled(matcher.getRolesFromUser(dict(userDetails), owner)))
        return roles

    @begun_at_once
    async def assertUserAllowed(
        self, ep: Sequence[str], action: str, options: Mapping[str, Any], userDetails: Mapping[str, Any]
    ) -> None:
        """As plugins know it. Raises Forbidden."""
        await self.assess(tuple(ep.split("/")) if isinstance(ep, str) else tuple(ep), action, options, userDetails)

    async def judge(
        self, path: Sequence[str], action: str, options: Mapping[str, Any], user: Mapping[str, Any]
    ) -> bool:
        """As `assess`; a subclass that decides by an `assertUserAllowed` of its own can forbid, and not allow."""
        if not self._is_overridden:
            return await self.assess(path, action, options, user)
        try:
            await settled(self.assertUserAllowed(tuple(path), action, dict(options), dict(user)))
        except Forbidden as error:
            if error.args and isinstance(error.args[0], bytes):  # as Buildbot's is raised
                raise Forbidden(error.args[0].decode(errors="replace")) from error
            raise
        return False

    async def assess(
        self, path: Sequence[str], action: str, options: Mapping[str, Any], user: Mapping[str, Any]
    ) -> bool:
        """Ask the rules.

        Args:
            path: elements of a path of the data API.
            action: a method's name, or ``GET``.

        Returns:
            Whether a rule allows it; False when none is about it.

        Raises:
            Forbidden: a rule forbids it.
        """
        if path and path[0] == _FORCING and action == "force":
            return await self._assess_each_builder(path, options, user)
        return await self._assess_one(path, action, options, user)

    async def _assess_each_builder(
        self, path: Sequence[str], options: Mapping[str, Any], user: Mapping[str, Any]
    ) -> bool:
        # a rule may be about one of several builders: what it allows must not spread to the others
        names = await forced_builders(self.master, path[-1], options)
        if not names:
            return await self._assess_one(path, "force", options, user)
        rest = {key: value for key, value in options.items() if key not in ("builderid", "builderNames")}
        answers = [await self._assess_one(path, "force", {**rest, "builderNames": [name]}, user) for name in names]
        return all(answers)

    async def _assess_one(
        self, path: Sequence[str], action: str, options: Mapping[str, Any], user: Mapping[str, Any]
    ) -> bool:
        roles: set[str] | None = None
        for rule in self.allowRules:
            match = await settled(rule.match(tuple(path), action, dict(options)))
            if match is None:
                continue
            if roles is None:
                roles = set(await settled(self.getRolesFromUser(user)))
            mine = roles | await self._owner_roles(match, user)
            if rule.role is not None and any(self.match(role, rule.role) for role in mine):
                return True
            if rule.defaultDeny:
                raise Forbidden(f"you need to have role '{rule.role}'")
        return False

    async def _owner_roles(self, match: Any, user: Mapping[str, Any]) -> set[str]:
        if not any(isinstance(matcher, RolesFromOwner) for matcher in self.roleMatchers):
            return set()
        owner = await settled(match.getOwner()) if hasattr(match, "getOwner") else None
        return set() if owner is None else set(await settled(self.getOwnerRolesFromUser(user, owner)))


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
