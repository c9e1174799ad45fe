"""Operations on packages."""

from __future__ import annotations

from typing import Any, Final

from buildmill.master.domain.staging.errors import StagingNotFound
from buildmill.master.domain.staging.requests import DropletFilter, PackageFilter
from buildmill.master.domain.staging.values import PackageType
from buildmill.master.web.cloudfoundry import bodies, listing, schemas, seeing
from buildmill.master.web.cloudfoundry.acting import act
from buildmill.master.web.cloudfoundry.askers import Permission
from buildmill.master.web.cloudfoundry.errors import unprocessable
from buildmill.master.web.cloudfoundry.operation import Call, Download, ListShape, Operation, Reply
from buildmill.master.web.cloudfoundry.receiving import receive_package

_NO_APP: Final = "App is invalid. Ensure it exists and you have access to it."
_NO_SOURCE: Final = "Source package is invalid. Ensure it exists and you have access to it."


async def _create(call: Call) -> Any:
    """Make a package; with `source_guid`, with the bits of another one."""
    source_guid = dict(call.parameters).get("source_guid")
    if source_guid is not None:
        return await _copy(call, source_guid)
    new = bodies.new_package(call.document)
    await _check_app(call, new.app_guid)
    return call.documents.package(await act(call, lambda updates: updates.createPackage(new, call.asker.owner)))


async def _copy(call: Call, source_guid: str) -> Any:
    app_guid = bodies.package_copy(call.document)
    try:
        await seeing.package(call, source_guid)
    except StagingNotFound:
        raise unprocessable(_NO_SOURCE) from None
    await _check_app(call, app_guid)
    owner = call.asker.owner
    return call.documents.package(await act(call, lambda updates: updates.copyPackage(source_guid, app_guid, owner)))


async def _check_app(call: Call, guid: str) -> None:
    try:
        await seeing.app(call, guid)
    except StagingNotFound:
        raise unprocessable(_NO_APP) from None
    seeing.require(call, Permission.DEVELOP)


async def _list(call: Call) -> Any:
    """Packages."""
    query = listing.query_of(call)
    where = PackageFilter(
        states=query.values("states"),
        types=query.values("types"),
        app_guids=query.values("app_guids"),
        space_guids=query.values("space_guids"),
        organization_guids=query.values("organization_guids"),
    )
    found = await call.reads.packages(where, listing.visible(call, query))
    return listing.page(call, query, found, call.documents.package)


async def _list_of_app(call: Call) -> Any:
    """Packages of an app."""
    query = listing.query_of(call)
    app = await seeing.app(call, call.guid)
    where = PackageFilter(states=query.values("states"), types=query.values("types"), app_guids=(app.guid,))
    found = await call.reads.packages(where, listing.visible(call, query))
    return listing.page(call, query, found, call.documents.package)


async def _list_droplets(call: Call) -> Any:
    """Droplets that were made of a package."""
    query = listing.query_of(call)
    package = await seeing.package(call, call.guid)
    where = DropletFilter(states=query.values("states"), package_guids=(package.guid,))
    found = await call.reads.droplets(where, listing.visible(call, query))
    return listing.page(
        call, query, found, lambda droplet: call.documents.droplet(droplet, may_see=False, is_in_list=True)
    )


async def _get(call: Call) -> Any:
    """A package."""
    return call.documents.package(await seeing.package(call, call.guid))


async def _change(call: Call) -> Any:
    """Change metadata of a package."""
    change = bodies.metadata_only(call.document)
    await seeing.package(call, call.guid)
    seeing.require(call, Permission.DEVELOP)
    return call.documents.package(await act(call, lambda updates: updates.updatePackage(call.guid, change)))


async def _delete(call: Call) -> Any:
    """Remove a package."""
    await seeing.package(call, call.guid)
    seeing.require(call, Permission.DEVELOP)
    job = await act(call, lambda updates: updates.deletePackage(call.guid))
    return Reply(location=f"{call.documents.v3}/jobs/{job.guid}")


async def _download(call: Call) -> Any:
    """The bits of a package, for those who may see secrets. Takes `Range`."""
    package = await seeing.package(call, call.guid)
    seeing.require(call, Permission.SEE_SECRETS)
    if package.type is not PackageType.BITS:
        raise unprocessable("Package type must be bits.")
    if package.bits is None:
        raise unprocessable("Package has no bits to download.")
    return Download(
        sha256=package.bits.sha256,
        size_bytes=package.bits.size_bytes,
        filename=f"package-{package.guid}.zip",
    )


_STATES: Final = ListShape(filters=("states", "types"))
_ONE: Final = ("packages", "{guid}")

OPERATIONS: Final = (
    Operation(
        name="createPackage", http="POST", path=("packages",), right="staging.develop", handle=_create, status=201,
        body=schemas.NEW_PACKAGE, answer="Package", parameters=("source_guid",),
    ),
    Operation(
        name="listPackages", http="GET", path=("packages",), right="staging.read", handle=_list, answer="Package",
        shape=ListShape(filters=("states", "types", "app_guids", "space_guids", "organization_guids")),
    ),
    Operation(
        name="listPackagesOfApp", http="GET", path=("apps", "{guid}", "packages"), right="staging.read",
        handle=_list_of_app, answer="Package", shape=_STATES,
    ),
    Operation(name="getPackage", http="GET", path=_ONE, right="staging.read", handle=_get, answer="Package"),
    Operation(
        name="updatePackage", http="PATCH", path=_ONE, right="staging.develop", handle=_change,
        body=schemas.METADATA_ONLY, answer="Package",
    ),
    Operation(name="deletePackage", http="DELETE", path=_ONE, right="staging.develop", handle=_delete, status=202),
    Operation(
        name="uploadPackage", http="POST", path=(*_ONE, "upload"), right="staging.develop", handle=receive_package,
        answer="Package", takes_file=True,
    ),
    Operation(
        name="downloadPackage", http="GET", path=(*_ONE, "download"), right="staging.read", handle=_download,
        media_type="application/zip",
    ),
    Operation(
        name="listDropletsOfPackage", http="GET", path=(*_ONE, "droplets"), right="staging.read",
        handle=_list_droplets, answer="Droplet", shape=ListShape(filters=("states",)),
    ),
)  # fmt: skip
