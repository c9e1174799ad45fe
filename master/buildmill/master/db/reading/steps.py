"""Questions about steps, logs and who they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from buildmill.master.db import logs, steps
from buildmill.master.db import tables as t
from buildmill.master.db.reading.collection import Collection, integer, text
from buildmill.master.db.statement import Row, Statement
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.resources import Log, Step

_s, _l = t.steps.c, t.logs.c


def _steps(_connection: Connection, rows: Sequence[Row]) -> list[Step]:
    return [steps.from_row(row) for row in rows]


def _logs(_connection: Connection, rows: Sequence[Row]) -> list[Log]:
    return [logs.from_row(row) for row in rows]


def _of_build(build: Any) -> sa.ColumnElement[Any]:
    return _l.step_id.in_(sa.select(_s.id).where(_s.build_id == build))


STEPS: Collection[Step] = Collection(
    columns=steps.COLUMNS,
    source=t.steps,
    make=_steps,
    key=_s.id,
    fields={
        "buildid": integer(_s.build_id),
        "name": text(_s.name),
        "number": integer(_s.number),
        "stepid": integer(_s.id),
    },
)
LOGS: Collection[Log] = Collection(
    columns=logs.COLUMNS,
    source=t.logs,
    make=_logs,
    key=_l.id,
    fields={"logid": integer(_l.id), "slug": text(_l.slug), "stepid": integer(_l.step_id)},
    scopes={"of build": _of_build},
)

_ORIGIN = Statement(
    sa.select(t.builders.c.name, t.builds.c.number, t.workers.c.name, _s.name)
    .select_from(
        t.steps.join(t.builds)
        .join(t.builders, t.builders.c.id == t.builds.c.builder_id)
        .outerjoin(t.workers, t.workers.c.id == t.builds.c.worker_id)
    )
    .where(_s.id == sa.bindparam("step", type_=sa.BigInteger))
)


def origin(connection: Connection, step_id: int) -> tuple[str, int, str, str] | None:
    """(builder's name, build number, worker's name, step's name) of a step."""
    row = connection.one(_ORIGIN, step=step_id)
    return None if row is None else (row[0], row[1], row[2] or "", row[3])
