"""Operations on builds."""

from __future__ import annotations

from typing import Any, Final

from buildmill.common.staging import Lifecycle
from buildmill.master.domain.staging.errors import StagingNotFound
from buildmill.master.domain.staging.requests import BuildFilter, StackFilter
from buildmill.master.domain.staging.values import StackState, StagingBuild
from buildmill.master.web.cloudfoundry import bodies, listing, schemas, seeing
from buildmill.master.web.cloudfoundry.acting import act
from buildmill.master.web.cloudfoundry.askers import Permission, Scope
from buildmill.master.web.cloudfoundry.errors import not_authorized, unprocessable
from buildmill.master.web.cloudfoundry.operation import Call, ListShape, Operation, Reply

NO_PACKAGE: Final = "Unable to use package. Ensure that the package exists and you have access to it."


async def _create(call: Call) -> Any:
    """Begin to stage a package. Who may not learns no more than who names a package that is none."""
    new = bodies.new_build(call.document)
    try:
        await seeing.package(call, new.package_guid)
    except StagingNotFound:
        raise unprocessable(NO_PACKAGE) from None
    if not call.asker.may(Permission.STAGE):
        raise unprocessable(NO_PACKAGE)
    build = await act(call, lambda updates: updates.createBuild(new, call.asker.owner))
    return Reply(document=call.documents.build(build), warnings=await _warnings(call, build))


async def _warnings(call: Call, build: StagingBuild) -> tuple[str, ...]:
    if build.lifecycle.type is Lifecycle.DOCKER:
        return ()
    found = await call.reads.stacks(StackFilter(names=(build.lifecycle.stack,)), listing.ALL)
    return tuple(
        f"Stack '{stack.name}' is deprecated and will be removed in the future. {stack.description}".rstrip()
        for stack in found.values
        if stack.state is StackState.DEPRECATED
    )


async def _list(call: Call) -> Any:
    """Builds."""
    query = listing.query_of(call)
    where = BuildFilter(
        states=query.values("states"),
        app_guids=query.values("app_guids"),
        package_guids=query.values("package_guids"),
    )
    found = await call.reads.builds(where, listing.visible(call, query))
    return listing.page(call, query, found, call.documents.build)


async def _list_of_app(call: Call) -> Any:
    """Builds of an app."""
    query = listing.query_of(call)
    app = await seeing.app(call, call.guid)
    where = BuildFilter(states=query.values("states"), app_guids=(app.guid,))
    found = await call.reads.builds(where, listing.visible(call, query))
    return listing.page(call, query, found, call.documents.build)


async def _get(call: Call) -> Any:
    """A build."""
    return call.documents.build(await seeing.build(call, call.guid))


async def _change(call: Call) -> Any:
    """Change metadata of a build; or say, for a component that has staged it elsewhere, how it has ended."""
    patch = bodies.build_patch(call.document)
    build = await seeing.build(call, call.guid)
    end = patch.end
    if end is not None and not call.asker.may(Permission.UPDATE_STATE):
        raise not_authorized()
    if (end is None or "metadata" in call.document) and not call.asker.may(Permission.DEVELOP):
        raise not_authorized()
    if end is not None:
        build = await act(call, lambda updates: updates.reportBuild(call.guid, end))
    if "metadata" in call.document:
        build = await act(call, lambda updates: updates.updateBuild(call.guid, patch.change))
    return call.documents.build(build)


OPERATIONS: Final = (
    Operation(
        name="createBuild", http="POST", path=("builds",), right="staging.develop", handle=_create, status=201,
        body=schemas.NEW_BUILD, answer="Build",
    ),
    Operation(
        name="listBuilds", http="GET", path=("builds",), right="staging.read", handle=_list, answer="Build",
        shape=ListShape(filters=("states", "app_guids", "package_guids")),
    ),
    Operation(
        name="listBuildsOfApp", http="GET", path=("apps", "{guid}", "builds"), right="staging.read",
        handle=_list_of_app, answer="Build", shape=ListShape(filters=("states",)),
    ),
    Operation(
        name="getBuild", http="GET", path=("builds", "{guid}"), right="staging.read", handle=_get, answer="Build"
    ),
    Operation(
        name="updateBuild", http="PATCH", path=("builds", "{guid}"), right="staging.develop", handle=_change,
        body=schemas.BUILD_CHANGE, answer="Build", also_for=Scope.UPDATE_STATE,
    ),
)  # fmt: skip
