"""Who asks, what may be asked for, and what is decided where no rule of the configuration says anything.

Every endpoint, method, page and subscription declares an `Action` out of `ACTIONS`. Specification: ADR 27.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from buildmill.common.errors import BuildmillError, Forbidden

ANONYMOUS: Final = "anonymous"
ANY_SCOPE: Final = "*"


class UndeclaredAction(BuildmillError):
    """Something is offered without an action that says who may use it; the master does not start with it."""


class ActionKind(StrEnum):
    """How the default of an action is decided."""

    OPEN = "open"
    """For everybody: logging in, and what a page must know before that."""
    READ = "read"
    """As ``www['public_read']`` says."""
    PERSONAL = "personal"
    """About things of the asker's own: needs to be somebody."""
    GUARDED = "guarded"
    """Tells what people do: never for everybody; where there are rules, for admins."""
    CHANGE = "change"
    """Changes something: needs to be somebody, with the exceptions of `Changing`."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be asked for.

    Attributes:
        name: family and verb, ``builds.stop``.
    """

    name: str
    kind: ActionKind

    @property
    def family(self) -> str:
        return self.name.partition(".")[0]


_READ_FAMILIES = (
    "application", "builddata", "builders", "buildrequests", "builds", "buildsets", "changes", "changesources",
    "branches", "codebases", "commits", "dashboards", "events", "forceschedulers", "graph_builds", "graph_jobs",
    "job_specs", "logs", "masters", "operations", "projects", "properties", "reasons", "schedulers", "schedules",
    "sourcestamps", "staging", "staging_apps", "staging_buildpacks", "staging_builds", "staging_droplets",
    "staging_packages", "steps", "targets", "target_versions", "test_result_sets", "workers",
)  # fmt: skip
_CHANGES = (
    "builds.stop", "builds.rebuild", "buildrequests.cancel", "buildrequests.set_priority", "changes.add",
    "forceschedulers.force", "graph_builds.cancel", "graph_builds.create", "schedulers.enable",
    "schedulers.run",
    "schedules.create", "schedules.replace", "schedules.delete", "schedules.pause", "schedules.unpause",
    "schedules.run", "staging.develop", "targets.commit",
    "workers.stop", "workers.kill", "workers.pause", "workers.unpause",
)  # fmt: skip

_FOR_EVERYBODY = (
    "session.login", "session.logout", "session.rights", "pages.config", "pages.static", "operations.health",
)  # fmt: skip

ACTIONS: Final[Mapping[str, Action]] = {
    action.name: action
    for action in (
        *(Action(f"{family}.read", ActionKind.READ) for family in _READ_FAMILIES),
        *(Action(name, ActionKind.CHANGE) for name in _CHANGES),
        Action("audit.read", ActionKind.GUARDED),
        Action("staging.administer", ActionKind.GUARDED),
        *(Action(f"tokens.{verb}", ActionKind.PERSONAL) for verb in ("read", "create", "revoke")),
        *(Action(name, ActionKind.OPEN) for name in _FOR_EVERYBODY),
    )
}
"""All there are, by name."""


def declared(name: str, where: str) -> Action:
    """The action of that name.

    Args:
        where: what declares it, for the error.

    Raises:
        UndeclaredAction: there is no such action, or none is named.
    """
    action = ACTIONS.get(name)
    if action is None:
        problem = f"declares the unknown action {name!r}" if name else "declares no action"
        raise UndeclaredAction(f"{where} {problem}")
    return action


