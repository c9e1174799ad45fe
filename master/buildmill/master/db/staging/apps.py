"""Apps: made, changed, deleted with all that belongs to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from buildmill.common.staging import Lifecycle
from buildmill.master.db import builds as engine_builds
from buildmill.master.db import tables_of_staging as t
from buildmill.master.db.staging import jobs, means, notes, places, reading, rows
from buildmill.master.db.staging.means import Means
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.staging.errors import NotUnique, Unprocessable
from buildmill.master.domain.staging.lifecycles import check_lifecycle
from buildmill.master.domain.staging.requests import AppChange, NewApp
from buildmill.master.domain.staging.values import App, BuildState, DropletState, Job, LifecycleSpec, Owner
from buildmill.master.domain.stopping import StoppedBy, user

_a = t.apps.c


def create(tx: Transaction, new: NewApp, by: Means, owner: Owner) -> App:
    """Add an app.

    Raises:
        Unprocessable: no such space, or a lifecycle that cannot be had.
        NotUnique: the name is taken in that space.
    """
    if places.space(tx, new.space_guid) is None:
        raise Unprocessable("Invalid space. Ensure that the space exists and you have access to it.")
    lifecycle = checked_lifecycle(tx, new.lifecycle or LifecycleSpec(), by)
    _check_name(tx, new.name, new.space_guid)
    row = means.add(
        tx,
        t.apps,
        by.guid(),
        name=new.name,
        space_guid=new.space_guid,
        environment=rows.json_text(dict(new.environment)),
        created_by=rows.owner_text(owner),
        **rows.lifecycle_columns(lifecycle),
    )
    metadata = notes.change(tx, row.guid, new.metadata, is_new=True)
    tx.emit(rows.app_resource(row).event("new"))
    return rows.app(row, metadata)


def checked_lifecycle(tx: Transaction, wanted: LifecycleSpec, by: Means) -> LifecycleSpec:
    """A lifecycle with its stack filled in.

    Raises:
        Unprocessable: an unknown stack or buildpack.
        CustomBuildpacksDisabled: a URL where the operator wants none.
    """
    if wanted.type is Lifecycle.DOCKER:
        return replace(wanted, stack="", buildpacks=())
    stack = wanted.stack or by.config.default_stack
    if places.stack(tx, stack) is None:
        raise Unprocessable("Stack must be an existing stack")
    check_lifecycle(wanted, stack, _names_of_buildpacks(tx, wanted, stack), by.config.flags)
    return replace(wanted, stack=stack)


def _names_of_buildpacks(tx: Transaction, wanted: LifecycleSpec, stack: str) -> frozenset[str]:
    b = t.buildpacks.c
    query = sa.select(b.name).where(
        b.name.in_(wanted.buildpacks), b.stack.in_(("", stack)), b.lifecycle == str(wanted.type)
    )
    return frozenset(tx.sql.execute(query).scalars())


def _check_name(tx: Transaction, name: str, space_guid: str, besides: str = "") -> None:
    # locked, so that of two at a time the second sees the first, and is not stopped by the index
    tx.sql.execute(sa.select(t.spaces.c.id).where(t.spaces.c.guid == space_guid).with_for_update())
    query = sa.select(_a.guid).where(_a.space_guid == space_guid, _a.name == name, _a.guid != besides)
    if tx.sql.execute(query).first() is not None:
        raise NotUnique(f"App with the name '{name}' already exists.")


def update(tx: Transaction, guid: str, change: AppChange, by: Means) -> App:
    """Change an app. Raises as `create`, and StagingNotFound."""
    row = reading.get(tx, t.apps, guid, "App")
    values: dict[str, Any] = {}
    if change.name is not None and change.name != row.name:
        _check_name(tx, change.name, row.space_guid, guid)
        values["name"] = change.name
    if change.lifecycle is not None:
        values |= rows.lifecycle_columns(checked_lifecycle(tx, change.lifecycle, by))
    if change.environment is not None:
        present: Mapping[str, Any] = rows.app(row, notes.one(tx, guid)).environment
        merged = {**present, **change.environment}
        values["environment"] = rows.json_text({name: value for name, value in merged.items() if value is not None})
    metadata = notes.change(tx, guid, change.metadata)
    if values:
        row = means.change(tx, t.apps, guid, **values)
    tx.emit(rows.app_resource(row).event("update"))
    return rows.app(row, metadata)


def set_current_droplet(tx: Transaction, guid: str, droplet_guid: str) -> App:
    """Say which droplet is the one to run.

    Raises:
        StagingNotFound: no such app.
        Unprocessable: no such droplet of this app, or it is not STAGED.
    """
    reading.get(tx, t.apps, guid, "App")
    droplet = reading.find(tx, t.droplets, droplet_guid)
    if droplet is None or droplet.app_guid != guid or droplet.state != DropletState.STAGED:
        raise Unprocessable("Unable to assign current droplet. Ensure the droplet exists and belongs to this app.")
    row = means.change(tx, t.apps, guid, current_droplet_guid=droplet_guid)
    tx.emit(rows.app_resource(row).event("update"))
    return rows.app(row, notes.one(tx, guid))


def delete(tx: Transaction, guid: str, by: Means, who: str) -> Job:
    """Remove an app with all that belongs to it; what is staged of it is stopped.

    Raises:
        StagingNotFound: there is none.
    """
    row = reading.get(tx, t.apps, guid, "App")
    guids = [guid]
    for table, resource in (
        (t.builds, rows.build_resource),
        (t.packages, rows.package_resource),
        (t.droplets, rows.droplet_resource),
    ):
        for belonging in tx.sql.execute(sa.select(table).where(table.c.app_guid == guid)).all():
            guids.append(belonging.guid)
            if table is t.builds and belonging.state == BuildState.STAGING:
                stop(tx, belonging, "its app was deleted", user(who), by)
            tx.emit(resource(belonging).event("deleted"))
    notes.forget(tx, guids)
    tx.sql.execute(t.apps.delete().where(_a.guid == guid))
    tx.emit(rows.app_resource(row).event("deleted"))
    return jobs.done(tx, by, "app.delete", "app", guid)


def stop(tx: Transaction, build: Any, reason: str, who: StoppedBy, by: Means) -> None:
    """Stop what the engine does for a staging."""
    if build.build_request_id is not None:
        engine_builds.cancel_request(tx, build.build_request_id, reason, who, by.master_id)
