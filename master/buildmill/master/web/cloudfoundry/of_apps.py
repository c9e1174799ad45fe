"""Operations on apps, and on which droplet an app has."""

from __future__ import annotations

from typing import Any, Final

from buildmill.master.domain.staging.errors import StagingNotFound
from buildmill.master.domain.staging.requests import AppFilter, OrderField
from buildmill.master.web.cloudfoundry import bodies, including, listing, queries, schemas, seeing
from buildmill.master.web.cloudfoundry.acting import act
from buildmill.master.web.cloudfoundry.askers import Permission
from buildmill.master.web.cloudfoundry.errors import unprocessable
from buildmill.master.web.cloudfoundry.operation import Call, ListShape, Operation, Reply
from buildmill.master.web.cloudfoundry.queries import ORDERS

_NO_SPACE: Final = "Invalid space. Ensure that the space exists and you have access to it."


async def _create(call: Call) -> Any:
    """Make an app."""
    new = bodies.new_app(call.document)
    try:
        seeing.space(call, (await call.reads.space(new.space_guid)).guid)
    except StagingNotFound:
        raise unprocessable(_NO_SPACE) from None
    seeing.require(call, Permission.DEVELOP)
    return call.documents.app(await act(call, lambda updates: updates.createApp(new, call.asker.owner)))


async def _list(call: Call) -> Any:
    """Apps."""
    query = listing.query_of(call)
    values = including.wanted(call, including.OF_APPS)
    where = AppFilter(
        names=query.values("names"),
        space_guids=query.values("space_guids"),
        organization_guids=query.values("organization_guids"),
        stacks=query.values("stacks"),
        lifecycle_type=query.one("lifecycle_type"),
    )
    found = await call.reads.apps(where, listing.visible(call, query))
    page = listing.page(call, query, found, call.documents.app)
    return await including.with_spaces(call, page, values, (app.space_guid for app in found.values))


async def _get(call: Call) -> Any:
    """An app."""
    queries.check_known(call.parameters, call.operation.parameters)
    values = including.wanted(call, including.OF_APPS)
    app = await seeing.app(call, call.guid)
    return await including.with_spaces(call, call.documents.app(app), values, [app.space_guid])


async def _change(call: Call) -> Any:
    """Change an app's name, lifecycle or metadata."""
    change = bodies.app_change(call.document)
    await seeing.app(call, call.guid)
    seeing.require(call, Permission.DEVELOP)
    return call.documents.app(await act(call, lambda updates: updates.updateApp(call.guid, change)))


async def _delete(call: Call) -> Any:
    """Remove an app with all that belongs to it; what is staged of it is stopped."""
    await seeing.app(call, call.guid)
    seeing.require(call, Permission.DEVELOP)
    by = call.asker.actor.name
    job = await act(call, lambda updates: updates.deleteApp(call.guid, by))
    return Reply(location=f"{call.documents.v3}/jobs/{job.guid}")


async def _environment(call: Call) -> Any:
    """Variables of an app, for those who may see secrets."""
    found = await seeing.app(call, call.guid)
    seeing.require(call, Permission.SEE_SECRETS)
    return call.documents.environment(found)


async def _change_environment(call: Call) -> Any:
    """Change variables of an app; null takes one away."""
    change = bodies.environment_change(call.document)
    await seeing.app(call, call.guid)
    seeing.require(call, Permission.DEVELOP)
    return call.documents.environment(await act(call, lambda updates: updates.updateApp(call.guid, change)))


async def _assign(call: Call) -> Any:
    """Choose which droplet an app has."""
    droplet_guid = bodies.droplet_of(call.document)
    await seeing.app(call, call.guid)
    seeing.require(call, Permission.DEVELOP)
    app = await act(call, lambda updates: updates.setCurrentDroplet(call.guid, droplet_guid))
    return call.documents.current_droplet(app)


async def _assigned(call: Call) -> Any:
    """Which droplet an app has."""
    app = await seeing.app(call, call.guid)
    if app.current_droplet_guid is None:
        raise StagingNotFound("Droplet")
    return call.documents.current_droplet(app)


async def _current(call: Call) -> Any:
    """The droplet that an app has."""
    app = await seeing.app(call, call.guid)
    if app.current_droplet_guid is None:
        raise StagingNotFound("Droplet")
    droplet = await call.reads.droplet(app.current_droplet_guid)
    return call.documents.droplet(droplet, may_see=call.asker.may(Permission.SEE_SECRETS))


_SHAPE: Final = ListShape(
    filters=("names", "space_guids", "organization_guids", "stacks", "lifecycle_type", including.PARAMETER),
    orders=(*ORDERS, OrderField.NAME, OrderField.STATE),
)
_DROPLET: Final = ("apps", "{guid}", "relationships", "current_droplet")
_VARIABLES: Final = ("apps", "{guid}", "environment_variables")

OPERATIONS: Final = (
    Operation(
        name="createApp", http="POST", path=("apps",), right="staging.develop", handle=_create, status=201,
        body=schemas.NEW_APP, answer="App",
    ),
    Operation(
        name="listApps", http="GET", path=("apps",), right="staging.read", handle=_list, answer="App", shape=_SHAPE
    ),
    Operation(
        name="getApp", http="GET", path=("apps", "{guid}"), right="staging.read", handle=_get, answer="App",
        parameters=(including.PARAMETER,),
    ),
    Operation(
        name="updateApp", http="PATCH", path=("apps", "{guid}"), right="staging.develop", handle=_change,
        body=schemas.APP_CHANGE, answer="App",
    ),
    Operation(
        name="deleteApp", http="DELETE", path=("apps", "{guid}"), right="staging.develop", handle=_delete, status=202
    ),
    Operation(
        name="getAppEnvironmentVariables", http="GET", path=_VARIABLES, right="staging.read", handle=_environment,
        answer="Variables",
    ),
    Operation(
        name="updateAppEnvironmentVariables", http="PATCH", path=_VARIABLES, right="staging.develop",
        handle=_change_environment, body=schemas.VARIABLES, answer="Variables",
    ),
    Operation(
        name="setCurrentDroplet", http="PATCH", path=_DROPLET, right="staging.develop", handle=_assign,
        body=schemas.TO_ONE, answer="Relationship",
    ),
    Operation(
        name="getCurrentDropletRelationship", http="GET", path=_DROPLET, right="staging.read", handle=_assigned,
        answer="Relationship",
    ),
    Operation(
        name="getCurrentDroplet", http="GET", path=("apps", "{guid}", "droplets", "current"), right="staging.read",
        handle=_current, answer="Droplet",
    ),
)  # fmt: skip
