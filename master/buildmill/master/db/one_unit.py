"""One unit of work for a command that has no reactor; a master may run beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa

from buildmill.master.db.engine import create_engine
from buildmill.master.db.schema import unusable
from buildmill.master.db.transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")


def run_blocking(
    url: sa.URL, now: int, unit: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run `unit(tx, *args)` in a transaction of its own. Its events are told to nobody.

    Args:
        now: seconds since the epoch.

    Raises:
        DatabaseUnusable: it cannot be had, or somebody else writes for too long.
    """
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            tx = Transaction(connection, now)
            result = unit(tx, *args, **kwargs)
            tx.prepare()
            return result
    except sa.exc.DBAPIError as problem:
        raise unusable(url, problem) from problem
    finally:
        engine.dispose()
