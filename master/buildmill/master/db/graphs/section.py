"""The section that all writers of job graphs pass one by one, whatever process they are in."""

from __future__ import annotations

import sqlalchemy as sa

from buildmill.master.db.transaction import Transaction

_ADVISORY_LOCK = 0x6A6F6267726170


def enter(tx: Transaction) -> None:
    """Wait until no other process selects, starts or ends jobs; lasts until the end of the transaction.

    SQLite has one writer at a time anyway.
    """
    if tx.is_postgresql:
        tx.sql.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
