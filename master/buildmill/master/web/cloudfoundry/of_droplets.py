"""Operations on droplets."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from buildmill.common.staging import Lifecycle
from buildmill.master.domain.staging.errors import StagingNotFound
from buildmill.master.domain.staging.requests import DropletFilter, Listed
from buildmill.master.domain.staging.values import Droplet, DropletState
from buildmill.master.web.cloudfoundry import bodies, listing, schemas, seeing
from buildmill.master.web.cloudfoundry.acting import act
from buildmill.master.web.cloudfoundry.askers import Permission
from buildmill.master.web.cloudfoundry.errors import unprocessable
from buildmill.master.web.cloudfoundry.operation import Call, Download, ListShape, Operation, Reply
from buildmill.master.web.cloudfoundry.queries import ListQuery


def _shown(call: Call, droplet: Droplet) -> dict[str, Any]:
    return call.documents.droplet(droplet, may_see=call.asker.may(Permission.SEE_SECRETS))


def _page(call: Call, query: ListQuery, found: Listed[Droplet]) -> Any:
    return listing.page(
        call, query, found, lambda droplet: call.documents.droplet(droplet, may_see=False, is_in_list=True)
    )


async def _list(call: Call) -> Any:
    """Droplets."""
    query = listing.query_of(call)
    where = DropletFilter(
        states=query.values("states"),
        app_guids=query.values("app_guids"),
        space_guids=query.values("space_guids"),
        organization_guids=query.values("organization_guids"),
    )
    return _page(call, query, await call.reads.droplets(where, listing.visible(call, query)))


async def _list_of_app(call: Call) -> Any:
    """Droplets of an app; with `current=true` only the one that it has."""
    query = listing.query_of(call)
    app = await seeing.app(call, call.guid)
    where = DropletFilter(
        states=query.values("states"), app_guids=(app.guid,), is_current=query.one("current") == "true"
    )
    return _page(call, query, await call.reads.droplets(where, listing.visible(call, query)))


async def _get(call: Call) -> Any:
    """A droplet."""
    return _shown(call, await seeing.droplet(call, call.guid))


async def _change(call: Call) -> Any:
    """Change metadata of a droplet."""
    change = bodies.metadata_only(call.document)
    await seeing.droplet(call, call.guid)
    seeing.require(call, Permission.DEVELOP)
    return _shown(call, await act(call, lambda updates: updates.updateDroplet(call.guid, change)))


async def _delete(call: Call) -> Any:
    """Remove a droplet."""
    await seeing.droplet(call, call.guid)
    seeing.require(call, Permission.DEVELOP)
    job = await act(call, lambda updates: updates.deleteDroplet(call.guid))
    return Reply(location=f"{call.documents.v3}/jobs/{job.guid}")


async def _download(call: Call) -> Any:
    """The bits of a droplet. Takes `Range`."""
    droplet = await seeing.droplet(call, call.guid)
    seeing.require(call, Permission.DOWNLOAD)
    if droplet.lifecycle is Lifecycle.DOCKER:
        raise unprocessable("Cannot download droplets with 'docker' lifecycle.")
    if droplet.state is not DropletState.STAGED or droplet.bits is None:
        raise unprocessable("Only staged droplets can be downloaded.")
    return Download(
        sha256=droplet.bits.sha256,
        size_bytes=droplet.bits.size_bytes,
        filename=f"droplet-{droplet.guid}.tgz",
    )


async def _attestation(call: Call) -> Any:
    """The signed statement of who has made a droplet of what. The published API has no such thing."""
    droplet = await seeing.droplet(call, call.guid)
    if droplet.attestation is None:
        raise StagingNotFound("Attestation")
    return msgspec.json.decode(droplet.attestation)


_ONE: Final = ("droplets", "{guid}")

OPERATIONS: Final = (
    Operation(
        name="listDroplets", http="GET", path=("droplets",), right="staging.read", handle=_list, answer="Droplet",
        shape=ListShape(filters=("states", "app_guids", "space_guids", "organization_guids")),
    ),
    Operation(
        name="listDropletsOfApp", http="GET", path=("apps", "{guid}", "droplets"), right="staging.read",
        handle=_list_of_app, answer="Droplet", shape=ListShape(filters=("states", "current")),
    ),
    Operation(name="getDroplet", http="GET", path=_ONE, right="staging.read", handle=_get, answer="Droplet"),
    Operation(
        name="updateDroplet", http="PATCH", path=_ONE, right="staging.develop", handle=_change,
        body=schemas.METADATA_ONLY, answer="Droplet",
    ),
    Operation(name="deleteDroplet", http="DELETE", path=_ONE, right="staging.develop", handle=_delete, status=202),
    Operation(
        name="getDropletAttestation", http="GET", path=(*_ONE, "attestation"), right="staging.read",
        handle=_attestation, answer="Attestation",
    ),
    Operation(
        name="downloadDroplet", http="GET", path=(*_ONE, "download"), right="staging.read", handle=_download,
        media_type="application/gzip",
    ),
)  # fmt: skip
