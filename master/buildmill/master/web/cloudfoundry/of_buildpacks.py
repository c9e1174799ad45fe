"""Operations on admin buildpacks."""

from __future__ import annotations

from typing import Any, Final

from buildmill.master.domain.staging.requests import BuildpackFilter, OrderField
from buildmill.master.web.cloudfoundry import bodies, listing, schemas, seeing
from buildmill.master.web.cloudfoundry.acting import act
from buildmill.master.web.cloudfoundry.askers import Permission
from buildmill.master.web.cloudfoundry.operation import Call, ListShape, Operation, Reply
from buildmill.master.web.cloudfoundry.queries import ORDERS
from buildmill.master.web.cloudfoundry.receiving import receive_buildpack


async def _create(call: Call) -> Any:
    """Make a buildpack, whose bits are uploaded then."""
    seeing.require(call, Permission.ADMINISTER)
    new = bodies.new_buildpack(call.document)
    return call.documents.buildpack(await act(call, lambda updates: updates.createBuildpack(new)))


async def _list(call: Call) -> Any:
    """Buildpacks, in the order of detection."""
    query = listing.query_of(call)
    where = BuildpackFilter(
        names=query.values("names"), stacks=query.values("stacks"), lifecycle=query.one("lifecycle")
    )
    asked = query.listing if query.listing.order else listing.ordered(query.listing, OrderField.POSITION)
    return listing.page(call, query, await call.reads.buildpacks(where, asked), call.documents.buildpack)


async def _get(call: Call) -> Any:
    """A buildpack."""
    return call.documents.buildpack(await call.reads.buildpack(call.guid))


async def _change(call: Call) -> Any:
    """Change a buildpack."""
    seeing.require(call, Permission.ADMINISTER)
    change = bodies.buildpack_change(call.document)
    await call.reads.buildpack(call.guid)
    return call.documents.buildpack(await act(call, lambda updates: updates.updateBuildpack(call.guid, change)))


async def _delete(call: Call) -> Any:
    """Remove a buildpack."""
    seeing.require(call, Permission.ADMINISTER)
    await call.reads.buildpack(call.guid)
    job = await act(call, lambda updates: updates.deleteBuildpack(call.guid))
    return Reply(location=f"{call.documents.v3}/jobs/{job.guid}")


_ONE: Final = ("buildpacks", "{guid}")

OPERATIONS: Final = (
    Operation(
        name="createBuildpack", http="POST", path=("buildpacks",), right="staging.administer", handle=_create,
        status=201, body=schemas.NEW_BUILDPACK, answer="Buildpack",
    ),
    Operation(
        name="listBuildpacks", http="GET", path=("buildpacks",), right="staging.read", handle=_list,
        answer="Buildpack",
        shape=ListShape(filters=("names", "stacks", "lifecycle"), orders=(*ORDERS, OrderField.POSITION)),
    ),
    Operation(name="getBuildpack", http="GET", path=_ONE, right="staging.read", handle=_get, answer="Buildpack"),
    Operation(
        name="updateBuildpack", http="PATCH", path=_ONE, right="staging.administer", handle=_change,
        body=schemas.BUILDPACK_CHANGE, answer="Buildpack",
    ),
    Operation(
        name="deleteBuildpack", http="DELETE", path=_ONE, right="staging.administer", handle=_delete, status=202
    ),
    Operation(
        name="uploadBuildpack", http="POST", path=(*_ONE, "upload"), right="staging.administer",
        handle=receive_buildpack, status=202, answer="Buildpack", takes_file=True,
    ),
)  # fmt: skip
