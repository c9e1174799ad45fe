"""The gate before every handler: who asks, and whether it may.

All faces ask `Gate.authorize`, once for each request, action and subscription; nothing else decides.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Sequence
from dataclasses import replace

from buildmill.common.errors import Forbidden
from buildmill.master.auth.access import Access
from buildmill.master.auth.accounts import Accounts, csrf_token
from buildmill.master.domain import rights
from buildmill.master.domain.projects import EVERYTHING, Reach
from buildmill.master.domain.rights import Action, ActionKind, Extent, Principal, Resource, Via
from buildmill.master.web.addresses import client_address, is_at_home, is_loopback, is_trusted
from buildmill.master.web.cookies import SessionCookie
from buildmill.master.web.http import Request
from buildmill.master.web.origins import Origins

CSRF_HEADER = b"X-CSRF-Token"
_BEARER = b"bearer"
ADMINS = "admins"
"""The role that may what is guarded, where no rule is about it."""


class Unauthenticated(Forbidden):
    """The token that was shown is none, or none any more."""


class Gate:
    """See the module.

    Args:
        access: what the configuration says; `use` puts another one in force.
        accounts: knows sessions and tokens.
        origins: which pages may ask.
        cookie: of sessions.

    Attributes:
        reads_are_open: everybody may read everything, so that nobody needs to be asked who it is.
    """

    def __init__(self, access: Access, accounts: Accounts, origins: Origins, cookie: SessionCookie) -> None:
        self.accounts = accounts
        self.cookie = cookie
        self._origins = origins
        self.use(access)

    def use(self, access: Access) -> None:
        """Let other rules hold from now on."""
        self.access = access
        self._rules_are_about_reading = access.authz is not None and access.authz.is_about_reading
        self._projects = access.project_rules
        self._datasets = access.dataset_rules
        self.reads_are_open = (
            access.policy.public_read
            and not self._rules_are_about_reading
            and not self._projects.are_about_reading
            and not self._datasets.are_about_reading
        )
        self.accounts.whole_seconds = access.session_seconds

    # -- who ---------------------------------------------------------------------------------

    async def who(self, request: Request) -> Principal:
        """Who asks.

        Raises:
            Unauthenticated: it shows a token that does not count.
        """
        found = await self._who(request)
        if not self._datasets.rules:
            return found
        return replace(found, roles=self._datasets.roles & await self._roles_of(found))

    async def _who(self, request: Request) -> Principal:
        headers, address = request.requestHeaders, self.address_of(request)
        if (token := bearer_of(request)) is not None:
            found = await self.accounts.token(token, address)
            if found is None:
                raise Unauthenticated("this token is not known, or has ended")
            return found
        backend = self.access.backend
        if backend is not None and backend.takes_headers and self._is_from_proxy(request):
            user = await backend.user_in(headers)
            if user is not None:
                return Principal(user=user, address=address, via=Via.PROXY)
        cookie = self.cookie.of(headers)
        if cookie is not None and (session := await self.accounts.session(cookie, address)) is not None:
            return session
        return Principal(address=address, is_at_home=is_at_home(headers))

    def address_of(self, request: Request) -> str:
        """The client's address."""
        return client_address(_peer(request), request.requestHeaders, self.access.trusted_proxies)

    def is_from_here(self, request: Request) -> bool:
        """Whether a request comes from this very machine, over no proxy."""
        return is_loopback(_peer(request)) and is_at_home(request.requestHeaders)

    def _is_from_proxy(self, request: Request) -> bool:
        return is_trusted(_peer(request), self.access.trusted_proxies)

    def csrf_token_of(self, request: Request, principal: Principal) -> str | None:
        """What pages of this session send with actions; None without a session."""
        cookie = self.cookie.of(request.requestHeaders)
        return csrf_token(cookie) if principal.via is Via.SESSION and cookie is not None else None

    # -- whether -----------------------------------------------------------------------------

    def authorize(self, principal: Principal, action: Action, resource: Resource) -> Awaitable[None] | None:
        """Ask whether somebody may do something.

        Returns:
            None if it may; or what tells later.

        Raises:
            Forbidden: it may not; at once, or where it is waited for.
        """
        rights.check_scopes(principal, action)
        if action.kind is ActionKind.GUARDED:
            # no rule opens it to everybody
            rights.check_default(principal, action, self.access.policy)
        if self._has_rules_for(action):
            return self._ask_rules(principal, action, resource)
        rights.check_default(principal, action, self.access.policy)
        return None

    def authorize_all(self, principal: Principal, wants: Sequence[tuple[Action, Resource]]) -> Awaitable[None] | None:
        """As `authorize`, for several things of which all must be allowed."""
        if any(self._has_rules_for(action) for action, _ in wants):
            return self._require_all(principal, wants)
        for action, resource in wants:
            self.authorize(principal, action, resource)
        return None

    async def _require_all(self, principal: Principal, wants: Sequence[tuple[Action, Resource]]) -> None:
        for action, resource in wants:
            await self.require(principal, action, resource)

    async def require(self, principal: Principal, action: Action, resource: Resource) -> None:
        """As `authorize`, for those who can wait."""
        answer = self.authorize(principal, action, resource)
        if answer is not None:
            await answer

    def _has_rules_for(self, action: Action) -> bool:
        match action.kind:
            case ActionKind.READ:
                return self._rules_are_about_reading
            case ActionKind.CHANGE | ActionKind.GUARDED:
                return self.access.authz is not None
            case _:
                return False

    async def _ask_rules(self, principal: Principal, action: Action, resource: Resource) -> None:
        assert self.access.authz is not None
        user = principal.user_info
        is_guarded = action.kind is ActionKind.GUARDED
        # rules about all actions are about this one, too
        method = action.family if is_guarded else resource.method
        if await self.access.authz.judge(resource.path, method, resource.options, user):
            return
        if not is_guarded:
            rights.check_default(principal, action, self.access.policy)
        elif ADMINS not in await self.access.authz.getRolesFromUser(user):
            raise Forbidden(f"you need to have role '{ADMINS}'")

    def extent_of_changes(self, principal: Principal) -> Extent:
        """How much of all that changes something somebody may do."""
        if self.access.authz is not None or self._projects.are_about_changing or principal.scopes is not None:
            return Extent.BY_RULES
        return Extent.ALL if rights.may_change_by_default(principal, self.access.policy) else Extent.NOTHING

    # -- how far -----------------------------------------------------------------------------

    async def reach_of(self, principal: Principal) -> Reach:
        """The projects and datasets that somebody may read."""
        reach = EVERYTHING
        if self._projects.are_about_reading:
            reach = self._projects.readable(await self._roles_of(principal))
        return replace(reach, hidden=self._datasets.limits(principal.roles).hidden)

    async def change_reach_of(self, principal: Principal) -> Reach:
        """What somebody may change, as far as that goes by projects and datasets."""
        reach = EVERYTHING
        if self._projects.are_about_changing:
            reach = self._projects.changeable(await self._roles_of(principal))
        limits = self._datasets.limits(principal.roles)
        return replace(reach, hidden=limits.hidden, shut=limits.shut)

    async def _roles_of(self, principal: Principal) -> set[str]:
        if self.access.authz is None:
            return set()
        return set(await self.access.authz.getRolesFromUser(principal.user_info))

    # -- intent ------------------------------------------------------------------------------

    def check_intent(self, request: Request, principal: Principal) -> None:
        """Raises Forbidden if an action may have been sent by a page of somebody else, in the name of the user."""
        if principal.via is Via.TOKEN:
            return
        headers = request.requestHeaders
        origins = headers.getRawHeaders(b"Origin") or []
        sites = headers.getRawHeaders(b"Sec-Fetch-Site") or []
        if principal.via is Via.NOTHING:
            # its origin, if it names one, was looked at before
            if not origins and sites and sites != [b"same-origin"]:
                raise Forbidden("a page of another place may not do this")
            return
        is_ours = len(origins) == 1 and self._origins.is_own(origins[0])
        if not origins:
            is_ours = sites == [b"same-origin"] or (not sites and principal.via is Via.PROXY)
        if not is_ours:
            raise Forbidden("this must come from a page of this master: its Origin is missing, or another one")
        expected = self.csrf_token_of(request, principal)
        if expected is not None:
            given = headers.getRawHeaders(CSRF_HEADER) or [b""]
            if len(given) != 1 or not hmac.compare_digest(given[0], expected.encode()):
                raise Forbidden(f"the header {CSRF_HEADER.decode()} must hold this session's csrf_token, see /config")


def bearer_of(request: Request) -> str | None:
    """The token that a request shows; None if it shows none.

    Raises:
        Unauthenticated: it shows something else beside that.
    """
    values = request.requestHeaders.getRawHeaders(b"Authorization") or []
    for value in values:
        scheme, _, token = value.strip().partition(b" ")
        if scheme.lower() == _BEARER:
            if len(values) > 1:
                raise Unauthenticated("one Authorization header is enough")
            return token.strip().decode("latin-1")
    return None


def _peer(request: Request) -> str:
    return str(getattr(request.getClientAddress(), "host", ""))
