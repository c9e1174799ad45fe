"""What units of work about staging are done with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.staging.attestation import Voucher
from buildmill.master.domain.staging.configuration import StagingConfig
from buildmill.master.domain.staging.guids import RandomBytes, new_guid


@dataclass(frozen=True, slots=True)
class Means:
    """Who writes, by which rules.

    Attributes:
        config: what the configuration in force says.
        voucher: makes the statements about droplets; None before staging was switched on.
    """

    master_id: int
    config: StagingConfig
    random_bytes: RandomBytes
    voucher: Voucher | None = None

    def guid(self) -> str:
        """One that nobody has had."""
        return new_guid(self.random_bytes)


def add(tx: Transaction, table: sa.Table, guid: str, **values: Any) -> Any:
    """Add a row that begins now; returns it."""
    times = {"created_at": tx.now, "updated_at": tx.now}
    return tx.sql.execute(table.insert().values(guid=guid, **times, **values).returning(table)).one()


def change(tx: Transaction, table: sa.Table, guid: str, *conditions: sa.ColumnElement[bool], **values: Any) -> Any:
    """Write some columns of a row, if these conditions hold; returns it, or None if they do not."""
    query = table.update().where(table.c.guid == guid, *conditions).values(updated_at=tx.now, **values)
    return tx.sql.execute(query.returning(table)).one_or_none()
