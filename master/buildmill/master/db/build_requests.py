"""Rows of build requests: claimed by one master, completed once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from buildmill.common.errors import NotFound
from buildmill.common.results import Result
from buildmill.master.db import buildsets, source_stamps
from buildmill.master.db import tables as t
from buildmill.master.db.statement import Row, Statement
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.resources import BuildRequest

_r = t.build_requests.c
_new = t.build_requests.alias("new").c

COLUMNS = (
    _r.builder_id, _r.id, _r.buildset_id, _r.claimed_at, _r.claimed_by, _r.complete, _r.complete_at, _r.priority,
    _r.results, _r.submitted_at, _r.waited_for,
)  # fmt: skip

_GET = Statement(sa.select(*COLUMNS).where(_r.id == sa.bindparam("id")))
_CLAIM = Statement(
    t.build_requests.update()
    .where(_r.id == sa.bindparam("request"), _r.claimed_by.is_(None), _r.complete == 0)
    .values(claimed_by=sa.bindparam("master"), claimed_at=sa.bindparam("now"))
    .returning(*COLUMNS)
)
_UNCLAIM = Statement(
    t.build_requests.update()
    .where(_r.id == sa.bindparam("request"), _r.complete == 0)
    .values(claimed_by=sa.null(), claimed_at=sa.null())
    .returning(*COLUMNS)
)
_COMPLETE = Statement(
    t.build_requests.update()
    .where(_r.id == sa.bindparam("request"), _r.complete == 0)
    .values(complete=sa.text("1"), complete_at=sa.bindparam("now"), results=sa.bindparam("result"))
    .returning(*COLUMNS)
)
_WAITING = Statement(sa.select(*COLUMNS).where(_r.complete == sa.text("0"), _r.claimed_by.is_(None)).order_by(_r.id))


def from_row(row: Row) -> BuildRequest:
    """A struct from a row of `COLUMNS`."""
    return BuildRequest(
        builderid=row[0],
        buildrequestid=row[1],
        buildsetid=row[2],
        claimed=row[3] is not None,
        claimed_at=row[3],
        claimed_by_masterid=row[4],
        complete=bool(row[5]),
        complete_at=row[6],
        priority=row[7],
        properties=None,
        results=-1 if row[8] is None else row[8],
        submitted_at=row[9],
        waited_for=bool(row[10]),
    )


def get(connection: Connection, request_id: int) -> BuildRequest:
    """One request.

    Raises:
        NotFound: no such id.
    """
    row = connection.one(_GET, id=request_id)
    if row is None:
        raise NotFound(f"no build request {request_id}")
    return from_row(row)


def waiting(connection: Connection) -> list[BuildRequest]:
    """All that nobody has claimed, oldest first: the distributor's index at start."""
    return [from_row(row) for row in connection.all(_WAITING)]


_WAITING_IDS = Statement(sa.select(_r.id).where(_r.complete == sa.text("0"), _r.claimed_by.is_(None)).order_by(_r.id))


def waiting_besides(connection: Connection, known: frozenset[int]) -> tuple[list[BuildRequest], frozenset[int]]:
    """All that nobody has claimed but those in `known`, oldest first; and those in `known` that wait no more."""
    ids = {request_id for (request_id,) in connection.all(_WAITING_IDS)}
    return [get(connection, request_id) for request_id in sorted(ids - known)], known - ids


def claim(tx: Transaction, request_id: int, master_id: int) -> BuildRequest | None:
    """Take a request for a master; None when it is taken or complete already. The row decides the race."""
    row = tx.one(_CLAIM, request=request_id, master=master_id, now=tx.now)
    if row is None:
        return None
    request = from_row(row)
    tx.emit(request.event("claimed"))
    return request


def unclaim(tx: Transaction, request_ids: Iterable[int]) -> None:
    """Put requests back into the queue."""
    for request_id in request_ids:
        if row := tx.one(_UNCLAIM, request=request_id):
            tx.emit(from_row(row).event("unclaimed"))


