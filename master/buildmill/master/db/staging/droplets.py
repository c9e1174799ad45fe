"""Droplets: changed and deleted; they are made where a staging ends."""

from __future__ import annotations

from buildmill.master.db import tables_of_staging as t
from buildmill.master.db.staging import jobs, notes, reading, rows
from buildmill.master.db.staging.means import Means
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.staging.attestation import Voucher
from buildmill.master.domain.staging.resources import StagingAttestationResource
from buildmill.master.domain.staging.values import Checksum, Droplet, Job, MetadataChange


def update(tx: Transaction, guid: str, change: MetadataChange) -> Droplet:
    """Change labels and annotations. Raises StagingNotFound."""
    reading.get(tx, t.droplets, guid, "Droplet")
    notes.change(tx, guid, change)
    return reading.droplet(tx, guid)


def delete(tx: Transaction, guid: str, by: Means) -> Job:
    """Remove a droplet; an app whose current one it is has none afterwards. Raises StagingNotFound."""
    row = reading.get(tx, t.droplets, guid, "Droplet")
    a = t.apps.c
    using = t.apps.update().where(a.current_droplet_guid == guid).values(current_droplet_guid=None, updated_at=tx.now)
    for app in tx.sql.execute(using.returning(t.apps)).all():
        tx.emit(rows.app_resource(app).event("update"))
    notes.forget(tx, [guid])
    tx.sql.execute(t.droplets.delete().where(t.droplets.c.guid == guid))
    tx.emit(rows.droplet_resource(row).event("deleted"))
    return jobs.done(tx, by, "droplet.delete", "droplet", guid)


def attestation(connection: Connection, guid: str) -> StagingAttestationResource | None:
    """The statement about a droplet; None if there is none."""
    row = reading.find(connection, t.droplets, guid)
    if row is None or row.attestation is None:
        return None
    return StagingAttestationResource(attestation=row.attestation, droplet_guid=row.guid)


def attest(tx: Transaction, guid: str, package: Checksum, voucher: Voucher, worker: str) -> None:
    """Add the signed statement of who has made it; a droplet of `docker` has none.

    Args:
        package: what it was made of.
    """
    droplet = reading.droplet(tx, guid)
    if droplet.bits is None or droplet.build_guid is None:
        return
    text = voucher.attestation(droplet, reading.build(tx, droplet.build_guid), package, worker)
    tx.sql.execute(t.droplets.update().where(t.droplets.c.guid == guid).values(attestation=text))
    tx.emit(rows.droplet_resource(reading.get(tx, t.droplets, guid, "Droplet")).event("update"))
