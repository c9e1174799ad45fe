"""Jobs: what goes on, or went on, behind an answer of the v3 API."""

from __future__ import annotations

from collections.abc import Sequence

from buildmill.master.db import tables_of_staging as t
from buildmill.master.db.staging import means, reading, rows
from buildmill.master.db.staging.means import Means
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.staging.errors import InvalidResult
from buildmill.master.domain.staging.values import Job, JobError, JobState

KEPT_SECONDS = 7 * 24 * 3600


def add(tx: Transaction, by: Means, operation: str, kind: str, guid: str, state: JobState) -> Job:
    """A job, as ``app.delete`` of an app."""
    row = means.add(
        tx, t.jobs, by.guid(), operation=operation, state=str(state), resource_kind=kind, resource_guid=guid
    )
    return rows.job(row)


def done(tx: Transaction, by: Means, operation: str, kind: str, guid: str) -> Job:
    """A job that is over already."""
    return add(tx, by, operation, kind, guid, JobState.COMPLETE)


def end(tx: Transaction, guid: str, state: JobState, errors: Sequence[JobError] = ()) -> Job:
    """A job that went on has ended.

    Raises:
        StagingNotFound: there is none.
        InvalidResult: it had ended.
    """
    values = {"state": str(state), "errors": rows.json_text(tuple(errors))}
    row = means.change(tx, t.jobs, guid, t.jobs.c.state == JobState.PROCESSING, **values)
    if row is None:
        reading.get(tx, t.jobs, guid, "Job")
        raise InvalidResult("the job has ended")
    return rows.job(row)


def forget_old(tx: Transaction) -> int:
    """Remove those that ended long ago; how many."""
    j = t.jobs.c
    old = t.jobs.delete().where(j.state != JobState.PROCESSING, j.updated_at < tx.now - KEPT_SECONDS)
    return int(tx.sql.execute(old).rowcount)
