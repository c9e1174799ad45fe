"""A throwaway PostgreSQL server for the tests: unix socket only, nothing is flushed to disk."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

USER = "buildmill"
DEADLINE_SECONDS = 60.0
# Speed instead of safety: the data lives no longer than the run.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "autovacuum": "off",
}


def find_programs() -> Path | None:
    """The folder of `initdb` and `postgres`, or None where PostgreSQL's server is not installed.

    Debian keeps the server's programs out of PATH, in a folder per version; the newest is taken.
    """
    candidates = [Path(p).parent for p in (shutil.which("postgres"),) if p]
    if config := shutil.which("pg_config"):
        answer = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        candidates.append(Path(answer.stdout.strip()))
    versions = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if p.parent.name.isdigit()]
    candidates += sorted(versions, key=lambda p: int(p.parent.name), reverse=True)
    return next((c for c in candidates if (c / "initdb").exists() and (c / "postgres").exists()), None)


# What a commit promises holds when the server is killed.
SAFE = {**SETTINGS, "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


# Quicker than a new database by far: nearly all tables of a test are empty.
EMPTY = """
DO $$
DECLARE thing record; has_rows boolean;
BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica;  -- in any order
    FOR thing IN SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE 'SELECT EXISTS (SELECT FROM ' || thing.name || ')' INTO has_rows;
        IF has_rows THEN EXECUTE 'DELETE FROM ' || thing.name; END IF;
    END LOOP;
    FOR thing IN SELECT format('%I.%I', schemaname, sequencename) AS name FROM pg_sequences
            WHERE last_value IS NOT NULL LOOP
        PERFORM setval(thing.name, 1, false);
    END LOOP;
END $$
"""


class Cluster:
    """A running server, and the databases in it.

    Args:
        launch: starts the server's main process.

    Attributes:
        socket_folder: where its socket is.
        data: the server's files.
    """

    def __init__(
        self, launch: Callable[[], subprocess.Popen[bytes]], socket_folder: Path, log: Path, data: Path
    ) -> None:
        self._launch = launch
        self.data = data
        self._server: subprocess.Popen[bytes] | None = None
        self.socket_folder = socket_folder
        self._log = log
        self._numbers = iter(range(1, 1_000_000))
        self._templates: dict[str, str] = {}
        self._lendable: dict[str, list[str]] = {}

    @property
    def pid(self) -> int:
        """The server's main process."""
        assert self._server is not None
        return self._server.pid

    def start(self) -> None:
        """Start the server, and wait until it takes connections."""
        self._server = self._launch()
        self.wait_until_ready(self._server)

    def stop(self) -> None:
        """End the server at once, as a crash would."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait(DEADLINE_SECONDS)
            self._server = None

    def start_as_after_failover(self) -> None:
        """Start the stopped server as one that was promoted: with another timeline."""
        with open(self.data / "postgresql.auto.conf", "a") as settings:
            settings.write("restore_command = 'false'\n")
        (self.data / "recovery.signal").touch()
        self.start()
        until = time.monotonic() + DEADLINE_SECONDS
        with self._connect("postgres") as connection:
            while connection.execute("SELECT pg_is_in_recovery()").fetchone() != (False,):
                assert time.monotonic() < until, self._log.read_text()
                time.sleep(0.02)

    def terminate_connections(self, database: str) -> None:
        """Have the server end every connection to a database."""
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        with self._connect("postgres") as connection:
            connection.execute(query, [database])

    def url(self, database: str, socket_folder: Path | None = None) -> str:
        """SQLAlchemy's address of `database`; by a proxy, if that has its socket in a folder of its own."""
        return f"postgresql+psycopg://{USER}@/{database}?host={quote(str(socket_folder or self.socket_folder))}"

    def create_database(self, template: str = "template0") -> str:
        """Make a database as a copy of `template`; returns its name."""
        name = f"test{next(self._numbers)}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'")
        with self._connect("postgres") as connection:
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def create_filled(self, key: str, fill: Callable[[str], None]) -> str:
        """Make a database like the one that `fill(url)` makes; `fill` runs once for each `key`."""
        if key not in self._templates:
            name = self.create_database()
            fill(self.url(name))
            self._templates[key] = name
        return self.create_database(self._templates[key])

    def borrow(self, key: str, fill: Callable[[str], None]) -> str:
        """The same, or one that was given back: what `fill` makes may not have rows."""
        lendable = self._lendable.setdefault(key, [])
        return lendable.pop() if lendable else self.create_filled(key, fill)

    def give_back(self, key: str, name: str) -> None:
        """Take everything out of a borrowed database, and throw out whoever is still connected."""
        with self._connect(name) as connection:
            connection.execute(EMPTY)
        self._lendable[key].append(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, and throw out whoever is still connected."""
        with self._connect("postgres") as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def wait_until_ready(self, server: subprocess.Popen[bytes]) -> None:
        """Return once the server takes connections."""
        until = time.monotonic() + DEADLINE_SECONDS
        while True:
            try:
                self._connect("postgres").close()
                return
            except psycopg.OperationalError:
                if server.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"PostgreSQL did not start:\n{self._log.read_text()}") from None
                time.sleep(0.02)

    def _connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(host=str(self.socket_folder), user=USER, dbname=database, autocommit=True)


@contextmanager
def running_cluster(programs: Path, settings: Mapping[str, str] = SETTINGS) -> Iterator[Cluster]:
    """Initialise a server in a temporary folder, run it, remove it.

    As root it runs as user `postgres`, because it refuses to run as root. It ends with this process
    even if that is killed.
    """
    root = Path(tempfile.mkdtemp(prefix="buildmill-pg-"))  # short: a socket's path has at most 107 bytes
    as_user: list[str] = []
    if os.getuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(root, user.pw_uid, user.pw_gid)
        as_user = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    setpriv = ["setpriv", *as_user, "--pdeathsig=QUIT"] if shutil.which("setpriv") else []
    data, log = root / "data", root / "log"
    initialise = ["-A", "trust", "-U", USER, "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
    subprocess.run([*setpriv, programs / "initdb", "-D", data, *initialise], check=True, cwd="/", capture_output=True)
    options = [f"--{name}={value}" for name, value in settings.items()]

    def launch() -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                [*setpriv, programs / "postgres", "-D", data, "-k", root, *options],
                cwd="/",
                stdout=output,
                stderr=output,
            )

    cluster = Cluster(launch, root, log, data)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()  # at once; there is nothing worth a clean end
        shutil.rmtree(root, ignore_errors=True)
