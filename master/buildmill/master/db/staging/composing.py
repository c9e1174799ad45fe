"""What a worker is told to stage, made of rows; once for each staging, so that a repeat says the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from buildmill.common import staging as wire
from buildmill.common.staging import INPUT_DIRECTORY, Lifecycle, Secrets, Task
from buildmill.master.db import tables_of_staging as t
from buildmill.master.db.staging import buildpacks, reading, rows
from buildmill.master.db.staging.means import Means
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.staging.environment import staging_environment
from buildmill.master.domain.staging.errors import InvalidResult, Unprocessable
from buildmill.master.domain.staging.images import registry_of
from buildmill.master.domain.staging.redaction import without_user_information
from buildmill.master.domain.staging.values import BuildState

LAYERS = "layers"
"""Key of the only cache of `cnb`."""


class Composed(NamedTuple):
    """Attributes: task, secrets: what the worker gets."""

    task: Task
    secrets: Secrets


class _Kept(msgspec.Struct, frozen=True):
    task: Task
    secrets: Secrets


def compose(tx: Transaction, guid: str, request_id: int, build_id: int | None, by: Means) -> Composed:
    """What to stage; and note which build of the engine does it.

    Args:
        request_id, build_id: of the engine; None where no build is known.

    Raises:
        StagingNotFound: it is gone, with its app.
        InvalidResult: it has ended, or another request stages it.
        Unprocessable: what it needs is gone.
    """
    row = reading.get(tx, t.builds, guid, "Build")
    if row.state != BuildState.STAGING or row.build_request_id != request_id:
        raise InvalidResult("the staging has ended")
    values: dict[str, Any] = {}
    if row.task is None:
        composed = _compose(tx, row, by)
        values["task"] = rows.json_text(_Kept(*composed))
    else:
        kept = msgspec.json.decode(row.task, type=_Kept)
        composed = Composed(kept.task, kept.secrets)
    if row.build_id != build_id:
        values["build_id"] = build_id
    if values:
        change = t.builds.update().where(t.builds.c.guid == guid).values(updated_at=tx.now, **values)
        changed = tx.sql.execute(change.returning(t.builds)).one()
        if row.build_id != build_id:
            tx.emit(rows.build_resource(changed).event("update"))
    return composed


def kept_task(row: Any) -> Task:
    """What a worker was told of a staging that has not ended."""
    return msgspec.json.decode(row.task, type=_Kept).task


def _compose(tx: Transaction, row: Any, by: Means) -> Composed:
    package = reading.find(tx, t.packages, row.package_guid)
    if package is None:
        raise Unprocessable("the package is gone")
    app = reading.get(tx, t.apps, row.app_guid, "App")
    lifecycle = rows.lifecycle_of(row)
    limits = by.config.limits
    task = Task(
        guid=row.guid,
        lifecycle=lifecycle.type,
        stack=lifecycle.stack,
        package=_file(package.sha256, package.size_bytes) if package.sha256 else None,
        buildpacks=_buildpacks(tx, lifecycle.buildpacks, lifecycle.stack, lifecycle.type),
        is_detecting=not lifecycle.buildpacks and lifecycle.type is not Lifecycle.DOCKER,
        caches=_caches(tx, row.app_guid, lifecycle.stack, lifecycle.type),
        environment=staging_environment(
            operator=by.config.environment,
            app=msgspec.json.decode(app.environment),
            request=msgspec.json.decode(row.environment),
            lifecycle=lifecycle.type,
            stack=lifecycle.stack,
            memory_mb=row.memory_mb,
            application=_application(tx, app, row, by),
        ),
        image=package.image or "",
        insecure_registries=list(by.config.insecure_registries),
        limits=wire.Limits(
            memory_mb=row.memory_mb, disk_mb=row.disk_mb, log_rate_bytes_per_second=row.log_rate,
            seconds=limits.seconds, open_files=limits.open_files, processes=limits.processes,
        ),
    )  # fmt: skip
    return Composed(task, Secrets(registries=_registries(lifecycle.credentials, package)))


def _file(sha256: str, size_bytes: int) -> wire.File:
    return wire.File(path=f"{INPUT_DIRECTORY}/{sha256}", sha256=sha256, size_bytes=size_bytes)


def _buildpacks(
    connection: Connection, wanted: tuple[str, ...], stack: str, lifecycle: Lifecycle
) -> list[wire.Buildpack]:
    if lifecycle is Lifecycle.DOCKER:
        return []
    if not wanted:
        return [_admin(row) for row in buildpacks.enabled(connection, stack, str(lifecycle))]
    return [_named(connection, key, stack, lifecycle) for key in wanted]


def _named(connection: Connection, key: str, stack: str, lifecycle: Lifecycle) -> wire.Buildpack:
    row = buildpacks.named(connection, key, stack, str(lifecycle))
    if row is None:
        return wire.Buildpack(key=key, shown=without_user_information(key))
    if row.sha256 is None:
        raise Unprocessable(f"buildpack {key} was never uploaded")
    return _admin(row)


def _admin(row: Any) -> wire.Buildpack:
    return wire.Buildpack(key=row.name, shown=row.name, archive=_file(row.sha256, row.size_bytes))


def _caches(connection: Connection, app_guid: str, stack: str, lifecycle: Lifecycle) -> list[wire.Cache]:
    if lifecycle is Lifecycle.DOCKER:
        return []
    c = t.caches.c
    of_cnb = c.key == LAYERS if lifecycle is Lifecycle.CNB else c.key != LAYERS
    query = sa.select(t.caches).where(c.app_guid == app_guid, c.stack == stack, of_cnb).order_by(c.key)
    return [wire.Cache(key=row.key, file=_file(row.sha256, row.size_bytes)) for row in connection.sql.execute(query)]


def _application(connection: Connection, app: Any, row: Any, by: Means) -> dict[str, Any]:
    space = reading.get(connection, t.spaces, app.space_guid, "Space")
    organization = reading.get(connection, t.organizations, space.organization_guid, "Organization")
    version = by.guid()
    return {
        "cf_api": by.config.external_url,
        "limits": {"fds": by.config.limits.open_files, "mem": row.memory_mb, "disk": row.disk_mb},
        "application_name": app.name,
        "application_uris": [],
        "name": app.name,
        "space_name": space.name,
        "space_id": space.guid,
        "organization_id": organization.guid,
        "organization_name": organization.name,
        "uris": [],
        "users": None,
        "application_id": app.guid,
        "version": version,
        "application_version": version,
    }


def _registries(credentials: Mapping[str, Mapping[str, Any]] | None, package: Any) -> dict[str, dict[str, str]]:
    found = {host: {name: str(value) for name, value in given.items()} for host, given in (credentials or {}).items()}
    if package.image and package.username:
        found[registry_of(package.image)] = {"username": package.username, "password": package.password or ""}
    return found