class Via(StrEnum):
    """How the asker has shown who it is."""

    NOTHING = "nothing"
    SESSION = "session"
    TOKEN = "token"  # noqa: S105  # a way, no secret
    PROXY = "proxy"
    COMMAND = "command"
    """By being on the master's machine, with a command."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """Who asks.

    Attributes:
        user: what is known of the user: ``username``, ``email``, ``full_name``, ``groups``; empty for nobody.
        address: of the client, without its port.
        via: how it has shown who it is.
        credential: what names the session or the token among its kind; empty without one.
        scopes: all that a token may be used for; None without that limit.
        is_at_home: the request comes from this very machine, over no proxy.
        roles: those of its roles that rules about datasets name.
    """

    user: Mapping[str, Any] = field(default_factory=dict)
    address: str = ""
    via: Via = Via.NOTHING
    credential: str = ""
    scopes: frozenset[str] | None = None
    is_at_home: bool = False
    roles: frozenset[str] = frozenset()

    @property
    def is_known(self) -> bool:
        """Whether it has shown who it is."""
        return self.via is not Via.NOTHING

    @property
    def name(self) -> str:
        """What builds and texts call it."""
        for key in ("email", "username", "full_name"):
            if isinstance(found := self.user.get(key), str) and found:
                return found
        return ANONYMOUS

    @property
    def user_info(self) -> dict[str, Any]:
        """What Buildbot's clients and rules know of it."""
        return dict(self.user) if self.is_known else {"anonymous": True}

    @property
    def actor(self) -> Actor:
        return Actor(self.name, self.address, self.via, self.user.get("username") or "", self.user, self.roles)


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever does something.

    Attributes:
        name: of the user, ``anonymous`` for nobody.
        address: where it has come from; empty if nobody knows.
        via: how it has shown who it is.
        username: what it logs in with; empty for nobody.
        user: all that is known of it.
        roles: those of its roles that rules about datasets name.
    """

    name: str = ANONYMOUS
    address: str = ""
    via: Via = Via.NOTHING
    username: str = ""
    user: Mapping[str, Any] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Resource:
    """What an action is about.

    Attributes:
        path: elements of a path of the data API.
        method: of the control action; ``GET`` for reading.
        options: parameters of the control action.
    """

    path: Sequence[str] = ()
    method: str = "GET"
    options: Mapping[str, Any] = field(default_factory=dict)


class Changing(StrEnum):
    """Who may change something where no rule says anything."""

    EVERYBODY = "everybody"
    """``auth=util.NoAuth()``."""
    AT_HOME = "at home"
    """Whoever has logged in, and everybody on the machine of a master that nobody else can reach."""
    KNOWN = "known"
    """Whoever has logged in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The defaults of a configuration.

    Attributes:
        public_read: everybody may read.
        changing: who may change something.
    """

    public_read: bool = True
    changing: Changing = Changing.KNOWN


class Extent(StrEnum):
    """How much of all that changes something somebody may do."""

    ALL = "all"
    NOTHING = "none"
    BY_RULES = "rules"
    """It has to be asked for each thing."""


EVENT_FAMILIES: Final = frozenset(
    {
        "branches", "builders", "buildrequests", "builds", "buildsets", "changes", "codebases", "commits",
        "graph_builds", "graph_jobs", "logs", "masters", "projects", "properties", "schedulers", "schedules",
        "staging_apps", "staging_buildpacks", "staging_builds", "staging_droplets", "staging_packages", "steps",
        "targets", "target_versions", "test_result_sets", "workers",
    }
)  # fmt: skip
"""What events are about: the names in their keys, and families of rights."""


def event_action(path: Sequence[str]) -> Action:
    """The right that a subscription to events needs.

    Args:
        path: elements of the pattern, whose last one names events. What it tells is of the last family that it
            names: builds for ``builders/1/builds/*/new``.
    """
    named = [element for element in path[:-1] if element in EVENT_FAMILIES]
    return ACTIONS[f"{named[-1]}.read" if named else "events.read"]


def check_scopes(principal: Principal, action: Action) -> None:
    """Raises Forbidden if the asker's token is not for this."""
    if principal.scopes is not None and action.kind is not ActionKind.OPEN and not covers(principal.scopes, action):
        raise Forbidden(f"this token is not for {action.name}")


def check_default(principal: Principal, action: Action, policy: Policy) -> None:
    """Raises Forbidden if the asker may not, and no rule has said otherwise."""
    if action.kind is ActionKind.OPEN or principal.is_known:
        return
    if action.kind is ActionKind.READ:
        if not policy.public_read:
            raise Forbidden("only who has logged in may read here")
    elif action.kind is ActionKind.PERSONAL:
        raise Forbidden("this needs a login")
    elif action.kind is ActionKind.GUARDED:
        if not (policy.changing is Changing.AT_HOME and principal.is_at_home):
            raise Forbidden("this needs a login or a token")
    elif not may_change_by_default(principal, policy):
        raise Forbidden("this needs a login or a token")


def may_change_by_default(principal: Principal, policy: Policy) -> bool:
    """Whether somebody may change what no rule is about."""
    if principal.is_known:
        return True
    if policy.changing is Changing.AT_HOME:
        return principal.is_at_home
    return policy.changing is Changing.EVERYBODY


# -- scopes ----------------------------------------------------------------------------


_ORCHESTRATION_FAMILIES: Final = {
    ActionKind.READ: frozenset({"graph_builds", "graph_jobs", "job_specs", "schedules", "targets", "target_versions"}),
    ActionKind.CHANGE: frozenset({"graph_builds", "schedules"}),
}
"""What programs may read and change whose tokens have the scopes of the orchestration API."""
ORCHESTRATION_SCOPES: Final = {
    ActionKind.READ: "api:orchestration-read",
    ActionKind.CHANGE: "api:orchestration-write",
}
"""Its scopes, by what they are for."""


def is_scope(text: str) -> bool:
    """Whether something is a scope: ``*``, ``read``, ``change``, a family as ``builds.*``, or an action's name.

    ``api:orchestration-read`` and ``api:orchestration-write`` are two more.
    """
    if text in ORCHESTRATION_SCOPES.values():
        return True
    family, _, verb = text.partition(".")
    if verb == "*":
        return any(action.family == family for action in ACTIONS.values())
    return text in (ANY_SCOPE, "read", "change") or text in ACTIONS


def covers(scopes: Iterable[str], action: Action) -> bool:
    """Whether any of the scopes allows the action."""
    wanted = {ANY_SCOPE, action.name, f"{action.family}.*"}
    if action.kind in (ActionKind.READ, ActionKind.CHANGE):
        wanted.add(str(action.kind))
        if action.family in _ORCHESTRATION_FAMILIES[action.kind]:
            wanted.add(ORCHESTRATION_SCOPES[action.kind])
    return not wanted.isdisjoint(scopes)
