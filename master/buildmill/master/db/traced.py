"""What the spans of a build are made of."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from buildmill.master.db import builds, steps
from buildmill.master.db import tables as t
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.traces import PROPERTY, TracedBuild, TracedCommand, TracedOrigin, parse_traceparent

_b = t.builds.c
_ABOUT = Statement(
    sa.select(t.builders.c.name, t.workers.c.name, t.build_requests.c.submitted_at, t.buildsets.c.parent_build_id)
    .select_from(
        t.builds.join(t.builders, t.builders.c.id == _b.builder_id)
        .outerjoin(t.workers, t.workers.c.id == _b.worker_id)
        .join(t.build_requests, t.build_requests.c.id == _b.build_request_id)
        .join(t.buildsets, t.buildsets.c.id == t.build_requests.c.buildset_id)
    )
    .where(_b.id == sa.bindparam("build"))
)
_EARLIER = Statement(
    sa.select(sa.func.max(_b.complete_at)).where(
        _b.build_request_id == sa.bindparam("request"), _b.id < sa.bindparam("build")
    )
)
_STEPS = Statement(
    sa.select(*steps.COLUMNS).where(t.steps.c.build_id == sa.bindparam("build")).order_by(t.steps.c.number)
)
_c = t.commands.c
_COMMANDS = Statement(
    sa.select(_c.uid, _c.step_id, _c.name, _c.state, _c.rc)
    .select_from(t.commands.join(t.steps, t.steps.c.id == _c.step_id))
    .where(t.steps.c.build_id == sa.bindparam("build"))
    .order_by(t.steps.c.number, _c.ordinal)
)
_SUBMITTED = Statement(
    sa.select(t.build_requests.c.submitted_at)
    .select_from(t.builds.join(t.build_requests, t.build_requests.c.id == _b.build_request_id))
    .where(_b.id == sa.bindparam("build"))
)


def traced(connection: Connection, build_id: int) -> TracedBuild:
    """A build with all that its spans tell.

    Raises:
        NotFound: no such build.
    """
    build = builds.get(connection, build_id)
    about: Any = connection.one(_ABOUT, build=build_id)
    earlier = connection.scalar(_EARLIER, request=build.buildrequestid, build=build_id)
    return TracedBuild(
        build=build,
        origin=_origin(connection, build_id, about[2]),
        builder=about[0],
        worker=about[1],
        queued_at=max(about[2], earlier or 0),
        parent=None if about[3] is None else _parent(connection, about[3]),
        steps=[steps.from_row(row) for row in connection.all(_STEPS, build=build_id)],
        commands=[TracedCommand(*row) for row in connection.all(_COMMANDS, build=build_id)],
    )


def _parent(connection: Connection, build_id: int) -> TracedOrigin | None:
    submitted = connection.scalar(_SUBMITTED, build=build_id)
    return None if submitted is None else _origin(connection, build_id, submitted)


def _origin(connection: Connection, build_id: int, submitted_at: int) -> TracedOrigin:
    value, _ = builds.properties(connection, build_id).get(PROPERTY, (None, ""))
    return TracedOrigin(build_id, submitted_at, parse_traceparent(value))