def complete(tx: Transaction, request_id: int, result: int) -> bool:
    """Give a request its final result, and its set with the last one; False when it has one already."""
    row = tx.one(_COMPLETE, request=request_id, now=tx.now, result=int(result))
    if row is None:
        return False
    request = from_row(row)
    tx.emit(request.event("complete"))
    buildsets.request_completed(tx, request.buildsetid, int(result))
    return True


_COLLAPSIBLE = Statement(
    sa.select(_r.id)
    .where(
        _r.builder_id == sa.bindparam("builder"),
        _r.collapse_key == sa.select(_new.collapse_key).where(_new.id == sa.bindparam("request")).scalar_subquery(),
        _r.collapse_key.is_not(None),
        _r.id != sa.bindparam("request"),
        _r.complete == sa.text("0"),
        _r.claimed_by.is_(None),
    )
    .order_by(_r.id)
)


def ask(tx: Transaction, new: buildsets.NewBuildset, master_id: int) -> tuple[int, dict[int, int]]:
    """Add a buildset (see `buildsets.add`); it takes the place of waiting requests that do the same work."""
    buildset_id, requests = buildsets.add(tx, new)
    for builder_id in sorted(new.collapsing_on & requests.keys()):
        for (older,) in tx.all(_COLLAPSIBLE, builder=builder_id, request=requests[builder_id]):
            collapse(tx, older, master_id)
    return buildset_id, requests


def collapse(tx: Transaction, request_id: int, master_id: int) -> bool:
    """Complete a waiting request as skipped, because a newer one does its work; False when it is gone."""
    if claim(tx, request_id, master_id) is None:
        return False
    return complete(tx, request_id, Result.SKIPPED)


def set_priority(tx: Transaction, request_id: int, priority: int) -> None:
    """Change the rank of a request in the queue.

    Raises:
        NotFound: no such id.
    """
    row = tx.sql.execute(
        t.build_requests.update().where(_r.id == request_id).values(priority=priority).returning(*COLUMNS)
    ).one_or_none()
    if row is None:
        raise NotFound(f"no build request {request_id}")
    request = from_row(tuple(row))
    if not request.claimed and not request.complete:
        # what waits is indexed by its priority: tell it again, as one that is waiting
        tx.emit(request.event("unclaimed"))


def contexts(
    connection: Connection, request_ids: Sequence[int]
) -> dict[int, tuple[int, str, dict[str, Any], list[Any]]]:
    """What user functions may ask of waiting requests.

    Returns:
        By request id: the buildset's id, its reason, its properties and its source stamps.
    """
    found = {}
    for start in range(0, len(request_ids), 500):
        rows = connection.sql.execute(
            sa.select(_r.id, t.buildsets.c.id, t.buildsets.c.reason, t.buildsets.c.properties)
            .join(t.buildsets, t.buildsets.c.id == _r.buildset_id)
            .where(_r.id.in_(request_ids[start : start + 500]))
            .order_by(_r.id)
        )
        for request_id, buildset_id, reason, properties in rows.all():
            stamps = source_stamps.of_buildset(connection, buildset_id)
            found[request_id] = (buildset_id, reason, msgspec.json.decode(properties), stamps)
    return found


def with_lost_commands(connection: Connection, worker_id: int) -> list[BuildRequest]:
    """Waiting requests of which an attempt on this worker has a command that may still run."""
    rows = connection.sql.execute(
        sa.select(*COLUMNS)
        .where(
            _r.complete == 0,
            _r.claimed_by.is_(None),
            _r.id.in_(
                sa.select(t.builds.c.build_request_id)
                .join(t.commands, t.commands.c.build_id == t.builds.c.id)
                .where(t.commands.c.worker_id == worker_id, t.commands.c.state == "lost")
            ),
        )
        .order_by(_r.id)
    )
    return [from_row(tuple(row)) for row in rows]
