"""Questions about staging in the data API: apps, packages, builds, droplets, buildpacks, caches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from buildmill.master.db import tables_of_staging as t
from buildmill.master.db.reading.collection import Collection, Column, flag, integer, presence, text
from buildmill.master.db.staging import rows
from buildmill.master.db.statement import Row
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.staging.resources import (
    StagingAppResource,
    StagingBuildpackResource,
    StagingBuildResource,
    StagingCacheResource,
    StagingDropletResource,
    StagingPackageResource,
)

T = TypeVar("T")


class _Named:
    """A row whose columns have names again."""

    def __init__(self, table: sa.Table, row: Row) -> None:
        self.__dict__.update(zip(table.c.keys(), row, strict=True))


def _maker(table: sa.Table, make: Callable[[Any], T]) -> Callable[[Connection, Sequence[Row]], list[T]]:
    return lambda _connection, found: [make(_Named(table, row)) for row in found]


def _collection(table: sa.Table, make: Callable[[Any], T], id_field: str, **fields: Column) -> Collection[T]:
    common = {id_field: integer(table.c.id)}
    for name in ("created_at", "updated_at", "used_at"):
        if name in table.c:
            common[name] = integer(table.c[name])
    if "guid" in table.c:
        common["guid"] = text(table.c.guid)
    return Collection(
        columns=tuple(table.c),
        source=table,
        make=_maker(table, make),
        key=table.c.id,
        fields={**common, **fields},
    )


def _sized(table: sa.Table) -> dict[str, Column]:
    return {
        "sha256": text(table.c.sha256, null_differs=True),
        "size_bytes": integer(table.c.size_bytes, null_differs=True),
    }


_a, _p, _b, _d, _k, _c = t.apps.c, t.packages.c, t.builds.c, t.droplets.c, t.buildpacks.c, t.caches.c

STAGING_APPS: Collection[StagingAppResource] = _collection(
    t.apps,
    rows.app_resource,
    "staging_appid",
    current_droplet_guid=text(_a.current_droplet_guid, null_differs=True),
    lifecycle=text(_a.lifecycle),
    name=text(_a.name),
    space_guid=text(_a.space_guid),
    stack=text(_a.stack),
)
STAGING_PACKAGES: Collection[StagingPackageResource] = _collection(
    t.packages,
    rows.package_resource,
    "staging_packageid",
    app_guid=text(_p.app_guid),
    error=text(_p.error, null_differs=True),
    image=text(_p.image, null_differs=True),
    state=text(_p.state),
    type=text(_p.type),
    **_sized(t.packages),
)
STAGING_BUILDS: Collection[StagingBuildResource] = _collection(
    t.builds,
    rows.build_resource,
    "staging_buildid",
    app_guid=text(_b.app_guid),
    builderid=integer(_b.builder_id, null_differs=True),
    buildid=integer(_b.build_id, null_differs=True),
    buildrequestid=integer(_b.build_request_id, null_differs=True),
    disk_mb=integer(_b.disk_mb),
    droplet_guid=text(_b.droplet_guid, null_differs=True),
    droplet_sha256=text(_b.droplet_sha256, null_differs=True),
    error=text(_b.error, null_differs=True),
    lifecycle=text(_b.lifecycle),
    log_rate_bytes_per_second=integer(_b.log_rate),
    memory_mb=integer(_b.memory_mb),
    package_guid=text(_b.package_guid),
    stack=text(_b.stack),
    state=text(_b.state),
)
STAGING_DROPLETS: Collection[StagingDropletResource] = _collection(
    t.droplets,
    rows.droplet_resource,
    "staging_dropletid",
    app_guid=text(_d.app_guid),
    attested=presence(_d.attestation),
    build_guid=text(_d.build_guid, null_differs=True),
    error=text(_d.error, null_differs=True),
    image=text(_d.image, null_differs=True),
    lifecycle=text(_d.lifecycle),
    package_guid=text(_d.package_guid, null_differs=True),
    stack=text(_d.stack, null_differs=True),
    state=text(_d.state),
    **_sized(t.droplets),
)
STAGING_BUILDPACKS: Collection[StagingBuildpackResource] = _collection(
    t.buildpacks,
    rows.buildpack_resource,
    "staging_buildpackid",
    configured=flag(_k.configured),
    enabled=flag(_k.enabled),
    filename=text(_k.filename, null_differs=True),
    lifecycle=text(_k.lifecycle),
    locked=flag(_k.locked),
    name=text(_k.name),
    position=integer(_k.position),
    stack=text(sa.func.nullif(_k.stack, ""), null_differs=True),
    state=text(_k.state),
    **_sized(t.buildpacks),
)
STAGING_CACHES: Collection[StagingCacheResource] = _collection(
    t.caches,
    rows.cache_resource,
    "staging_cacheid",
    app_guid=text(_c.app_guid),
    key=text(_c.key),
    stack=text(_c.stack),
    **_sized(t.caches),
)
