"""Who asks for something of staging, and what it may: by a token of the configuration, an API token, or a login.

A token of the configuration has one role. Accounts of the data API, and their tokens, have what the rights
``staging.read``, ``staging.develop`` and ``staging.administer`` make of them: an auditor, a developer, an admin.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from buildmill.common.errors import Forbidden
from buildmill.master.data.api import DataAPI
from buildmill.master.domain.rights import ACTIONS, Actor, Principal, Resource, Via, check_scopes
from buildmill.master.domain.staging.configuration import StagingRole, StaticToken
from buildmill.master.domain.staging.requests import Listing, SpaceFilter
from buildmill.master.domain.staging.values import Owner
from buildmill.master.web.cloudfoundry.errors import ApiError
from buildmill.master.web.gate import Gate, Unauthenticated, bearer_of
from buildmill.master.web.http import Request

_NAMES: Final = uuid.UUID("6f2c6f2e-3f0b-5c62-9f5b-0f0a5c1e7d11")
"""Guids of users are made of their names within it, so that they never change."""
_EVERY_SPACE: Final = Listing(per_page=5000)


class Scope(StrEnum):
    """What a token is for, whoever has it."""

    READ = "cloud_controller.read"
    WRITE = "cloud_controller.write"
    UPDATE_STATE = "cloud_controller.update_build_state"


class Permission(StrEnum):
    """What somebody may, in the spaces that it gets to."""

    READ = "read"
    SEE_SECRETS = "see secrets"
    DOWNLOAD = "download"
    STAGE = "stage"
    DEVELOP = "develop"
    UPDATE_STATE = "update state"
    ADMINISTER = "administer"


_BOTH: Final = frozenset({Scope.READ, Scope.WRITE})
_SEES: Final = frozenset({Permission.READ, Permission.DOWNLOAD})
_DEVELOPS: Final = _SEES | {Permission.SEE_SECRETS, Permission.STAGE, Permission.DEVELOP}
ROLES: Final[Mapping[StagingRole, tuple[frozenset[Scope], frozenset[Permission]]]] = {
    StagingRole.ADMIN: (frozenset(Scope), frozenset(Permission)),
    StagingRole.DEVELOPER: (_BOTH, _DEVELOPS),
    StagingRole.SUPPORTER: (_BOTH, frozenset({Permission.READ, Permission.STAGE})),
    StagingRole.AUDITOR: (_BOTH, _SEES),
    StagingRole.MANAGER: (_BOTH, _SEES),
    StagingRole.READ_SCOPE: (frozenset({Scope.READ}), _DEVELOPS),
    StagingRole.NO_ROLE: (_BOTH, frozenset()),
    StagingRole.STATE_UPDATER: (frozenset({Scope.UPDATE_STATE}), frozenset({Permission.UPDATE_STATE})),
}
"""Scopes and permissions of a role."""


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Who asks.

    Attributes:
        actor: as the audit log tells of it.
        owner: as what it makes remembers it.
        spaces: guids of those that it gets to; None for all.
    """

    actor: Actor
    owner: Owner
    scopes: frozenset[Scope]
    permissions: frozenset[Permission]
    spaces: frozenset[str] | None = None

    def may(self, permission: Permission) -> bool:
        """Whether it may that, in the spaces that it gets to."""
        return permission in self.permissions

    def gets_to(self, space_guid: str) -> bool:
        """Whether it gets to a space."""
        return self.spaces is None or space_guid in self.spaces

    @property
    def readable_spaces(self) -> frozenset[str] | None:
        """Guids of spaces whose things it may see; None for all."""
        return self.spaces if Permission.READ in self.permissions else frozenset()


class Askers:
    """Finds out who asks.

    Args:
        data: knows the configuration, and the spaces.
        gate: knows accounts, tokens and rules.
    """

    def __init__(self, data: DataAPI[Any], gate: Gate) -> None:
        self._data = data
        self._gate = gate

    async def who(self, request: Request) -> Asker:
        """Who asks.

        Raises:
            ApiError: it does not say, or shows a token that does not count.
        """
        invalid = ApiError("CF-InvalidAuthToken", "Invalid Auth Token")
        try:
            token = bearer_of(request)
        except Unauthenticated:
            raise invalid from None
        if token is None:
            raise ApiError("CF-NotAuthenticated", "Authentication error")
        address = self._gate.address_of(request)
        digest = hashlib.sha256(token.encode("latin-1")).hexdigest()
        static = next((known for known in self._data.staging.settings().tokens if known.digest == digest), None)
        if static is not None:
            return await self._static(static, address)
        accounts = self._gate.accounts
        principal = await accounts.token(token, address) or await accounts.session(token, address)
        if principal is None:
            raise invalid
        return await self._of_account(principal)

    async def _static(self, token: StaticToken, address: str) -> Asker:
        scopes, permissions = ROLES[token.role]
        user = {"username": token.name, "email": token.email}
        actor = Actor(token.email or token.name, address, Via.TOKEN, token.name, user)
        spaces = None
        if token.spaces:
            found = await self._data.staging.spaces(SpaceFilter(names=token.spaces), _EVERY_SPACE)
            spaces = frozenset(space.guid for space in found.values)
        owner = Owner(guid=guid_of(token.name), name=token.name, email=token.email)
        return Asker(actor=actor, owner=owner, scopes=scopes, permissions=permissions, spaces=spaces)

    async def _of_account(self, principal: Principal) -> Asker:
        permissions: set[Permission] = set()
        if await self._may(principal, "staging.read"):
            permissions |= _SEES
        if await self._may(principal, "staging.develop"):
            permissions |= _DEVELOPS
        if await self._may(principal, "staging.administer"):
            permissions |= frozenset(Permission)
        scopes = {Scope.READ} if _is_for(principal, "staging.read") else set()
        if _is_for(principal, "staging.develop") or _is_for(principal, "staging.administer"):
            scopes.add(Scope.WRITE)
        if Permission.ADMINISTER in permissions:
            scopes.update(Scope)
        name = str(principal.user.get("username") or principal.name)
        email = principal.user.get("email")
        return Asker(
            actor=principal.actor,
            owner=Owner(guid=guid_of(name), name=name, email=email if isinstance(email, str) else None),
            scopes=frozenset(scopes),
            permissions=frozenset(permissions),
        )

    async def _may(self, principal: Principal, right: str) -> bool:
        verb = right.partition(".")[2]
        try:
            await self._gate.require(
                principal, ACTIONS[right], Resource(("staging",), "GET" if verb == "read" else verb)
            )
        except Forbidden:
            return False
        return True


def _is_for(principal: Principal, right: str) -> bool:
    try:
        check_scopes(principal, ACTIONS[right])
    except Forbidden:
        return False
    return True


def guid_of(username: str) -> str:
    """The guid of a user."""
    return str(uuid.uuid5(_NAMES, username))
