"""Schedules: made, replaced, paused, deleted, found. Every edit makes a version, which stays."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from buildmill.common.errors import NotFound
from buildmill.master.db.schedules import firing, happenings, telling
from buildmill.master.db.schedules.rows import (
    EVENTS,
    RUNS,
    SCHEDULES,
    VERSIONS,
    WITH_VERSION,
    leaves,
    run_of,
    schedule_of,
    text_of,
    version,
)
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.schedules.refusals import ChangedMeanwhile
from buildmill.master.domain.schedules.resources import ScheduleExplanation, explanations_of, resource_of
from buildmill.master.domain.schedules.triggers import event_leaves
from buildmill.master.domain.schedules.values import (
    Definition,
    Editor,
    PausedBy,
    RunError,
    Schedule,
    ScheduleRun,
    failed,
)

_s, _v, _e, _r = SCHEDULES.c, VERSIONS.c, EVENTS.c, RUNS.c

__all__ = [
    "NewSchedule", "create", "delete", "explain", "get", "many", "pause", "replace", "runs", "unpause", "unresolved",
    "version",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class NewSchedule:
    """What a schedule is made of, or replaced by.

    Attributes:
        version_rid: of the version that this makes.
        run_seed: 32 characters that nobody can guess; of no meaning where a schedule is replaced.
    """

    version_rid: str
    name: str | None
    description: str | None
    definition: Definition
    editor: Editor
    run_seed: str = ""


# -- changing --------------------------------------------------------------------------


def create(tx: Transaction, rid: str, new: NewSchedule) -> Schedule:
    """Add a schedule."""
    values = _edited(tx, rid, new)
    made = {"rid": rid, "created_at": tx.now, "created_by": new.editor.user_id, "run_seed": new.run_seed}
    schedule_id = tx.sql.execute(SCHEDULES.insert().values(**made, **values).returning(_s.id)).scalar_one()
    _wait_for(tx, schedule_id, new.definition)
    telling.schedule(tx, rid, "new")
    return get(tx, rid)


def replace(tx: Transaction, rid: str, new: NewSchedule, seen_version: str | None = None) -> Schedule:
    """Put something else in the place of all that a schedule is; what it has seen is forgotten.

    Args:
        seen_version: RID of the version that the editor has seen; None to replace any.

    Raises:
        NotFound: there is none.
        ChangedMeanwhile: it has another version.
    """
    row = firing.locked(tx, rid)
    if seen_version is not None and row.version_rid != seen_version:
        raise ChangedMeanwhile(rid, row.updated_by_name)
    values = _edited(tx, rid, new)
    if row.paused_by:
        values["next_due_at"] = None
    tx.sql.execute(SCHEDULES.update().where(_s.id == row.id).values(**values, pending=0, failures=0, missed_at=None))
    tx.sql.execute(EVENTS.delete().where(_e.schedule_id == row.id))
    _wait_for(tx, row.id, new.definition)
    telling.schedule(tx, rid, "updated")
    return get(tx, rid)


def _edited(tx: Transaction, rid: str, new: NewSchedule) -> dict[str, object]:
    """Add a version; returns what changes in the schedule's row."""
    definition, editor = new.definition, new.editor
    tx.sql.execute(
        VERSIONS.insert().values(
            rid=new.version_rid,
            schedule_rid=rid,
            created_at=tx.now,
            created_by=editor.user_id,
            trigger=text_of(definition.trigger),
            action=text_of(definition.action),
            scope=text_of(definition.scope),
        )
    )
    return {
        "name": new.name, "description": new.description, "version_rid": new.version_rid, "updated_at": tx.now,
        "updated_by": editor.user_id, "updated_by_name": editor.username,
        "updated_by_roles": text_of(sorted(editor.roles)),
        "next_due_at": happenings.due_after(definition.trigger, tx.now),
    }  # fmt: skip


