"""What the groups of update methods write with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from twisted.internet.defer import Deferred

from buildmill.master.db.database import Database
from buildmill.master.db.transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")

Around = Callable[..., Any]
"""``f(tx, unit, *args)``: runs the unit and returns its result, with more in the same transaction."""


class Writing:
    """Base of the groups.

    Args:
        database: where they write.
        patient: wait while the database cannot be written; otherwise `Unavailable` is raised.
        around: runs each unit; None where nothing more is to be done.
    """

    def __init__(self, database: Database, *, patient: bool, around: Around | None = None) -> None:
        self._database = database
        self._offer = database.write if patient else database.offer
        self._patient = patient
        self._around = around

    def _write(self, unit: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        if self._around is None:
            return self._offer(unit, *args, **kwargs)
        return self._offer(self._around, unit, *args, **kwargs)
