"""Which history a PostgreSQL server writes: another one after a failover, when it may have lost the last commits."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from twisted.logger import Logger

from buildmill.common.errors import NotFound
from buildmill.master.db import state
from buildmill.master.db.transaction import Transaction

_log = Logger()

# the first eight digits of a segment's name; unlike the control file it is right at once after a promotion
_QUERY = "SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END"
INFO = "timeline"
"""Where a connection keeps what it was told."""

_KEY = ("Database", "postgresql", "timeline")


def watch(engine: sa.Engine) -> None:
    """Have each new connection of an engine compare the server's timeline with the one before, and tell a change."""
    known: list[int] = []

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, record: Any) -> None:
        number = _ask(connection)
        record.info[INFO] = number
        if number is not None:
            if known and known[0] != number:
                tell(known[0], number)
            known[:] = [number]


def note(tx: Transaction) -> tuple[int, int] | None:
    """Keep the timeline for the next start.

    Returns:
        The one at the last start and the present one, if they differ.
    """
    number = tx.sql.info.get(INFO)
    if number is None:
        return None
    try:
        known: int | None = int(state.get(tx, *_KEY))
    except NotFound:
        known = None
    if known != number:
        state.put(tx, *_KEY, number)
    return None if known in (None, number) else (known, number)


def _ask(connection: Any) -> int | None:
    """The timeline; None of a standby, and of a service that hides it."""
    import psycopg  # there it is loaded; masters with SQLite do without

    cursor = connection.cursor()
    try:
        cursor.execute(_QUERY)
        (digits,) = cursor.fetchone()
    except psycopg.Error as error:
        _log.info("PostgreSQL does not tell its timeline, a failover will not be noticed: {error}", error=error)
        digits = None
    finally:
        cursor.close()
        connection.rollback()
    return None if digits is None else int(digits, 16)


def tell(old: int, new: int) -> None:
    """Log it, for operators."""
    _log.warn(
        "PostgreSQL is on timeline {new} now, it was {old}: there was a failover, or a backup was restored. What was "
        "committed last may be lost; workers tell again what they still have",
        old=old,
        new=new,
    )