def _wait_for(tx: Transaction, schedule_id: int, definition: Definition) -> None:
    rows = [leaf._asdict() | {"schedule_id": schedule_id} for leaf in event_leaves(definition.trigger)]
    if rows:
        tx.sql.execute(EVENTS.insert(), rows)


def pause(tx: Transaction, rid: str) -> None:
    """Let a schedule see nothing; what it has seen, and a fire that was remembered, are forgotten.

    Raises:
        NotFound: there is none.
    """
    row = firing.locked(tx, rid)
    if row.paused_by != PausedBy.USER:
        firing.pause(tx, row.id, PausedBy.USER)
        telling.schedule(tx, rid, "updated")


def unpause(tx: Transaction, rid: str) -> None:
    """Let a schedule see what happens from now on.

    Raises:
        NotFound: there is none.
    """
    happenings.resume(tx, rid)


def delete(tx: Transaction, rid: str) -> None:
    """Take a schedule away; its versions and runs stay, and so does its build.

    Raises:
        NotFound: there is none.
    """
    row = firing.locked(tx, rid)
    gone = get(tx, rid)
    if row.active_run_rid is not None:
        firing.write_result(tx, row.active_run_rid, failed(RunError.INTERNAL, "the schedule was deleted meanwhile"))
    tx.sql.execute(SCHEDULES.delete().where(_s.id == row.id))
    tx.emit(resource_of(gone).event("deleted"))


# -- looking ---------------------------------------------------------------------------


def get(connection: Connection, rid: str) -> Schedule:
    """One schedule.

    Raises:
        NotFound: there is none.
    """
    row = connection.sql.execute(WITH_VERSION.where(_s.rid == rid)).one_or_none()
    if row is None:
        raise NotFound(f"no schedule {rid}")
    return schedule_of(row)


def many(connection: Connection, rids: Collection[str] | None = None, limit: int = 1000) -> list[Schedule]:
    """Schedules in the order in which they were made: those of these names that are there, or all."""
    query = WITH_VERSION.order_by(_s.id).limit(limit)
    if rids is not None:
        query = query.where(_s.rid.in_(list(rids)))
    return [schedule_of(row) for row in connection.sql.execute(query)]


def runs(connection: Connection, rid: str, before: int | None, limit: int) -> list[ScheduleRun]:
    """Runs of a schedule, newest first.

    Args:
        before: number of the last run that is known already.

    Raises:
        NotFound: there is no such schedule.
    """
    if connection.sql.execute(sa.select(_s.id).where(_s.rid == rid)).scalar() is None:
        raise NotFound(f"no schedule {rid}")
    query = sa.select(RUNS).where(_r.schedule_rid == rid).order_by(_r.id.desc()).limit(limit)
    if before is not None:
        query = query.where(_r.id < before)
    return [run_of(row) for row in connection.sql.execute(query)]


def unresolved(connection: Connection, limit: int = 100) -> Sequence[tuple[ScheduleRun, Schedule]]:
    """Runs that have no result yet, oldest first, with their schedules as they are."""
    query = sa.select(RUNS).where(_r.outcome.is_(None)).order_by(_r.id).limit(limit)
    found = [run_of(row) for row in connection.sql.execute(query)]
    schedules = {s.rid: s for s in many(connection, {run.schedule_rid for run in found})}
    return [(run, schedules[run.schedule_rid]) for run in found if run.schedule_rid in schedules]


def explain(connection: Connection, rid: str, *, with_words: bool = True) -> list[ScheduleExplanation]:
    """Why a schedule runs, waits or does nothing.

    Args:
        with_words: also what its last run has said, which may name any dataset.

    Raises:
        NotFound: there is none.
    """
    schedule = get(connection, rid)
    last = next(iter(runs(connection, rid, None, 1)), None)
    if last is not None and last.result is not None and not with_words:
        last = dataclasses.replace(last, result=dataclasses.replace(last.result, description="it is not told to you"))
    return explanations_of(schedule, leaves(connection, rid), last)
