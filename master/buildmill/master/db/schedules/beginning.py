"""Triggers that hold: runs begin, many at a time, or are remembered until the present run has ended."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from buildmill.master.db.schedules import telling
from buildmill.master.db.schedules.rows import EVENTS, RUNS, SCHEDULES, run_of
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.schedules.values import ScheduleRun

RUN_RID = "ri.scheduler.main.run."
_s, _e = SCHEDULES.c, EVENTS.c
_BEGUN = Statement(
    SCHEDULES.update()
    .where(_s.id == sa.bindparam("schedule"))
    .values(active_run_rid=sa.bindparam("run"), run_count=_s.run_count + 1, pending=0)
)


def forget_events(tx: Transaction, schedule_ids: Collection[int]) -> None:
    """Let none of the events that these schedules wait for hold any more."""
    where = (_e.schedule_id.in_(schedule_ids), _e.happened_at.is_not(None))
    tx.sql.execute(EVENTS.update().where(*where).values(happened_at=None))


def fire(tx: Transaction, rows: Sequence[Any], times: Mapping[int, int]) -> None:
    """Run schedules whose triggers hold; one that is running already runs once more when that has ended.

    Args:
        rows: of schedules, locked, as they are now.
        times: by the id of a schedule, how often its trigger has held: whatever comes after the first run of it is
            remembered too, as one.
    """
    if not rows:
        return
    forget_events(tx, [row.id for row in rows])
    begin(tx, [row for row in rows if row.active_run_rid is None])
    pending = [row.id for row in rows if row.active_run_rid is not None or times[row.id] > 1]
    if pending:
        tx.sql.execute(SCHEDULES.update().where(_s.id.in_(pending)).values(pending=1))
    telling.schedules(tx, [row.id for row in rows])


def begin(tx: Transaction, rows: Sequence[Any], by: str | None = None) -> list[ScheduleRun]:
    """Add runs whose results are not known yet; who calls this tells of the schedules.

    Args:
        rows: of schedules, locked, which have no run in progress.
        by: id of the user who runs them by hand.
    """
    if not rows:
        return []
    values = [
        {
            "rid": RUN_RID + _uuid(f"{row.run_seed}:{row.run_count + 1}"),
            "schedule_rid": row.rid,
            "version_rid": row.version_rid,
            "created_at": tx.now,
            "created_by": by,
        }
        for row in rows
    ]
    # to have them returned in order would take a statement for each, on SQLite
    added = {row.rid: run_of(row) for row in tx.sql.execute(RUNS.insert().returning(RUNS), values)}
    runs = [added[each["rid"]] for each in values]
    tx.run_many(_BEGUN, [{"schedule": row.id, "run": run.rid} for row, run in zip(rows, runs, strict=True)])
    for run in runs:
        telling.run(tx, run, "new")
    return runs


def _uuid(text: str) -> str:
    """A UUID that looks random to those who do not know the text."""
    return str(uuid.UUID(bytes=hashlib.sha256(text.encode()).digest()[:16], version=4))
