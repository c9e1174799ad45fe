"""What schedules wait for: events, in the transactions in which they happen, and times.

So a fire is never lost and never made twice: the master that dies has written both the event and what is left to do
about it, or neither. Locks on schedules are taken in the order of their ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from buildmill.master.db.schedules import beginning, firing, inbox, telling
from buildmill.master.db.schedules.rows import RUNS, SCHEDULES, VERSIONS, trigger_of
from buildmill.master.db.statement import Statement
from buildmill.master.db.tables_of_schedules import settings
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.schedules.triggers import Happening, Trigger, holds, next_instant
from buildmill.master.domain.schedules.values import RunOutcome, RunResult

PAUSE_AFTER = "pause_after"
LATE_SECONDS = 60
"""A time that is older when it is looked at was missed: whoever should have, was not there."""
_AT_ONCE = 50
_s, _v, _r = SCHEDULES.c, VERSIONS.c, RUNS.c
_TICKED = Statement(
    SCHEDULES.update()
    .where(_s.id == sa.bindparam("schedule"))
    .values(next_due_at=sa.bindparam("due"), missed_at=sa.func.coalesce(sa.bindparam("missed"), _s.missed_at))
)


def happened(tx: Transaction, *happenings: Happening) -> None:
    """Tell all schedules that wait for it of something that has happened in this transaction.

    Those whose whole trigger holds by it fire when they look at it: see `inbox`. Paused ones hear nothing.
    """
    for happening in happenings:
        inbox.tell(tx, happening)


# -- results ---------------------------------------------------------------------------


def run_resolved(tx: Transaction, run_rid: str, schedule_rid: str, result: RunResult) -> bool:
    """A run has a result: it is written, once, and what follows of it happens.

    Returns:
        Whether it had none before; otherwise nothing was done.
    """
    if not firing.write_result(tx, run_rid, result):
        return False
    if result.outcome is RunOutcome.SUBMITTED:
        return True  # it goes on until its build ends
    if result.outcome is RunOutcome.ERROR:
        _failed(tx, schedule_rid)
    firing.end(tx, schedule_rid, run_rid)
    return True


def build_ended(tx: Transaction, build_rid: str, schedule_rid: str | None, status: str) -> None:
    """A build of jobs has ended in this transaction.

    Args:
        schedule_rid: of the schedule that has asked for it; None for others.
        status: ``SUCCEEDED``, ``FAILED`` or ``CANCELED``.
    """
    if schedule_rid is None:
        return
    if status == "SUCCEEDED":
        if firing.count_success(tx, schedule_rid):
            resume(tx, schedule_rid)
        happened(tx, Happening("scheduleSucceeded", schedule_rid))
    elif status == "FAILED":
        _failed(tx, schedule_rid)
    run_rid = tx.sql.execute(sa.select(_r.rid).where(_r.build_rid == build_rid)).scalar()
    if run_rid is not None:
        firing.end(tx, schedule_rid, run_rid)


def _failed(tx: Transaction, schedule_rid: str) -> None:
    firing.count_failure(tx, schedule_rid, pause_after(tx))
    happened(tx, Happening("scheduleFailed", schedule_rid))


def resume(tx: Transaction, schedule_rid: str) -> None:
    """Let a schedule see events and times from now on; one that is not paused is left as it is.

    Raises:
        NotFound: there is none.
    """
    row = firing.locked(tx, schedule_rid)
    if not row.paused_by:
        return
    text = tx.sql.execute(sa.select(_v.trigger).where(_v.rid == row.version_rid)).scalar_one()
    due = due_after(trigger_of(text), tx.now)
    tx.sql.execute(SCHEDULES.update().where(_s.id == row.id).values(paused_by="", failures=0, next_due_at=due))
    telling.schedule(tx, schedule_rid, "updated")


# -- times -----------------------------------------------------------------------------


def due_after(trigger: Trigger, now: int) -> int | None:
    """When a time of a trigger is due next, after `now`; None where there is none. Seconds since the epoch."""
    found = next_instant(trigger, datetime.fromtimestamp(now, UTC))
    return None if found is None else int(found.timestamp())


def next_due(connection: Connection) -> int | None:
    """When the next schedule is due."""
    found = connection.sql.execute(sa.select(sa.func.min(_s.next_due_at))).scalar()
    return None if found is None else int(found)


def tick(tx: Transaction, missed_before: int = 0) -> int:
    """Look at all schedules with a time that has come; returns how many there were.

    Args:
        missed_before: times before this one were missed: no master was there.
    """
    query = sa.select(_s.id).where(_s.next_due_at <= tx.now).order_by(_s.id).limit(_AT_ONCE)
    found = tx.sql.execute(query).scalars().all()
    if found:
        _tick(tx, found, max(missed_before, tx.now - LATE_SECONDS))
    return len(found)


def _tick(tx: Transaction, schedule_ids: Sequence[int], missed_before: int) -> None:
    rows = inbox.lock(tx, schedule_ids)
    if inbox.look(tx, rows):
        rows = inbox.lock(tx, schedule_ids)
    # another master may have been quicker, so it is looked at again under the lock
    due = [row for row in rows if not row.paused_by and row.next_due_at is not None and row.next_due_at <= tx.now]
    waiting = inbox.waiting(tx, due)
    fired, ticked = [], []
    for row in due:
        state, is_missed = waiting[row.id], row.next_due_at < missed_before
        if not is_missed and holds(state.trigger, state.happened, datetime.fromtimestamp(row.next_due_at, UTC)):
            fired.append(row)
        after = due_after(state.trigger, max(row.next_due_at, missed_before - 1))
        ticked.append({"schedule": row.id, "due": after, "missed": row.next_due_at if is_missed else None})
    if ticked:
        tx.run_many(_TICKED, ticked)
    beginning.fire(tx, fired, {row.id: 1 for row in fired})


# -- settings --------------------------------------------------------------------------


def set_pause_after(tx: Transaction, failures: int | None) -> None:
    """From now on a schedule is paused after so many failures, one after the other; with None never."""
    tx.sql.execute(settings.delete().where(settings.c.name == PAUSE_AFTER))
    if failures is not None:
        tx.sql.execute(settings.insert().values(name=PAUSE_AFTER, value=failures))


def pause_after(connection: Connection) -> int | None:
    """What `set_pause_after` has set."""
    query = sa.select(settings.c.value).where(settings.c.name == PAUSE_AFTER)
    found: int | None = connection.sql.execute(query).scalar()
    return found
