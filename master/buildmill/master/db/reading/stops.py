"""Who has stopped builds and cancelled requests."""

from __future__ import annotations

import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.statement import Row, Statement
from buildmill.master.db.tables_of_rebuilds import request_stops
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.resources import Stop
from buildmill.master.domain.rights import ANONYMOUS
from buildmill.master.domain.stopping import Stopper

_b, _s = t.builds.c, request_stops.c

_COLUMNS = (_b.id, _b.build_request_id, _b.stop_by, _b.stop_by_kind, _b.stop_reason, _b.stop_requested_at)
_OF_BUILD = Statement(sa.select(*_COLUMNS).where(_b.id == sa.bindparam("build"), _b.stop_requested_at.is_not(None)))
_OF_BUILDS = Statement(
    sa.select(*_COLUMNS)
    .where(_b.build_request_id == sa.bindparam("request"), _b.stop_requested_at.is_not(None))
    .order_by(_b.id)
)
_OF_REQUEST = Statement(
    sa.select(sa.null(), _s.build_request_id, _s.by_name, _s.by_kind, _s.reason, _s.stopped_at).where(
        _s.build_request_id == sa.bindparam("request")
    )
)


def stop_of_build(connection: Connection, build_id: int) -> Stop | None:
    """Who has stopped a build; None if nobody has."""
    row = connection.one(_OF_BUILD, build=build_id)
    return None if row is None else _stop(row)


def stops_of_request(connection: Connection, request_id: int) -> list[Stop]:
    """Who has stopped the builds of a request, in their order, and who has cancelled it while none ran."""
    rows = connection.all(_OF_BUILDS, request=request_id) + connection.all(_OF_REQUEST, request=request_id)
    return [_stop(row) for row in rows]


def _stop(row: Row) -> Stop:
    build, request, name, kind, reason, at = row
    if kind is None and name == ANONYMOUS:  # of an earlier version
        kind, name = Stopper.ANONYMOUS.value, ""
    return Stop(
        buildid=build, buildrequestid=request, by=name or None, by_kind=kind, reason=reason or "", stopped_at=at
    )
