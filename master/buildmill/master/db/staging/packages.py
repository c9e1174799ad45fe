"""Packages: made, uploaded, copied, pushed out by newer ones."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from buildmill.common.staging import Lifecycle
from buildmill.master.db import tables_of_staging as t
from buildmill.master.db.staging import jobs, means, notes, reading, rows
from buildmill.master.db.staging.means import Means
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.staging.errors import AlreadyUploaded, InvalidResult, Unprocessable
from buildmill.master.domain.staging.requests import NewPackage
from buildmill.master.domain.staging.values import (
    Checksum,
    Job,
    MetadataChange,
    Owner,
    Package,
    PackageState,
    PackageType,
)

_p = t.packages.c
_UNKNOWN_APP = "App is invalid. Ensure it exists and you have access to it."
_UNKNOWN_SOURCE = "Source package is invalid. Ensure it exists and you have access to it."


def create(tx: Transaction, new: NewPackage, by: Means, owner: Owner) -> Package:
    """Add a package; one of `docker` is READY at once.

    Raises:
        Unprocessable: no such app, or one of another kind.
    """
    _check_app(tx, new.app_guid, new.type)
    is_docker = new.type is PackageType.DOCKER
    row = means.add(
        tx,
        t.packages,
        by.guid(),
        app_guid=new.app_guid,
        type=str(new.type),
        state=str(PackageState.READY if is_docker else PackageState.AWAITING_UPLOAD),
        image=new.image,
        username=new.username,
        password=new.password,
        created_by=rows.owner_text(owner),
    )
    metadata = notes.change(tx, row.guid, new.metadata, is_new=True)
    tx.emit(rows.package_resource(row).event("new"))
    return rows.package(row, metadata)


def _check_app(tx: Transaction, guid: str, kind: PackageType) -> None:
    app = reading.find(tx, t.apps, guid)
    if app is None:
        raise Unprocessable(_UNKNOWN_APP)
    if kind is PackageType.DOCKER and app.lifecycle == Lifecycle.BUILDPACK:
        raise Unprocessable("Cannot create Docker package for a buildpack app.")
    if kind is PackageType.BITS and app.lifecycle == Lifecycle.DOCKER:
        raise Unprocessable("Cannot create bits package for a Docker app.")


def copy(tx: Transaction, source_guid: str, app_guid: str, by: Means, owner: Owner) -> Package:
    """A package with the same bytes, or the same image; READY at once, since bytes are stored once.

    Raises:
        Unprocessable: no such package, or one without bytes; no such app, or one of another kind.
    """
    source = reading.find(tx, t.packages, source_guid)
    if source is None:
        raise Unprocessable(_UNKNOWN_SOURCE)
    if source.app_guid == app_guid:
        raise Unprocessable("Source and destination app cannot be the same")
    _check_app(tx, app_guid, PackageType(source.type))
    if source.state != PackageState.READY:
        raise Unprocessable("Source package is not ready: it has no bits to copy.")
    same = ("type", "state", "sha256", "size_bytes", "image", "username", "password")
    values = {name: source._mapping[name] for name in same}
    row = means.add(tx, t.packages, by.guid(), app_guid=app_guid, created_by=rows.owner_text(owner), **values)
    tx.emit(rows.package_resource(row).event("new"))
    expire(tx, app_guid, by)
    return rows.package(row, notes.one(tx, row.guid))


def update(tx: Transaction, guid: str, change: MetadataChange) -> Package:
    """Change its labels and annotations. Raises StagingNotFound."""
    row = reading.get(tx, t.packages, guid, "Package")
    metadata = notes.change(tx, guid, change)
    return rows.package(row, metadata)


def delete(tx: Transaction, guid: str, by: Means) -> Job:
    """Remove a package; what was made of it stays. Raises StagingNotFound."""
    row = reading.get(tx, t.packages, guid, "Package")
    notes.forget(tx, [guid])
    tx.sql.execute(t.droplets.update().where(t.droplets.c.package_guid == guid).values(package_guid=None))
    tx.sql.execute(t.packages.delete().where(_p.guid == guid))
    tx.emit(rows.package_resource(row).event("deleted"))
    return jobs.done(tx, by, "package.delete", "package", guid)


# -- uploads -----------------------------------------------------------------------------------


def begin_upload(tx: Transaction, guid: str, by: Means) -> Package:
    """Have the only upload of a package.

    Raises:
        StagingNotFound: there is none.
        Unprocessable: it is one of `docker`.
        AlreadyUploaded: it has its bytes, or somebody else is uploading.
    """
    if reading.get(tx, t.packages, guid, "Package").type != PackageType.BITS:
        raise Unprocessable("Package type must be bits.")
    master = by.master_id or None
    row = _change(
        tx, guid, PackageState.AWAITING_UPLOAD, state=str(PackageState.PROCESSING_UPLOAD), uploading_master_id=master
    )
    if row is None:
        raise AlreadyUploaded
    return rows.package(row, notes.one(tx, guid))


def finish_upload(tx: Transaction, guid: str, bits: Checksum, by: Means) -> Package:
    """Its bytes are in the store."""
    values = {"state": str(PackageState.READY), "sha256": bits.sha256, "size_bytes": bits.size_bytes, "error": None}
    package = _end_upload(tx, guid, values)
    expire(tx, package.app_guid, by)
    return package


def fail_upload(tx: Transaction, guid: str, error: str) -> Package:
    """Its bytes cannot be used."""
    return _end_upload(tx, guid, {"state": str(PackageState.FAILED), "error": error})


def abandon_upload(tx: Transaction, guid: str) -> Package:
    """Nothing has arrived: it may be uploaded again."""
    return _end_upload(tx, guid, {"state": str(PackageState.AWAITING_UPLOAD)})


def _end_upload(tx: Transaction, guid: str, values: dict[str, Any]) -> Package:
    row = _change(tx, guid, PackageState.PROCESSING_UPLOAD, uploading_master_id=None, **values)
    if row is None:
        reading.get(tx, t.packages, guid, "Package")
        raise InvalidResult("nothing is being uploaded to the package")
    return rows.package(row, notes.one(tx, guid))


def _change(tx: Transaction, guid: str, before: PackageState, **values: Any) -> Any | None:
    row = means.change(tx, t.packages, guid, _p.state == before, **values)
    if row is not None:
        tx.emit(rows.package_resource(row).event("update"))
    return row


def abandon_uploads(tx: Transaction, master_id: int) -> int:
    """Uploads of an earlier run of this master, whose bytes are lost; how many there were."""
    lost = tx.sql.execute(
        sa.select(_p.guid).where(
            _p.state == PackageState.PROCESSING_UPLOAD,
            sa.or_(_p.uploading_master_id == master_id, _p.uploading_master_id.is_(None)),
        )
    ).scalars()
    guids = list(lost)
    for guid in guids:
        abandon_upload(tx, guid)
    return len(guids)


# -- how many are kept -------------------------------------------------------------------------


def expire(tx: Transaction, app_guid: str, by: Means) -> None:
    """Push out the oldest packages of an app beyond the most that are kept; its current droplet's does not count."""
    current = sa.select(t.droplets.c.package_guid).where(
        t.droplets.c.guid.in_(sa.select(t.apps.c.current_droplet_guid).where(t.apps.c.guid == app_guid)),
        t.droplets.c.package_guid.is_not(None),
    )
    being_staged = sa.select(t.builds.c.package_guid).where(
        t.builds.c.app_guid == app_guid, t.builds.c.state == "STAGING"
    )
    old = (
        sa.select(_p.guid)
        .where(
            _p.app_guid == app_guid,
            _p.type == PackageType.BITS,
            _p.state == PackageState.READY,
            _p.guid.not_in(current),
            _p.guid.not_in(being_staged),
        )
        .order_by(_p.id.desc())
        .offset(by.config.limits.kept_packages)
    )
    # SQLite knows OFFSET only behind a LIMIT
    for guid in list(tx.sql.execute(old.limit(10_000)).scalars()):
        row = means.change(tx, t.packages, guid, state=str(PackageState.EXPIRED), sha256=None, size_bytes=None)
        tx.emit(rows.package_resource(row).event("update"))
