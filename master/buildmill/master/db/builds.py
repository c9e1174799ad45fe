"""Rows of builds: started with their claim, stopped by a row, finished once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from buildmill.common.errors import Conflict, NotFound
from buildmill.common.results import Result
from buildmill.master.db import build_requests, builders, buildsets, changes, source_stamps, taking_over
from buildmill.master.db import tables as t
from buildmill.master.db.statement import Row, Statement
from buildmill.master.db.tables_of_graphs import build_retries
from buildmill.master.db.tables_of_rebuilds import failed_parts, request_stops
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.events import Event
from buildmill.master.domain.resources import (
    Build,
    BuildRequest,
    Change,
    SourcedProperties,
    SourceStamp,
    properties_event,
)
from buildmill.master.domain.stopping import StoppedBy
from buildmill.master.domain.taking_over import NothingToTakeOver, NotOver, Part
from buildmill.master.domain.virtual_builders import VirtualBuilder, virtual_builder

_b = t.builds.c

COLUMNS = (
    _b.builder_id, _b.id, _b.build_request_id, _b.complete_at, _b.locks_duration_s, _b.master_id, _b.number,
    _b.results, _b.started_at, _b.state_string, _b.worker_id,
)  # fmt: skip

_GET = Statement(sa.select(*COLUMNS).where(_b.id == sa.bindparam("id")))
_NEXT_NUMBER = Statement(
    t.builders.update()
    .where(t.builders.c.id == sa.bindparam("builder"))
    .values(last_build_number=t.builders.c.last_build_number + 1)
    .returning(t.builders.c.last_build_number)
)
_ADD = Statement(
    t.builds.insert()
    .values(
        {
            name: sa.bindparam(name)
            for name in (
                "number", "builder_id", "build_request_id", "worker_id", "master_id", "started_at", "state_string",
            )
        }
    )
    .returning(_b.id)
)  # fmt: skip
_SET_STATE = Statement(
    t.builds.update()
    .where(_b.id == sa.bindparam("build"))
    .values(state_string=sa.bindparam("state"))
    .returning(*COLUMNS, _b.stop_requested_at, _b.stop_results, _b.stop_reason, _b.stop_by)
)
_SET_LOCKS_DURATION = Statement(
    t.builds.update()
    .where(_b.id == sa.bindparam("build"))
    .values(locks_duration_s=_b.locks_duration_s + sa.bindparam("seconds"))
    .returning(*COLUMNS)
)
_FINISH = Statement(
    t.builds.update()
    .where(_b.id == sa.bindparam("build"), _b.complete_at.is_(None))
    .values(
        complete_at=sa.bindparam("now"),
        results=sa.bindparam("result"),
        state_string=sa.func.coalesce(sa.bindparam("state"), _b.state_string),
        held_locks=sa.null(),  # they end with the build, whoever frees them in memory
    )
    .returning(*COLUMNS)
)
_PROPERTIES = Statement(
    sa.select(t.build_properties.c.properties).where(t.build_properties.c.build_id == sa.bindparam("build"))
)
# this form of an insert that becomes an update is the same on both databases
_SET_PROPERTIES = Statement(
    sa.text(
        "INSERT INTO build_properties (build_id, properties) VALUES (:build, :document)"
        " ON CONFLICT (build_id) DO UPDATE SET properties = excluded.properties"
    )
)


class StartedBuild(msgspec.Struct, frozen=True):
    """A build that was just made, with what its properties come from.

    Attributes:
        attempt: 1 for the first build of its request.
        failed_part_of: the build whose failed part it builds again; None if it builds all.
    """

    build: Build
    request: BuildRequest
    properties: dict[str, tuple[Any, str]]
    source_stamps: list[SourceStamp]
    changes: list[Change]
    reason: str
    attempt: int = 1
    failed_part_of: int | None = None


def from_row(row: Row, properties: SourcedProperties | msgspec.Raw | None = None) -> Build:
    """A struct from a row of `COLUMNS`."""
    return Build(
        builderid=row[0],
        buildid=row[1],
        buildrequestid=row[2],
        complete=row[3] is not None,
        complete_at=row[3],
        locks_duration_s=row[4],
        masterid=row[5],
        number=row[6],
        properties={} if properties is None else properties,
        results=row[7],
        started_at=row[8],
        state_string=row[9],
        workerid=row[10],
    )


def get(connection: Connection, build_id: int) -> Build:
    """One build, without its properties.

    Raises:
        NotFound: no such id.
    """
    row = connection.one(_GET, id=build_id)
    if row is None:
        raise NotFound(f"no build {build_id}")
    return from_row(row)


def add(tx: Transaction, builder_id: int, request_id: int, worker_id: int, master_id: int) -> Build:
    """Make a build with the builder's next number; tells nobody yet."""
    number = tx.scalar(_NEXT_NUMBER, builder=builder_id)
    if number is None:
        raise NotFound(f"no builder {builder_id}")
    build_id = tx.scalar(
        _ADD,
        number=number, builder_id=builder_id, build_request_id=request_id, worker_id=worker_id,
        master_id=master_id, started_at=tx.now, state_string="created",
    )  # fmt: skip
    return Build(
        builderid=builder_id, buildid=build_id, buildrequestid=request_id, complete=False, complete_at=None,
        locks_duration_s=0, masterid=master_id, number=number, properties={}, results=None, started_at=tx.now,
        state_string="created", workerid=worker_id,
    )  # fmt: skip


