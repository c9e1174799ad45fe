"""Runs of schedules: how one ends, what comes behind it, and runs by hand.

A schedule has one run in progress at most: one whose result is not known yet, or whose build has not ended. A fire
meanwhile is remembered, once, in its row. All of it happens in the transaction of what has caused it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from buildmill.common.errors import NotFound
from buildmill.common.failpoints import failpoint
from buildmill.master.db.schedules import beginning, inbox, telling
from buildmill.master.db.schedules.rows import RUNS, SCHEDULES, run_of
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.schedules.refusals import AlreadyRunning
from buildmill.master.domain.schedules.values import PausedBy, RunOutcome, RunResult, ScheduleRun

_s, _r = SCHEDULES.c, RUNS.c


def locked(tx: Transaction, rid: str) -> Any:
    """The row of a schedule, which nobody else changes before this transaction ends; it has looked at all it was told.

    Raises:
        NotFound: there is none.
    """
    row = _locked(tx, rid)
    if row is None:
        raise NotFound(f"no schedule {rid}")
    return row


def _locked(tx: Transaction, rid: str) -> Any:
    query = sa.select(SCHEDULES).where(_s.rid == rid)
    row = tx.sql.execute(query.with_for_update(key_share=True)).one_or_none()
    if row is not None and inbox.look(tx, [row]):
        row = tx.sql.execute(query).one()
    return row


def run_by_hand(tx: Transaction, rid: str, by: str) -> ScheduleRun:
    """Run a schedule, whatever its trigger says, and though it is paused.

    Raises:
        NotFound: there is none.
        AlreadyRunning: a run is in progress.
    """
    row = locked(tx, rid)
    if row.active_run_rid is not None:
        raise AlreadyRunning(rid)
    (run,) = beginning.begin(tx, [row], by)
    telling.schedule(tx, rid, "updated")
    return run


def end(tx: Transaction, schedule_rid: str, run_rid: str) -> None:
    """The run in progress is over: do the fire that was remembered."""
    row = _locked(tx, schedule_rid)
    if row is None or row.active_run_rid != run_rid:
        return
    if row.pending:
        beginning.begin(tx, [row])
    else:
        tx.sql.execute(SCHEDULES.update().where(_s.id == row.id).values(active_run_rid=None))
    telling.schedule(tx, schedule_rid, "updated")
    if row.pending:
        failpoint("master.fire_is_done")


def write_result(tx: Transaction, run_rid: str, result: RunResult) -> bool:
    """Write what a run has come to, unless that is known; whether it was written."""
    values = {
        "outcome": str(result.outcome), "build_rid": result.build_rid, "description": result.description or None,
        "error": None if result.error is None else str(result.error),
    }  # fmt: skip
    where = (_r.rid == run_rid, _r.outcome.is_(None))
    row = tx.sql.execute(RUNS.update().where(*where).values(**values).returning(RUNS)).one_or_none()
    if row is None:
        return False
    telling.run(tx, run_of(row), "finished" if result.outcome is not RunOutcome.SUBMITTED else "submitted")
    return True


def count_failure(tx: Transaction, schedule_rid: str, most: int | None) -> None:
    """A run has failed; a schedule with too many of them, one after the other, is paused.

    Args:
        most: so many; None for without limit.
    """
    _locked(tx, schedule_rid)
    where = SCHEDULES.update().where(_s.rid == schedule_rid)
    counted = where.values(failures=_s.failures + 1).returning(_s.id, _s.failures, _s.paused_by)
    row = tx.sql.execute(counted).one_or_none()
    if row is not None and most is not None and row.failures >= most and not row.paused_by:
        pause(tx, row.id, PausedBy.FAILURES)


def count_success(tx: Transaction, schedule_rid: str) -> bool:
    """A run has succeeded; whether its schedule was paused for failures, and has to be set going again."""
    where = SCHEDULES.update().where(_s.rid == schedule_rid)
    row = tx.sql.execute(where.values(failures=0).returning(_s.paused_by)).one_or_none()
    return row is not None and row.paused_by == PausedBy.FAILURES


def pause(tx: Transaction, schedule_id: int, by: PausedBy) -> None:
    """Let a schedule, which has looked at all it was told, see no event and no time; what it has seen is forgotten."""
    beginning.forget_events(tx, [schedule_id])
    values = {"paused_by": str(by), "next_due_at": None, "pending": 0}
    tx.sql.execute(SCHEDULES.update().where(_s.id == schedule_id).values(**values))
