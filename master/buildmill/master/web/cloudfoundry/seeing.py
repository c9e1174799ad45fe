"""What the asker sees: everything else answers as if it were not there."""

from __future__ import annotations

from buildmill.master.domain.staging.errors import StagingNotFound
from buildmill.master.domain.staging.values import App, Droplet, Package, StagingBuild
from buildmill.master.web.cloudfoundry.askers import Permission
from buildmill.master.web.cloudfoundry.errors import not_authorized
from buildmill.master.web.cloudfoundry.operation import Call


def require(call: Call, permission: Permission) -> None:
    """Raises ApiError if the asker, who sees what this is about, may not do this with it."""
    if not call.asker.may(permission):
        raise not_authorized()


async def app(call: Call, guid: str, kind: str = "App") -> App:
    """An app.

    Raises:
        StagingNotFound: there is none, or the asker does not see it; `kind` is what is missing then.
    """
    try:
        found = await call.reads.app(guid)
    except StagingNotFound:
        raise StagingNotFound(kind) from None
    _check_sees(call, found.space_guid, kind)
    return found


async def package(call: Call, guid: str) -> Package:
    """A package; raises StagingNotFound."""
    found = await call.reads.package(guid)
    await _check_sees_app(call, found.app_guid, "Package")
    return found


async def build(call: Call, guid: str) -> StagingBuild:
    """A build; raises StagingNotFound."""
    found = await call.reads.build(guid)
    if not call.asker.may(Permission.UPDATE_STATE):
        await _check_sees_app(call, found.app_guid, "Build")
    return found


async def droplet(call: Call, guid: str) -> Droplet:
    """A droplet; raises StagingNotFound."""
    found = await call.reads.droplet(guid)
    await _check_sees_app(call, found.app_guid, "Droplet")
    return found


def space(call: Call, guid: str, kind: str = "Space") -> None:
    """Raises StagingNotFound if the asker does not see what is in a space."""
    _check_sees(call, guid, kind)


async def _check_sees_app(call: Call, app_guid: str, kind: str) -> None:
    spaces = await call.reads.space_of([app_guid])
    if app_guid not in spaces:
        raise StagingNotFound(kind)
    _check_sees(call, spaces[app_guid], kind)


def _check_sees(call: Call, space_guid: str, kind: str) -> None:
    if not (call.asker.may(Permission.READ) and call.asker.gets_to(space_guid)):
        raise StagingNotFound(kind)
