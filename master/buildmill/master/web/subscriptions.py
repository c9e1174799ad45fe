"""Whether somebody may hear events: the right that each subscription needs, for event sockets and streams alike."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable

from buildmill.master.domain.rights import Action, Principal, Resource, event_action
from buildmill.master.web.gate import Gate


def what_is_told(path: str) -> tuple[Action, Resource]:
    """The right that a subscription needs, and what it is asked for: the resource, up to the first wildcard."""
    elements = path.split("/")
    resource = elements[:-1]
    if "*" in resource:
        resource = resource[: resource.index("*")]
    return event_action(elements), Resource(tuple(resource))


def authorize_all(gate: Gate, principal: Principal, paths: Iterable[str]) -> Awaitable[None] | None:
    """Ask whether somebody may hear of all of these.

    Returns:
        None if it may; or what tells later.

    Raises:
        Forbidden: it may not; at once, or where it is waited for.
    """
    asked = [what_is_told(path) for path in paths]
    if not gate.has_rules_for_any(action for action, _ in asked):
        for action, resource in asked:
            gate.authorize(principal, action, resource)
        return None
    return _one_by_one(gate, principal, asked)


async def _one_by_one(gate: Gate, principal: Principal, asked: list[tuple[Action, Resource]]) -> None:
    for action, resource in asked:
        await gate.require(principal, action, resource)
