"""`DbConfig`: values in the master's database that a configuration reads, and writes, while it is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from buildmill.common.errors import NotFound
from buildmill.master.config.master_config import MasterConfig
from buildmill.master.db import schema, state
from buildmill.master.db.engine import create_engine, parse_url
from buildmill.master.db.transaction import Connection, Transaction

_CLASS = "DbConfig"
_MISSING = object()


class DbConfig:
    """A few values by name, kept in the database that the configuration names.

    Args:
        BuildmasterConfig: the configuration's dictionary; its ``db_url``, or ``db``, must be set before.
        basedir: the master's directory.
        name: tells several sets of values apart.
    """

    def __init__(self, BuildmasterConfig: Mapping[str, Any], basedir: str, name: str = "config") -> None:
        self._config = BuildmasterConfig
        self._basedir = basedir
        self.name = name

    def get(self, name: str, default: Any = _MISSING) -> Any:
        """A value.

        Raises:
            KeyError: there is none, and no default. That is so, too, as long as the database has no tables.
        """
        url = self._url()
        try:
            schema.check(url)
            engine = create_engine(url, read_only=True)
            try:
                with engine.connect() as sql, sql.begin():
                    return state.get(Connection(sql), _CLASS, self.name, name)
            finally:
                engine.dispose()
        except (NotFound, schema.SchemaOutOfDate):
            if default is _MISSING:
                raise KeyError(name) from None
            return default

    def set(self, name: str, value: Any) -> None:
        """Keep a value that JSON can hold. Raises SchemaOutOfDate before the database has its tables."""
        url = self._url()
        schema.check(url)
        engine = create_engine(url)
        try:
            with engine.connect() as sql, sql.begin():
                state.put(Transaction(sql, 0), _CLASS, self.name, name, value)
        finally:
            engine.dispose()

    def _url(self) -> sa.URL:
        given = (self._config.get("db") or {}).get("db_url") or self._config.get("db_url") or MasterConfig.db_url
        return parse_url(given, str(Path(self._basedir).absolute()))
