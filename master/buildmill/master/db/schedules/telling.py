"""Events about schedules and their runs."""

from __future__ import annotations

from collections.abc import Collection

from buildmill.master.db.schedules.rows import SCHEDULES, WITH_VERSION, schedule_of
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.schedules.resources import resource_of, run_resource_of
from buildmill.master.domain.schedules.values import ScheduleRun


def schedule(tx: Transaction, rid: str, name: str) -> None:
    """The event `name` about a schedule as it is now in this transaction."""
    row = tx.sql.execute(WITH_VERSION.where(SCHEDULES.c.rid == rid)).one()
    tx.emit(resource_of(schedule_of(row)).event(name))


def schedules(tx: Transaction, ids: Collection[int]) -> None:
    """The event ``updated`` about several, by the ids of their rows."""
    query = WITH_VERSION.where(SCHEDULES.c.id.in_(ids)).order_by(SCHEDULES.c.id)
    tx.emit(*(resource_of(schedule_of(row)).event("updated") for row in tx.sql.execute(query)))


def run(tx: Transaction, value: ScheduleRun, name: str) -> None:
    """The event `name` about a run."""
    tx.emit(run_resource_of(value).event(name))