def start(
    tx: Transaction,
    assignments: list[tuple[int, int, int]],
    master_id: int,
    of_builders: Mapping[int, Mapping[str, Any]] | None = None,
) -> list[StartedBuild | None]:
    """Claim requests and make a build for each that was still free.

    Args:
        assignments: (request id, builder id, worker id) each.
        of_builders: by request id, properties of its builder that may name a virtual builder.

    Returns:
        In the same order; None for a request that another master or a cancellation took first.
    """
    own = of_builders or {}
    return [
        _start(tx, request, builder, worker, master_id, own.get(request, {}))
        for request, builder, worker in assignments
    ]


def _start(
    tx: Transaction, request_id: int, builder_id: int, worker_id: int, master_id: int, own: Mapping[str, Any]
) -> StartedBuild | None:
    request = build_requests.claim(tx, request_id, master_id)
    if request is None:
        return None
    properties, reason, failed_part_of = _of_request(tx, request)
    virtual = virtual_builder(properties, own)
    build = add(tx, builder_id if virtual is None else _shown_under(tx, virtual), request_id, worker_id, master_id)
    tx.emit(build.event("new"))
    return _in_context(tx, build, request, properties, reason, failed_part_of)


def _shown_under(tx: Transaction, virtual: VirtualBuilder) -> int:
    builder_id = builders.find(tx, virtual.name)
    known = {"description": virtual.description, "tags": virtual.tags}
    if told := {name: value for name, value in known.items() if value is not None}:
        builders.update_info(tx, builder_id, told)
    return builder_id


def started(connection: Connection, build_id: int) -> StartedBuild:
    """A build that was made earlier, as `start` gave it.

    Raises:
        NotFound: no such build.
    """
    build = get(connection, build_id)
    request = build_requests.get(connection, build.buildrequestid)
    return _in_context(connection, build, request, *_of_request(connection, request))


def _of_request(connection: Connection, request: BuildRequest) -> tuple[dict[str, tuple[Any, str]], str, int | None]:
    row = connection.one(_SET_CONTEXT, id=request.buildsetid, request=request.buildrequestid)
    assert row is not None
    return msgspec.json.decode(row[0], type=dict[str, tuple[Any, str]]), row[1], row[2]


def _in_context(
    connection: Connection,
    build: Build,
    request: BuildRequest,
    properties: dict[str, tuple[Any, str]],
    reason: str,
    failed_part_of: int | None,
) -> StartedBuild:
    stamps = source_stamps.of_buildset(connection, request.buildsetid)
    return StartedBuild(
        build=build,
        request=request,
        properties=properties,
        source_stamps=stamps,
        changes=[change for stamp in stamps for change in changes.of_source_stamp(connection, stamp.ssid)],
        reason=reason,
        attempt=attempt(connection, build.buildid, request.buildrequestid),
        failed_part_of=failed_part_of,
    )


def attempt(connection: Connection, build_id: int, request_id: int) -> int:
    """Which build of its request it is; 1 for the first."""
    return int(connection.scalar(_ATTEMPT, request=request_id, build=build_id))


