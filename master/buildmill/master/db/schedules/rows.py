"""Rows of schedules and their versions, as values; and their documents."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from buildmill.master.db import tables_of_schedules as t
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.schedules.triggers import Trigger
from buildmill.master.domain.schedules.values import (
    Action,
    Definition,
    Editor,
    LeafState,
    PausedBy,
    RunError,
    RunOutcome,
    RunResult,
    Schedule,
    ScheduleRun,
    ScheduleVersion,
    Scope,
)

T = TypeVar("T")

SCHEDULES, VERSIONS, EVENTS, INBOX, RUNS = t.schedules, t.versions, t.events, t.inbox, t.runs
_s, _v, _r = SCHEDULES.c, VERSIONS.c, RUNS.c

_trigger: msgspec.json.Decoder[Trigger] = msgspec.json.Decoder(Trigger)
_action = msgspec.json.Decoder(Action)
_scope: msgspec.json.Decoder[Scope] = msgspec.json.Decoder(Scope)
_roles = msgspec.json.Decoder(frozenset[str])
_VERSION = (
    _v.rid.label("version"), _v.schedule_rid, _v.created_at.label("version_created_at"),
    _v.created_by.label("version_created_by"), _v.trigger, _v.action, _v.scope,
)  # fmt: skip
WITH_VERSION = sa.select(SCHEDULES, *_VERSION).select_from(SCHEDULES.join(VERSIONS, _v.rid == _s.version_rid))
"""Schedules with their present versions; rows for `schedule_of`."""


def text_of(document: Any) -> str:
    """What is kept of a document."""
    return msgspec.json.encode(document).decode()


def trigger_of(text: str) -> Trigger:
    """The trigger that was kept."""
    return _trigger.decode(text)


def version_of(row: Any) -> ScheduleVersion:
    """Of a row of `VERSIONS`, or of `WITH_VERSION`."""
    return ScheduleVersion(
        rid=row.version,
        schedule_rid=row.schedule_rid,
        created_at=row.version_created_at,
        created_by=row.version_created_by,
        definition=Definition(
            trigger=_trigger.decode(row.trigger), action=_action.decode(row.action), scope=_scope.decode(row.scope)
        ),
    )


def schedule_of(row: Any) -> Schedule:
    """Of a row of `WITH_VERSION`."""
    return Schedule(
        rid=row.rid,
        name=row.name,
        description=row.description,
        version=version_of(row),
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
        editor=Editor(user_id=row.updated_by, username=row.updated_by_name, roles=_roles.decode(row.updated_by_roles)),
        paused_by=PausedBy(row.paused_by) if row.paused_by else None,
        next_due_at=row.next_due_at,
        missed_at=row.missed_at,
        is_pending=bool(row.pending),
        active_run=row.active_run_rid,
        failures=row.failures,
    )


def run_of(row: Any) -> ScheduleRun:
    """Of a row of `RUNS`."""
    result = None
    if row.outcome is not None:
        error = RunError(row.error) if row.error is not None else None
        result = RunResult(RunOutcome(row.outcome), row.build_rid, error, row.description or "")
    return ScheduleRun(
        number=row.id,
        rid=row.rid,
        schedule_rid=row.schedule_rid,
        version_rid=row.version_rid,
        created_at=row.created_at,
        created_by=row.created_by,
        result=result,
    )


def version(connection: Connection, rid: str) -> ScheduleVersion | None:
    """A version, also of a schedule that is gone; None if there never was one."""
    row = connection.sql.execute(sa.select(*_VERSION).where(_v.rid == rid)).one_or_none()
    return None if row is None else version_of(row)


def versions_of(connection: Connection, schedule_rid: str, limit: int) -> list[ScheduleVersion]:
    """Versions of a schedule, newest first; also of one that is gone."""
    query = sa.select(*_VERSION).where(_v.schedule_rid == schedule_rid).order_by(_v.id.desc()).limit(limit)
    return [version_of(row) for row in connection.sql.execute(query)]


def leaves(connection: Connection, schedule_rid: str) -> list[LeafState]:
    """The events that a schedule waits for."""
    e = EVENTS.c
    query = (
        sa.select(e.kind, e.subject, e.branch, e.happened_at)
        .select_from(EVENTS.join(SCHEDULES, _s.id == e.schedule_id))
        .where(_s.rid == schedule_rid)
        .order_by(e.kind, e.subject, e.branch)
        .limit(1000)
    )
    rows = connection.sql.execute(query)
    return [LeafState(kind=r.kind, subject=r.subject, branch=r.branch, happened_at=r.happened_at) for r in rows]
