"""Whether somebody may hear events: the rights that subscriptions need, for event sockets and streams alike."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable

from buildmill.master.domain.rights import ACTIONS, EVENT_FAMILIES, Action, Principal, Resource, event_action
from buildmill.master.web.gate import Gate


def what_is_told(path: str) -> list[tuple[Action, Resource]]:
    """The rights that a subscription needs, each with what it is asked for: the resource, up to the first wildcard.

    In keys, families and ids take turns. A wildcard that may stand for a family tells of all of them.
    """
    *resource, _event = path.split("/")
    if "*" in resource[::2]:
        return [(ACTIONS[f"{family}.read"], Resource((family,))) for family in ("events", *sorted(EVENT_FAMILIES))]
    if "*" in resource:
        resource = resource[: resource.index("*")]
    return [(event_action(path.split("/")), Resource(tuple(resource)))]


def authorize_all(gate: Gate, principal: Principal, paths: Iterable[str]) -> Awaitable[None] | None:
    """Ask whether somebody may hear of all of these; as `Gate.authorize`."""
    return gate.authorize_all(principal, [want for path in paths for want in what_is_told(path)])