_ATTEMPT = Statement(
    sa.select(sa.func.count()).where(_b.build_request_id == sa.bindparam("request"), _b.id <= sa.bindparam("build"))
)
_SET_CONTEXT = Statement(
    sa.select(
        t.buildsets.c.properties,
        t.buildsets.c.reason,
        sa.select(failed_parts.c.origin_build_id)
        .where(failed_parts.c.build_request_id == sa.bindparam("request"))
        .scalar_subquery(),
    ).where(t.buildsets.c.id == sa.bindparam("id"))
)


def announce(tx: Transaction, build_id: int) -> None:
    """Tell that the build is there."""
    tx.emit(get(tx, build_id).event("new"))


def set_state(tx: Transaction, build_id: int, state: str) -> tuple[int, str, str] | None:
    """Set the text that says what the build is doing; returns the wish to stop it, as `stop_requested`."""
    row = tx.one(_SET_STATE, build=build_id, state=state)
    if row is None:
        raise NotFound(f"no build {build_id}")
    tx.emit(from_row(row).event("update"))
    return None if row[-4] is None else (row[-3], row[-2], row[-1])


def add_locks_duration(tx: Transaction, build_id: int, seconds: int) -> None:
    """Add to the time that the build waited for locks."""
    row = tx.one(_SET_LOCKS_DURATION, build=build_id, seconds=seconds)
    if row is not None:
        tx.emit(from_row(row).event("update"))


def properties(connection: Connection, build_id: int) -> SourcedProperties:
    """``{name: (value, source)}``; empty for an unknown build."""
    document = connection.scalar(_PROPERTIES, build=build_id)
    return msgspec.json.decode(document or "{}", type=dict[str, tuple[Any, str]])


def set_properties(tx: Transaction, build_id: int, changed: Mapping[str, tuple[Any, str]]) -> None:
    """Set some properties; only those that differ are told."""
    current = properties(tx, build_id)
    different = {name: value for name, value in changed.items() if current.get(name) != value}
    if different:
        current.update(different)
        replace_properties(tx, build_id, current, different)


def replace_properties(
    tx: Transaction, build_id: int, everything: SourcedProperties, changed: SourcedProperties
) -> None:
    """Write all properties of a build by an owner who knows them all; `changed` are told."""
    tx.run(_SET_PROPERTIES, build=build_id, document=msgspec.json.encode(everything).decode())
    if changed:
        tx.emit(properties_event(build_id, changed))


def finish(tx: Transaction, build_id: int, result: int, state: str | None = None) -> bool:
    """End a build; False when it has ended already.

    Args:
        state: the final text; None keeps the present one.
    """
    row = tx.one(_FINISH, build=build_id, now=tx.now, result=int(result), state=state)
    if row is None:
        return False
    tx.emit(from_row(row).event("finished"))
    return True


def finish_with_request(tx: Transaction, build_id: int, request_id: int, result: int, state: str | None) -> None:
    """End a build and what it was made for: a retry puts its request back, anything else completes it."""
    if not finish(tx, build_id, result, state):
        return
    if result == Result.RETRY:
        build_requests.unclaim(tx, [request_id])
    else:
        build_requests.complete(tx, request_id, result)


def request_stop(tx: Transaction, build_id: int, reason: str, result: int, by: StoppedBy) -> None:
    """Ask the master that runs the build to stop it; the first request counts, repeats are told again.

    Raises:
        NotFound: no such build.
        Conflict: it has ended.
    """
    row = tx.sql.execute(
        t.builds.update()
        .where(_b.id == build_id, _b.complete_at.is_(None))
        .values(
            stop_requested_at=sa.func.coalesce(_b.stop_requested_at, tx.now),
            stop_results=sa.func.coalesce(_b.stop_results, result),
            stop_reason=sa.func.coalesce(_b.stop_reason, reason),
            stop_by=sa.func.coalesce(_b.stop_by, by.name),
            stop_by_kind=sa.case((_b.stop_requested_at.is_(None), by.kind.value), else_=_b.stop_by_kind),
        )
        .returning(_b.stop_results, _b.stop_reason, _b.stop_by)
    ).one_or_none()
    if row is None:
        get(tx, build_id)
        raise Conflict(f"build {build_id} has ended already")
    message = {"reason": row.stop_reason, "results": row.stop_results, "by": row.stop_by}
    tx.emit(Event((("control", "builds", str(build_id), "stop"),), message))


