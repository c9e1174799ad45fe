"""Questions about staging: one thing by its guid, or a page of a list."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from buildmill.master.db import tables_of_staging as t
from buildmill.master.db.graphs.chunks import chunks
from buildmill.master.db.staging import notes, rows
from buildmill.master.db.staging.listing import Condition, one_of, page
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.staging.errors import StagingNotFound
from buildmill.master.domain.staging.requests import (
    AppFilter,
    BuildFilter,
    BuildpackFilter,
    DropletFilter,
    Listed,
    Listing,
    OrganizationFilter,
    PackageFilter,
    SpaceFilter,
    StackFilter,
)
from buildmill.master.domain.staging.values import (
    App,
    Buildpack,
    CacheSize,
    Checksum,
    Droplet,
    Job,
    Metadata,
    Organization,
    Package,
    SbomFile,
    Space,
    Stack,
    StagingBuild,
)

V = TypeVar("V")


def find(connection: Connection, table: sa.Table, guid: str) -> Any | None:
    """The row of a guid; None if there is none."""
    return connection.sql.execute(sa.select(table).where(table.c.guid == guid)).one_or_none()


def get(connection: Connection, table: sa.Table, guid: str, kind: str) -> Any:
    """The row of a guid.

    Args:
        kind: what it is called.

    Raises:
        StagingNotFound: there is none.
    """
    row = find(connection, table, guid)
    if row is None:
        raise StagingNotFound(kind)
    return row


def _with_notes(
    connection: Connection, found: tuple[Sequence[Any], int], value: Callable[[Any, Metadata], V]
) -> Listed[V]:
    some, total = found
    metadata = notes.of(connection, [row.guid for row in some])
    return Listed(tuple(value(row, metadata[row.guid]) for row in some), total)


# -- one ---------------------------------------------------------------------------------------


def app(connection: Connection, guid: str) -> App:
    return rows.app(get(connection, t.apps, guid, "App"), notes.one(connection, guid))


def package(connection: Connection, guid: str) -> Package:
    return rows.package(get(connection, t.packages, guid, "Package"), notes.one(connection, guid))


def build(connection: Connection, guid: str) -> StagingBuild:
    return rows.build(get(connection, t.builds, guid, "Build"), notes.one(connection, guid))


def droplet(connection: Connection, guid: str) -> Droplet:
    row = get(connection, t.droplets, guid, "Droplet")
    return rows.droplet(row, notes.one(connection, guid), _sboms(connection, [guid]).get(guid, ()))


def buildpack(connection: Connection, guid: str) -> Buildpack:
    return rows.buildpack(get(connection, t.buildpacks, guid, "Buildpack"), notes.one(connection, guid))


def stack(connection: Connection, guid: str) -> Stack:
    return rows.stack(get(connection, t.stacks, guid, "Stack"))


def space(connection: Connection, guid: str) -> Space:
    return rows.space(get(connection, t.spaces, guid, "Space"))


def organization(connection: Connection, guid: str) -> Organization:
    return rows.organization(get(connection, t.organizations, guid, "Organization"))


def job(connection: Connection, guid: str) -> Job:
    return rows.job(get(connection, t.jobs, guid, "Job"))


def _sboms(connection: Connection, guids: Collection[str]) -> dict[str, tuple[SbomFile, ...]]:
    s, found = t.sboms.c, dict[str, tuple[SbomFile, ...]]()
    for some in chunks(list(guids)):
        query = sa.select(t.sboms).where(s.droplet_guid.in_(some)).order_by(s.droplet_guid, s.path)
        for row in connection.sql.execute(query):
            file = SbomFile(path=row.path, file=Checksum(sha256=row.sha256, size_bytes=row.size_bytes))
            found[row.droplet_guid] = (*found.get(row.droplet_guid, ()), file)
    return found


# -- lists -------------------------------------------------------------------------------------


def _apps_in(column: sa.ColumnElement[Any], guids: Collection[str] | None) -> list[Condition]:
    """The condition that the app of a row is in one of these spaces."""
    if guids is None:
        return []
    return [column.in_(sa.select(t.apps.c.guid).where(t.apps.c.space_guid.in_(tuple(guids))))]


def _apps_in_organizations(column: sa.ColumnElement[Any], guids: Sequence[str] | None) -> list[Condition]:
    if guids is None:
        return []
    of_them = sa.select(t.spaces.c.guid).where(t.spaces.c.organization_guid.in_(guids))
    return [column.in_(sa.select(t.apps.c.guid).where(t.apps.c.space_guid.in_(of_them)))]


def apps(connection: Connection, where: AppFilter, listing: Listing) -> Listed[App]:
    a = t.apps.c
    conditions = [
        *one_of(a.name, where.names),
        *one_of(a.space_guid, where.space_guids),
        *one_of(a.space_guid, None if listing.spaces is None else tuple(listing.spaces)),
        *_apps_in_organizations(a.guid, where.organization_guids),
        *one_of(a.stack, where.stacks),
        *one_of(a.lifecycle, None if where.lifecycle_type is None else [where.lifecycle_type]),
    ]
    return _with_notes(connection, page(connection, t.apps, listing, conditions), rows.app)


def packages(connection: Connection, where: PackageFilter, listing: Listing) -> Listed[Package]:
    p = t.packages.c
    conditions = [
        *one_of(p.state, where.states),
        *one_of(p.type, where.types),
        *one_of(p.app_guid, where.app_guids),
        *_apps_in(p.app_guid, where.space_guids),
        *_apps_in(p.app_guid, listing.spaces),
        *_apps_in_organizations(p.app_guid, where.organization_guids),
    ]
    return _with_notes(connection, page(connection, t.packages, listing, conditions), rows.package)


def builds(connection: Connection, where: BuildFilter, listing: Listing) -> Listed[StagingBuild]:
    b = t.builds.c
    conditions = [
        *one_of(b.state, where.states),
        *one_of(b.app_guid, where.app_guids),
        *one_of(b.package_guid, where.package_guids),
        *_apps_in(b.app_guid, listing.spaces),
    ]
    return _with_notes(connection, page(connection, t.builds, listing, conditions), rows.build)


def droplets(connection: Connection, where: DropletFilter, listing: Listing) -> Listed[Droplet]:
    d = t.droplets.c
    conditions = [
        *one_of(d.state, where.states),
        *one_of(d.app_guid, where.app_guids),
        *one_of(d.package_guid, where.package_guids),
        *_apps_in(d.app_guid, where.space_guids),
        *_apps_in(d.app_guid, listing.spaces),
        *_apps_in_organizations(d.app_guid, where.organization_guids),
        *([d.guid.in_(sa.select(t.apps.c.current_droplet_guid))] if where.is_current else []),
    ]
    found = page(connection, t.droplets, listing, conditions)
    sboms = _sboms(connection, [row.guid for row in found[0]])
    return _with_notes(connection, found, lambda row, note: rows.droplet(row, note, sboms.get(row.guid, ())))


def buildpacks(connection: Connection, where: BuildpackFilter, listing: Listing) -> Listed[Buildpack]:
    b = t.buildpacks.c
    conditions = [
        *one_of(b.name, where.names),
        *one_of(b.stack, where.stacks),
        *one_of(b.lifecycle, None if where.lifecycle is None else [where.lifecycle]),
    ]
    found = page(connection, t.buildpacks, listing, conditions, (b.lifecycle, b.position))
    return _with_notes(connection, found, rows.buildpack)


def stacks(connection: Connection, where: StackFilter, listing: Listing) -> Listed[Stack]:
    s = t.stacks.c
    is_default = None if where.is_default is None else [int(where.is_default)]
    conditions = [s.configured == 1, *one_of(s.name, where.names), *one_of(s.is_default, is_default)]
    found, total = page(connection, t.stacks, listing, conditions)
    return Listed(tuple(map(rows.stack, found)), total)


def spaces(connection: Connection, where: SpaceFilter, listing: Listing) -> Listed[Space]:
    s = t.spaces.c
    conditions = [
        s.configured == 1,
        *one_of(s.name, where.names),
        *one_of(s.organization_guid, where.organization_guids),
        *one_of(s.guid, None if listing.spaces is None else tuple(listing.spaces)),
    ]
    found, total = page(connection, t.spaces, listing, conditions)
    return Listed(tuple(map(rows.space, found)), total)


def organizations(connection: Connection, where: OrganizationFilter, listing: Listing) -> Listed[Organization]:
    o, conditions = t.organizations.c, [t.organizations.c.configured == 1]
    if listing.spaces is not None:
        own = sa.select(t.spaces.c.organization_guid).where(t.spaces.c.guid.in_(tuple(listing.spaces)))
        conditions.append(o.guid.in_(own))
    found, total = page(connection, t.organizations, listing, [*conditions, *one_of(o.name, where.names)])
    return Listed(tuple(map(rows.organization, found)), total)


def space_of(connection: Connection, app_guids: Sequence[str]) -> dict[str, str]:
    """The space of each app that is there."""
    found: dict[str, str] = {}
    for some in chunks(list(app_guids)):
        query = sa.select(t.apps.c.guid, t.apps.c.space_guid).where(t.apps.c.guid.in_(some))
        found.update((guid, space_guid) for guid, space_guid in connection.sql.execute(query))
    return found


def caches(connection: Connection, app_guid: str) -> tuple[CacheSize, ...]:
    """What is kept for the next staging of an app."""
    c = t.caches.c
    query = sa.select(t.caches).where(c.app_guid == app_guid).order_by(c.stack, c.key)
    return tuple(rows.cache(row) for row in connection.sql.execute(query))
