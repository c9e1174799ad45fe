"""Stops a question that takes too long, in the database itself.

SQLite is asked every few thousand of its steps whether to go on; PostgreSQL has a time-out for each statement, set in
the session and left there until another one is wanted, so that it costs a round trip only then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa

from buildmill.master.domain.allowance import TookTooLong

_STEPS: Final = 5_000  # of SQLite's virtual machine: some tenths of a millisecond
_SQLITE_INTERRUPT: Final = 9
_POSTGRESQL_CANCELED: Final = "57014"
_SET: Final = "read time-out"
"""Where the time-out of the session is, in the ``info`` of SQLAlchemy's connection."""


@contextmanager
def limited(connection: sa.Connection, seconds: float | None, monotonic: Callable[[], float]) -> Iterator[None]:
    """Stop what the block asks of a connection when its time is over.

    Args:
        seconds: None for no limit.

    Raises:
        TookTooLong: it was stopped.
    """
    if connection.dialect.name == "postgresql":
        _set_time_out(connection, seconds)
        with _told(connection, seconds):
            yield
        return
    if seconds is None:
        yield
        return
    driver: Any = connection.connection.dbapi_connection
    end = monotonic() + seconds
    driver.set_progress_handler(lambda: monotonic() > end, _STEPS)
    try:
        with _told(connection, seconds):
            yield
    finally:
        driver.set_progress_handler(None, 0)


def _set_time_out(connection: sa.Connection, seconds: float | None) -> None:
    wanted = 0 if seconds is None else int(seconds * 1000)
    if connection.info.get(_SET, 0) != wanted:
        connection.exec_driver_sql(f"SET statement_timeout = {wanted}")
        connection.info[_SET] = wanted


@contextmanager
def _told(connection: sa.Connection, seconds: float | None) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        connection.info.pop(_SET, None)  # the transaction is rolled back, and with it what it has set
        if seconds is not None and _was_stopped(error):
            raise TookTooLong(seconds) from error
        raise


def _was_stopped(error: BaseException) -> bool:
    cause: Any = getattr(error, "orig", None) or error
    if getattr(cause, "sqlstate", None) == _POSTGRESQL_CANCELED:
        return True
    code = getattr(cause, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == _SQLITE_INTERRUPT