def stop_requested(connection: Connection, build_id: int) -> tuple[int, str, str] | None:
    """(result, reason, by) of the wish to stop a build, or None."""
    row = connection.one(_STOP, build=build_id)
    return None if row is None or row[0] is None else (row[1], row[2], row[3])


def note_stop(tx: Transaction, build_id: int, reason: str, result: int, by: StoppedBy) -> None:
    """Write down why a build was stopped without being asked to by a row; who has asked is not forgotten for it."""
    tx.sql.execute(
        t.builds.update()
        .where(_b.id == build_id, _b.stop_requested_at.is_(None))
        .values(
            stop_requested_at=tx.now,
            stop_results=int(result),
            stop_reason=reason,
            stop_by=by.name,
            stop_by_kind=by.kind.value,
        )
    )


_STOP = Statement(
    sa.select(_b.stop_requested_at, _b.stop_results, _b.stop_reason, _b.stop_by).where(_b.id == sa.bindparam("build"))
)


def cancel_request(tx: Transaction, request_id: int, reason: str, by: StoppedBy, master_id: int) -> None:
    """Cancel a request: a waiting one is complete at once, a running one has its build stopped.

    Raises:
        NotFound: no such request.
    """
    request = build_requests.get(tx, request_id)
    if request.complete:
        return
    if build_requests.claim(tx, request_id, master_id) is not None:
        _note_cancelled(tx, request_id, reason, by)
        build_requests.complete(tx, request_id, Result.CANCELLED)
        return
    if _withdraw_retry(tx, request_id):
        _note_cancelled(tx, request_id, reason, by)
        return
    running = tx.sql.execute(
        sa.select(_b.id).where(_b.build_request_id == request_id, _b.complete_at.is_(None)).order_by(_b.id)
    ).scalars()
    for build_id in list(running):
        request_stop(tx, build_id, reason, Result.CANCELLED, by)


def _note_cancelled(tx: Transaction, request_id: int, reason: str, by: StoppedBy) -> None:
    tx.sql.execute(
        request_stops.insert().values(
            build_request_id=request_id, stopped_at=tx.now, by_kind=by.kind.value, by_name=by.name, reason=reason
        )
    )


def _withdraw_retry(tx: Transaction, request_id: int) -> bool:
    """Complete a request that waits for another attempt as cancelled; False when it does not."""
    r = build_retries.c
    waiting = build_retries.update().where(r.build_request_id == request_id, r.released == 0)
    if not tx.sql.execute(waiting.values(released=1)).rowcount:
        return False
    return build_requests.complete(tx, request_id, Result.CANCELLED)


def rebuild(
    tx: Transaction, build_id: int, collapsing: frozenset[int], master_id: int, part: Part = Part.ALL
) -> tuple[int, dict[int, int]]:
    """Ask for the same again: same builder, source stamps and buildset properties.

    Raises:
        NotFound: no such build.
        NotOver, NothingToTakeOver: it has no failed part.
    """
    build = get(tx, build_id)
    if part is Part.FAILED:
        if not build.complete:
            raise NotOver(build_id)
        if not taking_over.could_take_over(tx, build_id):
            raise NothingToTakeOver(build_id)
    request = build_requests.get(tx, build.buildrequestid)
    buildset = buildsets.get(tx, request.buildsetid)
    return build_requests.ask(
        tx,
        buildsets.NewBuildset(
            source_stamps=[stamp.ssid for stamp in buildset.sourcestamps],
            builder_ids=[request.builderid],
            scheduler="rebuild",
            reason="rebuild" if part is Part.ALL else "rebuild of the failed part",
            properties=buildsets.properties(tx, request.buildsetid),
            external_idstring=buildset.external_idstring,
            rebuilt_build_id=buildset.rebuilt_buildid or build_id,
            parent_build_id=buildset.parent_buildid,
            parent_relationship=buildset.parent_relationship,
            collapsing=collapsing,
            failed_parts={} if part is Part.ALL else {request.builderid: build_id},
        ),
        master_id,
    )


def unfinished(connection: Connection, master_id: int) -> list[Build]:
    """Builds of a master that have not ended, oldest first."""
    rows = connection.sql.execute(
        sa.select(*COLUMNS).where(_b.complete_at.is_(None), _b.master_id == master_id).order_by(_b.id)
    )
    return [from_row(tuple(row)) for row in rows]
