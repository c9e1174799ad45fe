"""How to reach a database: an SQLAlchemy engine with the settings that the writer and the readers rely on."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.pool import StaticPool

from buildmill.common.errors import InvalidInput
from buildmill.master.db import timeline

BUSY_TIMEOUT_MS = 30_000


def parse_url(url: str, basedir: str) -> sa.URL:
    """Check a database URL; a relative SQLite path is taken from the master's directory `basedir`.

    Raises:
        InvalidInput: neither SQLite nor PostgreSQL, or not a URL.
    """
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError as error:
        raise InvalidInput("db_url", f"expected a database URL, got {url!r}") from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if parsed.database and parsed.database != ":memory:" and not parsed.database.startswith("/"):
            parsed = parsed.set(database=f"{basedir}/{parsed.database}")
        return parsed.set(drivername="sqlite")
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise InvalidInput("db_url", f"expected sqlite: or postgresql:, got {backend}:")


def create_engine(url: sa.URL, *, read_only: bool = False, standstill_seconds: int | None = None) -> sa.Engine:
    """An engine whose transactions begin where we say so, with durable commits.

    SQLite: WAL, ``synchronous=FULL`` (group commit pays for it), foreign keys on, ``BEGIN IMMEDIATE``.
    PostgreSQL: READ COMMITTED, server-side prepared statements after five uses.

    Args:
        read_only: connections that refuse to write and, on SQLite, never wait for the writer.
        standstill_seconds: PostgreSQL gives up a transaction, and its connection, in which nothing was asked for so
            long: what it has locked, other masters need.
    """
    if url.get_backend_name() == "postgresql":
        options = "-c default_transaction_read_only=on" if read_only else ""
        if standstill_seconds is not None:
            options += f" -c idle_in_transaction_session_timeout={standstill_seconds}s"
        engine = sa.create_engine(url, connect_args={"application_name": "buildmill", "options": options})
        if not read_only:
            timeline.watch(engine)
        return engine
    memory = not url.database or url.database == ":memory:"
    arguments: dict[str, Any] = {"connect_args": {"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000}}
    if memory:
        arguments["poolclass"] = StaticPool
    engine = sa.create_engine(url, **arguments)

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        cursor = connection.cursor()
        if not memory:
            cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA cache_size=-65536")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        # past SQLAlchemy, which spends ten times as long on it as SQLite does
        driver: Any = connection.connection.dbapi_connection
        driver.execute("BEGIN" if memory or read_only else "BEGIN IMMEDIATE")

    return engine
