"""The database's schema: brought up to date by Alembic's revisions, and checked before a master uses it.

Nothing here runs in the reactor: the commands call it before a master starts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy as sa

from buildmill.common.errors import BuildmillError
from buildmill.master.db.engine import create_engine

HEAD: Final = "0017_log_horizons"
"""The revision that this version of Buildmill works with; written down, because Alembic takes long to import."""

_FOLDER = Path(__file__).with_name("migrations")
_VERSION_TABLE = "alembic_version"
# Two upgrades of one database at a time would both see the old revision.
_ADVISORY_LOCK = 0x6275696C646D696C


class SchemaOutOfDate(BuildmillError):
    """The tables are not those that this version works with; the message says how to mend it.

    Attributes:
        found: the database's revision; None if it has no tables of ours.
        wanted: the revision that this version needs.
    """

    def __init__(self, database: str, found: str | None) -> None:
        if found is None:
            what = f"{database} has no tables yet; make them with `buildmill upgrade-master`"
        elif found in _known_revisions():
            what = (
                f"the tables in {database} are of an older version (revision {found}, wanted {HEAD}); "
                "stop every master that uses it, back it up, then run `buildmill upgrade-master`"
            )
        else:
            what = (
                f"the tables in {database} were made by a newer version (revision {found}, this one knows {HEAD}); "
                "install that version, or restore a backup from before its upgrade"
            )
        super().__init__(what)
        self.found = found
        self.wanted = HEAD


class DatabaseUnusable(BuildmillError):
    """The database cannot be opened, or refuses what was asked; the message has the driver's words."""


def upgrade(url: sa.URL) -> None:
    """Bring the tables up to date, all or nothing: one transaction from whatever is there, even from nothing.

    Blocking. Safe to call while another process does the same. No master may be using an older schema meanwhile.

    Raises:
        SchemaOutOfDate: a newer version made the tables.
        DatabaseUnusable: no connection, no permission to write there, or tables of somebody else in the way.
    """
    from alembic import command
    from alembic.config import Config

    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            if url.get_backend_name() == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
            found = _revision(connection)
            if found == HEAD:
                return
            if found is not None and found not in _known_revisions():
                raise SchemaOutOfDate(describe(url), found)
            config = Config()
            config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except sa.exc.DBAPIError as problem:
        raise unusable(url, problem) from problem
    finally:
        engine.dispose()


def check(url: sa.URL) -> None:
    """Make sure that the tables are those that this version works with.

    Blocking, quick: one query.

    Raises:
        SchemaOutOfDate: there are none yet, or older, or newer ones.
        DatabaseUnusable: no connection.
    """
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        raise SchemaOutOfDate(describe(url), None)  # opening it would make an empty file
    engine = create_engine(url, read_only=True)
    try:
        with engine.connect() as connection:
            found = _revision(connection)
    except sa.exc.DBAPIError as problem:
        raise unusable(url, problem) from problem
    finally:
        engine.dispose()
    if found != HEAD:
        raise SchemaOutOfDate(describe(url), found)


def describe(url: sa.URL) -> str:
    """A database's address for people: the path of a SQLite file, else the URL without its password."""
    if url.get_backend_name() == "sqlite" and url.database:
        return url.database
    return url.render_as_string(hide_password=True)


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(_VERSION_TABLE):
        return None
    found = connection.execute(sa.text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()  # noqa: S608  # a constant
    return None if found is None else str(found)


def _known_revisions() -> frozenset[str]:
    """All revisions up to ours: each is a file whose name begins with ``v``."""
    return frozenset(file.stem.removeprefix("v") for file in (_FOLDER / "versions").glob("v*.py"))


def unusable(url: sa.URL, problem: sa.exc.DBAPIError) -> DatabaseUnusable:
    """A driver's error as ours, with the driver's words."""
    return DatabaseUnusable(f"cannot use the database {describe(url)}: {str(problem.orig).strip()}")
