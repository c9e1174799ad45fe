"""Noticing that somebody has committed something: LISTEN on PostgreSQL, ``PRAGMA data_version`` on SQLite.

Each has a thread and a connection of its own, and never says why: whoever is woken looks.
"""

from __future__ import annotations

import os
import select
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy as sa
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger

from buildmill.master.db.outbox import CHANNEL

BUSY_SECONDS: Final = 0.01
IDLE_SECONDS: Final = 0.04
"""How often SQLite is asked: soon after a commit, and when none was for `BUSY_FOR_SECONDS`."""
BUSY_FOR_SECONDS: Final = 1.0
RECONNECT_SECONDS: Final = 1.0


def waker_for(url: sa.URL, reactor: IReactorFromThreads) -> ThreadWaker:
    """The waker for a database."""
    if url.get_backend_name() == "postgresql":
        return PostgresWaker(url, reactor)
    return SqliteWaker(url, reactor)


class ThreadWaker:
    """Runs `_watch_blocking` in a thread until it is stopped.

    Args:
        reactor: gets the calls.
        error: what the database raises.

    Attributes:
        reconnect_seconds: how long is waited after an error of the database.
    """

    _log = Logger()

    def __init__(self, url: sa.URL, reactor: IReactorFromThreads, error: type[Exception]) -> None:
        self._error = error
        self._url = url
        self._reactor = reactor
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._ended: Deferred[None] = Deferred()
        self._wake: Callable[[], None] = lambda: None
        self._is_told = threading.Event()
        self.reconnect_seconds = RECONNECT_SECONDS

    def start(self, wake: Callable[[], None]) -> None:
        """Call `wake` in the reactor's thread after commits."""
        self._wake = wake
        self._thread = threading.Thread(target=self._run, name="db-waker", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Call it no more; returns when the thread has ended."""
        self._stopping.set()
        self._interrupt()
        if self._thread is not None:
            await self._ended
            self._thread.join()
            self._thread = None

    def _interrupt(self) -> None:
        """Have the thread look at `_stopping`."""

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._watch_blocking()
            except (self._error, OSError) as error:
                self._log.info("commits of others are not noticed at once: {error}", error=str(error).strip())
                self._stopping.wait(self.reconnect_seconds)
        self._reactor.callFromThread(self._ended.callback, None)

    def _watch_blocking(self) -> None:
        """Tell of commits until `_stopping` is set, or an error of the database ends it."""
        raise NotImplementedError

    def _tell(self) -> None:
        """Wake the reactor, once for all commits that it has not heard of yet."""
        if not self._is_told.is_set():
            self._is_told.set()
            self._reactor.callFromThread(self._woken)

    def _woken(self) -> None:
        self._is_told.clear()
        if not self._stopping.is_set():
            self._wake()


class SqliteWaker(ThreadWaker):
    """Asks again and again: a few microseconds each."""

    def __init__(self, url: sa.URL, reactor: IReactorFromThreads) -> None:
        super().__init__(url, reactor, sqlite3.Error)

    def _watch_blocking(self) -> None:
        connection = sqlite3.connect(f"file:{quote(str(self._url.database))}?mode=ro", uri=True)
        try:
            known, quiet = self._version(connection), 0.0
            self._tell()
            while not self._stopping.wait(BUSY_SECONDS if quiet < BUSY_FOR_SECONDS else IDLE_SECONDS):
                version = self._version(connection)
                quiet = 0.0 if version != known else quiet + BUSY_SECONDS
                if version != known:
                    known = version
                    self._tell()
        finally:
            connection.close()

    @staticmethod
    def _version(connection: sqlite3.Connection) -> Any:
        return connection.execute("PRAGMA data_version").fetchone()


class PostgresWaker(ThreadWaker):
    """Is told by the server."""

    def __init__(self, url: sa.URL, reactor: IReactorFromThreads) -> None:
        import psycopg  # here it is loaded in any case; masters with SQLite do without

        super().__init__(url, reactor, psycopg.Error)
        self._reading, self._writing = os.pipe()

    def _interrupt(self) -> None:
        os.write(self._writing, b"x")

    async def stop(self) -> None:
        """As `ThreadWaker.stop`."""
        await super().stop()
        os.close(self._reading)
        os.close(self._writing)

    def _watch_blocking(self) -> None:
        engine = sa.create_engine(self._url, connect_args={"autocommit": True, "application_name": "buildmill-events"})
        try:
            with engine.connect() as held:
                connection: Any = held.connection.dbapi_connection
                connection.execute(f"LISTEN {CHANNEL}")
                self._tell()  # what was told before is not repeated
                while not self._stopping.is_set():
                    ready, _, _ = select.select([connection.fileno(), self._reading], [], [], 60.0)
                    if connection.fileno() in ready:
                        connection.pgconn.consume_input()
                        is_told = False
                        while connection.pgconn.notifies() is not None:
                            is_told = True
                        if is_told:
                            self._tell()
        finally:
            engine.dispose()
