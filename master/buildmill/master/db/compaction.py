"""Giving space back that deleted rows have left. Blocking; for commands, while no master runs."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from buildmill.master.db.engine import create_engine
from buildmill.master.db.schema import unusable


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Bytes of the database, with its indexes, before and after."""

    before: int
    after: int


def compact_blocking(url: sa.URL, *, rewrites: bool = False) -> Sizes:
    """Compact a database and renew the statistics of its planner.

    Args:
        rewrites: on PostgreSQL write all tables anew, under a lock; SQLite always does.

    Raises:
        DatabaseUnusable: it cannot be had, or somebody else uses it.
    """
    engine = create_engine(url).execution_options(isolation_level="AUTOCOMMIT")
    is_sqlite = engine.dialect.name == "sqlite"
    commands = ["PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"]
    if not is_sqlite:
        commands = ["VACUUM (FULL, ANALYZE)" if rewrites else "VACUUM (ANALYZE)"]
    try:
        with engine.connect() as connection:
            before = _size(connection, is_sqlite)
            # past SQLAlchemy, which would begin a transaction: these commands run outside of any
            driver = connection.connection.dbapi_connection
            assert driver is not None
            if not is_sqlite:
                connection.rollback()
                driver.autocommit = True
            else:
                driver.rollback()
            cursor = driver.cursor()
            for command in commands:
                cursor.execute(command)
            cursor.close()
            return Sizes(before=before, after=_size(connection, is_sqlite))
    except sa.exc.DBAPIError as problem:
        raise unusable(url, problem) from problem
    finally:
        engine.dispose()


def _size(connection: sa.Connection, is_sqlite: bool) -> int:
    query = "SELECT pg_database_size(current_database())"
    if is_sqlite:
        query = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    return int(connection.execute(sa.text(query)).scalar_one())
