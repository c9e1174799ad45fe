"""From a request to a staging: what can be refused, the row, and the build request of the engine, in one unit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from buildmill.common.staging import Lifecycle
from buildmill.master.db import build_requests, builders
from buildmill.master.db import tables_of_staging as t
from buildmill.master.db.buildsets import NewBuildset
from buildmill.master.db.staging import apps, buildpacks, means, notes, places, reading, rows
from buildmill.master.db.staging.means import Means
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.staging import lifecycles
from buildmill.master.domain.staging.configuration import builder_name
from buildmill.master.domain.staging.errors import (
    BadRequest,
    BuildpackInvalid,
    OrganizationSuspended,
    SpaceSuspended,
    StagerUnavailable,
    StagingInProgress,
    Unprocessable,
)
from buildmill.master.domain.staging.requests import NewBuild
from buildmill.master.domain.staging.values import (
    BuildState,
    LifecycleSpec,
    Owner,
    PackageState,
    PackageType,
    StackState,
    StagingBuild,
)

SOURCE = "Staging"
"""Source of the properties of an engine's build that stages."""

GUID_PROPERTY = "staging_guid"
"""The property by which an engine's build knows what it stages."""

LIFECYCLE_PROPERTY = "staging_lifecycle"
MEMORY_PROPERTY = "staging_memory_in_mb"
"""Properties by which a worker is chosen."""

_NO_PACKAGE = "Unable to use package. Ensure that the package exists and you have access to it."


def create(tx: Transaction, new: NewBuild, by: Means, owner: Owner) -> StagingBuild:
    """Begin to stage a package. Refusals come in the order in which the v3 API evaluates.

    Raises:
        StagingRefused: one of its kinds; nothing was written.
    """
    package = reading.find(tx, t.packages, new.package_guid)
    if package is None:
        raise Unprocessable(_NO_PACKAGE)
    app = reading.get(tx, t.apps, package.app_guid, "App")
    _check_places(tx, app)
    lifecycle = _lifecycle(new, package, app)
    lifecycles.check_flags(lifecycle.type, by.config.flags)
    lifecycle = apps.checked_lifecycle(tx, lifecycle, by)
    _check_stack(tx, lifecycle, app.guid)
    _check_alone(tx, app.guid)
    if package.state != PackageState.READY:
        raise BadRequest("Cannot stage package whose state is not ready.")
    _check_enabled(tx, lifecycle)
    limits = by.config.limits
    effective = {
        "memory_mb": lifecycles.effective_memory(new.memory_mb, limits),
        "disk_mb": lifecycles.effective_disk(new.disk_mb, limits),
        "log_rate": lifecycles.effective_log_rate(new.log_rate_bytes_per_second, limits),
    }
    if not by.config.is_on:
        raise StagerUnavailable("no stacks are configured")
    guid = by.guid()
    builder_id = builders.find(tx, builder_name(lifecycle.stack or by.config.default_stack))
    request_id = _ask(tx, guid, app, builder_id, lifecycle, effective["memory_mb"], by)
    row = means.add(
        tx, t.builds, guid, app_guid=app.guid, package_guid=package.guid, state=str(BuildState.STAGING),
        environment=rows.json_text(dict(new.environment)), builder_id=builder_id,
        build_request_id=request_id, created_by=rows.owner_text(owner), **effective,
        **rows.lifecycle_columns(lifecycle),
    )  # fmt: skip
    metadata = notes.change(tx, guid, new.metadata, is_new=True)
    tx.emit(rows.build_resource(row).event("new"))
    return rows.build(row, metadata)


def _check_places(tx: Transaction, app: Any) -> None:
    space = reading.get(tx, t.spaces, app.space_guid, "Space")
    if reading.get(tx, t.organizations, space.organization_guid, "Organization").suspended:
        raise OrganizationSuspended
    if space.suspended:
        raise SpaceSuspended


def _lifecycle(new: NewBuild, package: Any, app: Any) -> LifecycleSpec:
    own = rows.lifecycle_of(app)
    wanted = new.lifecycle
    is_docker = package.type == PackageType.DOCKER
    if wanted is None:
        wanted = LifecycleSpec(type=Lifecycle.DOCKER) if is_docker else own
    if is_docker is not (wanted.type is Lifecycle.DOCKER):
        raise Unprocessable(f"Lifecycle type {wanted.type} cannot stage a {package.type} package")
    same = wanted.type is own.type
    return replace(
        wanted,
        buildpacks=own.buildpacks if same and new.uses_app_buildpacks else wanted.buildpacks,
        stack=wanted.stack or (own.stack if same else ""),
        credentials=wanted.credentials or (own.credentials if same else None),
    )


def _check_stack(tx: Transaction, lifecycle: LifecycleSpec, app_guid: str) -> None:
    if lifecycle.type is Lifecycle.DOCKER:
        return
    stack = places.stack(tx, lifecycle.stack)
    assert stack is not None  # it was looked up before
    b = t.builds.c
    earlier = sa.select(b.id).where(b.app_guid == app_guid, b.stack == lifecycle.stack).limit(1)
    is_first = tx.sql.execute(earlier).first() is None
    lifecycles.check_stack(stack.name, StackState(stack.state), is_first_build=is_first)


def _check_alone(tx: Transaction, app_guid: str) -> None:
    b = t.builds.c
    # locked, so that two at a time are told so, and not stopped by the index
    tx.sql.execute(sa.select(t.apps.c.id).where(t.apps.c.guid == app_guid).with_for_update())
    other = sa.select(b.id).where(b.app_guid == app_guid, b.state == BuildState.STAGING)
    if tx.sql.execute(other).first() is not None:
        raise StagingInProgress


def _check_enabled(tx: Transaction, lifecycle: LifecycleSpec) -> None:
    disabled = []
    for name in lifecycle.buildpacks:
        row = buildpacks.named(tx, name, lifecycle.stack, str(lifecycle.type))
        if row is not None and not row.enabled:
            disabled.append(f"'{name}'")
    if disabled:
        raise BuildpackInvalid(
            f"Requested buildpack(s) {', '.join(disabled)} are disabled and cannot be used for staging"
        )


def _ask(
    tx: Transaction, guid: str, app: Any, builder_id: int, lifecycle: LifecycleSpec, memory_mb: int, by: Means
) -> int:
    properties = {
        GUID_PROPERTY: guid,
        "staging_app": app.name,
        "staging_app_guid": app.guid,
        LIFECYCLE_PROPERTY: str(lifecycle.type),
        MEMORY_PROPERTY: memory_mb,
    }
    asked = NewBuildset(
        source_stamps=[{"codebase": ""}],
        builder_ids=[builder_id],
        scheduler="staging",
        reason=f"staging of {app.name}",
        properties={name: (value, SOURCE) for name, value in properties.items()},
        external_idstring=guid,
    )
    return build_requests.ask(tx, asked, by.master_id)[1][builder_id]
