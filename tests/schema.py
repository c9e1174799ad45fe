"""All tables, made once in each process and copied from then on: to make them takes longer than most tests."""

from __future__ import annotations

import functools
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from buildmill.master.db import tables as t
from buildmill.master.db.engine import create_engine


def create_schema(url: str) -> None:
    """Make all tables in an empty database."""
    engine = create_engine(make_url(url))
    fill(engine)
    engine.dispose()


def fill(engine: sa.Engine) -> None:
    """Make all tables in the empty database of `engine`."""
    if engine.dialect.name != "sqlite":
        t.metadata.create_all(engine)
        return
    with engine.connect() as connection:
        _driver(_pattern().connect()).backup(_driver(connection))


@functools.cache
def _pattern() -> sa.Engine:
    engine = create_engine(make_url("sqlite://"))
    t.metadata.create_all(engine)
    return engine


def _driver(connection: sa.Connection) -> Any:
    return connection.connection.dbapi_connection
