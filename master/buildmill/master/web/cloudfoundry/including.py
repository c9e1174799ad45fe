"""Documents that bring those that they are related to: ``include=space,space.organization``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from buildmill.master.domain.staging.requests import OrganizationFilter, SpaceFilter
from buildmill.master.web.cloudfoundry import listing
from buildmill.master.web.cloudfoundry.errors import bad_query
from buildmill.master.web.cloudfoundry.operation import Call
from buildmill.master.web.cloudfoundry.queries import values_of

PARAMETER: Final = "include"
OF_APPS: Final = ("space", "space.organization", "org")
OF_SPACES: Final = ("organization", "org")
_ORGANIZATIONS: Final = frozenset({"space.organization", "organization", "org"})


def wanted(call: Call, known: Sequence[str]) -> frozenset[str]:
    """What is to be brought.

    Args:
        known: what may be.

    Raises:
        ApiError: something else is asked for.
    """
    given = dict(call.parameters).get(PARAMETER)
    values = frozenset() if given is None else frozenset(values_of(given))
    if values - set(known):
        raise bad_query(
            f"Invalid included resource: {', '.join(map(repr, sorted(values - set(known))))}. "
            f"Valid included resources are: {', '.join(map(repr, known))}"
        )
    return values


async def with_spaces(call: Call, document: dict[str, Any], values: frozenset[str], guids: Iterable[str]) -> Any:
    """A document with what is to be brought of these spaces; as it was, if that is nothing."""
    if not values:
        return document
    found = await call.reads.spaces(SpaceFilter(), replace(listing.ALL, guids=tuple(set(guids))))
    included: dict[str, Any] = {}
    if "space" in values:
        included["spaces"] = list(map(call.documents.space, found.values))
    if values & _ORGANIZATIONS:
        included["organizations"] = await _organizations(call, {space.organization_guid for space in found.values})
    return {**document, "included": included}


async def with_organizations(call: Call, document: dict[str, Any], values: frozenset[str], guids: Iterable[str]) -> Any:
    """A document with these organizations, if they are to be brought."""
    if not values:
        return document
    return {**document, "included": {"organizations": await _organizations(call, guids)}}


async def _organizations(call: Call, guids: Iterable[str]) -> list[dict[str, Any]]:
    found = await call.reads.organizations(OrganizationFilter(), replace(listing.ALL, guids=tuple(set(guids))))
    return list(map(call.documents.organization, found.values))
