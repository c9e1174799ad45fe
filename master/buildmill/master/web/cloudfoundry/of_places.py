"""Operations on what is around: stacks, spaces, organizations, jobs; all of it only to be looked at."""

from __future__ import annotations

from typing import Any, Final

from buildmill.master.domain.staging.errors import StagingNotFound
from buildmill.master.domain.staging.requests import OrderField, OrganizationFilter, SpaceFilter, StackFilter
from buildmill.master.web.cloudfoundry import including, listing, schemas, seeing
from buildmill.master.web.cloudfoundry.operation import Call, ListShape, Operation
from buildmill.master.web.cloudfoundry.queries import ORDERS


async def _stacks(call: Call) -> Any:
    """Stacks."""
    query = listing.query_of(call)
    default = query.one("default")
    where = StackFilter(names=query.values("names"), is_default=None if default is None else default == "true")
    return listing.page(call, query, await call.reads.stacks(where, query.listing), call.documents.stack)


async def _stack(call: Call) -> Any:
    """A stack."""
    return call.documents.stack(await call.reads.stack(call.guid))


async def _spaces(call: Call) -> Any:
    """Spaces that the asker gets to."""
    query = listing.query_of(call)
    where = SpaceFilter(names=query.values("names"), organization_guids=query.values("organization_guids"))
    values = including.wanted(call, including.OF_SPACES)
    found = await call.reads.spaces(where, listing.visible(call, query))
    page = listing.page(call, query, found, call.documents.space)
    return await including.with_organizations(call, page, values, (space.organization_guid for space in found.values))


async def _space(call: Call) -> Any:
    """A space."""
    found = await call.reads.space(call.guid)
    seeing.space(call, found.guid)
    return call.documents.space(found)


async def _organizations(call: Call) -> Any:
    """Organizations with spaces that the asker gets to."""
    query = listing.query_of(call)
    found = await call.reads.organizations(
        OrganizationFilter(names=query.values("names")), listing.visible(call, query)
    )
    return listing.page(call, query, found, call.documents.organization)


async def _organization(call: Call) -> Any:
    """An organization."""
    found = await call.reads.organization(call.guid)
    own = listing.only(listing.ALL, found.guid, call.asker.readable_spaces)
    if not (await call.reads.organizations(OrganizationFilter(), own)).values:
        raise StagingNotFound("Organization")
    return call.documents.organization(found)


async def _job(call: Call) -> Any:
    """A job."""
    return call.documents.job(await call.reads.job(call.guid))


async def _no_matches(call: Call) -> Any:
    """Which of some files are here already: none; all bits are uploaded."""
    return {"resources": []}


_NAMED: Final = (*ORDERS, OrderField.NAME)

OPERATIONS: Final = (
    Operation(
        name="listStacks", http="GET", path=("stacks",), right="staging.read", handle=_stacks, answer="Stack",
        shape=ListShape(filters=("names", "default"), orders=_NAMED),
    ),
    Operation(
        name="getStack", http="GET", path=("stacks", "{guid}"), right="staging.read", handle=_stack, answer="Stack"
    ),
    Operation(
        name="listSpaces", http="GET", path=("spaces",), right="staging.read", handle=_spaces, answer="Space",
        shape=ListShape(filters=("names", "organization_guids", including.PARAMETER), orders=_NAMED),
    ),
    Operation(
        name="getSpace", http="GET", path=("spaces", "{guid}"), right="staging.read", handle=_space, answer="Space"
    ),
    Operation(
        name="listOrganizations", http="GET", path=("organizations",), right="staging.read", handle=_organizations,
        answer="Organization", shape=ListShape(filters=("names",), orders=_NAMED),
    ),
    Operation(
        name="getOrganization", http="GET", path=("organizations", "{guid}"), right="staging.read",
        handle=_organization, answer="Organization",
    ),
    Operation(
        name="getJob", http="GET", path=("jobs", "{guid}"), right="staging.read", handle=_job, answer="Job"
    ),
    Operation(
        name="matchResources", http="POST", path=("resource_matches",), right="staging.read", handle=_no_matches,
        status=201, body=schemas.ANY_OBJECT, answer="Matches",
    ),
)  # fmt: skip
