"""Questions of pages that show workers and masters with what they do: few statements, however many there are.

What runs is found by the index of builds that have not ended, the newest ended builds by that of each worker's builds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from buildmill.common.errors import NotFound
from buildmill.master.db import tables as t
from buildmill.master.db.reading.reach import ReachSql, parameters_of, shape_of
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.page_documents import NamedBuilder, NamedWorker, WorkerMark, WorkerState
from buildmill.master.domain.projects import EVERYTHING, Reach

STRIP: Final = 6
"""How many of a worker's newest builds are shown in lists."""

_b, _w, _e = t.builds.c, t.workers.c, t.environments.c
_configured, _connected, _now = t.configured_workers.c, t.connected_workers.c, t.worker_environments.c
_MARK = (_b.worker_id, _b.builder_id, _b.id, _b.complete_at, _b.number, _b.results, _b.started_at)
_IS_CONNECTED = sa.exists().where(_connected.worker_id == _w.id)
_STATE = (_IS_CONNECTED, _w.graceful, _w.name, _w.pause_reason, _w.paused, _w.id)
_ROWS: sa.Select[Any] = (
    sa.select(*_STATE, _w.connected_at, _w.left_at, _w.info, _e.os)
    .select_from(
        t.workers.outerjoin(t.worker_environments, _now.worker_id == _w.id).outerjoin(
            t.environments, _e.id == _now.environment_id
        )
    )
    .order_by(_w.name)
)
_RUNNING: sa.Select[Any] = sa.select(*_MARK).where(_b.complete_at.is_(None), _b.worker_id.is_not(None)).order_by(_b.id)
_one = t.builds.alias("one")
_newest_ids = (
    sa.select(_one.c.id)
    .where(_one.c.worker_id == _w.id, _one.c.complete_at.is_not(None))
    .order_by(_one.c.id.desc())
    .limit(sa.literal_column(str(STRIP)))
)
_SERVED: sa.Select[Any] = sa.select(_configured.worker_id, sa.func.count(sa.distinct(_configured.builder_id))).group_by(
    _configured.worker_id
)
_ID = Statement(sa.select(_w.id).where(_w.name == sa.bindparam("name", type_=sa.Text)))
_TIMES = Statement(sa.select(_w.connected_at, _w.left_at).where(_w.id == sa.bindparam("worker", type_=sa.BigInteger)))


def _within(query: sa.Select[Any], condition: str, column: Any, reach: Reach) -> tuple[sa.Select[Any], dict[str, str]]:
    """The query for what is within reach.

    Args:
        condition: name of the method of `ReachSql` for `column`.
    """
    if reach.is_everything:
        return query, {}
    return query.where(getattr(ReachSql(shape_of(reach)), condition)(column)), parameters_of(reach)


class WorkerRow:
    """A worker as a list needs it.

    Attributes:
        info: the JSON text of what everybody may know of it.
    """

    __slots__ = ("connected_at", "info", "left_at", "os", "state")

    def __init__(self, row: Sequence[Any]) -> None:
        self.state = WorkerState(bool(row[0]), bool(row[1]), row[2], row[3], bool(row[4]), row[5])
        self.connected_at: int | None = row[6]
        self.left_at: int | None = row[7]
        self.info: str = row[8]
        self.os: str = row[9] or ""


def rows(connection: Connection, reach: Reach = EVERYTHING) -> list[WorkerRow]:
    """All workers within reach, by name."""
    query, values = _within(_ROWS, "worker", _w.id, reach)
    return [WorkerRow(row) for row in connection.sql.execute(query, values)]


def _marks(found: Iterable[Sequence[Any]]) -> dict[int, list[WorkerMark]]:
    marks: dict[int, list[WorkerMark]] = defaultdict(list)
    for row in found:
        marks[row[0]].append(WorkerMark(*row[1:]))
    return marks


def running(connection: Connection, reach: Reach = EVERYTHING) -> Mapping[int, list[WorkerMark]]:
    """What runs on each worker, oldest first."""
    query, values = _within(_RUNNING, "builder", _b.builder_id, reach)
    return _marks(connection.sql.execute(query, values))


def newest(connection: Connection, reach: Reach = EVERYTHING) -> Mapping[int, list[WorkerMark]]:
    """The newest builds of each worker that have ended, newest first."""
    ids, values = _within(_newest_ids, "builder", _one.c.builder_id, reach)
    if connection.is_postgresql:
        # it would look at all builds for each worker
        latest = ids.correlate(t.workers).lateral("latest")
        found = t.workers.join(latest, sa.true()).join(t.builds, _b.id == latest.c.id)
    else:  # it knows no LATERAL
        found = t.workers.join(t.builds, _b.id.in_(ids.correlate(t.workers)))
    query = sa.select(*_MARK).select_from(found).order_by(_b.worker_id, _b.id.desc())
    return _marks(connection.sql.execute(query, values))


def served(connection: Connection, reach: Reach = EVERYTHING) -> dict[int, int]:
    """How many builders each worker may serve; of those without any there is nothing."""
    query, values = _within(_SERVED, "builder", _configured.builder_id, reach)
    return {row[0]: row[1] for row in connection.sql.execute(query, values)}


def id_of(connection: Connection, name: str) -> int:
    """The id of the worker called `name`.

    Raises:
        NotFound: there is none.
    """
    found: int | None = connection.scalar(_ID, name=name)
    if found is None:
        raise NotFound("no such worker")
    return found


def times(connection: Connection, worker_id: int) -> tuple[int | None, int | None]:
    """When a worker was connected last, and when that ended, as far as that is known."""
    return connection.one(_TIMES, worker=worker_id) or (None, None)


# -- masters ---------------------------------------------------------------------------


def starts(connection: Connection) -> dict[int, tuple[int | None, str | None]]:
    """When the program of each master was started, and its version."""
    m = t.masters.c
    return {row[0]: (row[1], row[2]) for row in connection.sql.execute(sa.select(m.id, m.started_at, m.version))}


def running_of_masters(connection: Connection, reach: Reach = EVERYTHING) -> dict[int, int]:
    """How many builds each master runs."""
    query = sa.select(_b.master_id, sa.func.count()).where(_b.complete_at.is_(None)).group_by(_b.master_id)
    query, values = _within(query, "builder", _b.builder_id, reach)
    return {row[0]: row[1] for row in connection.sql.execute(query, values)}


def workers_of_masters(connection: Connection, reach: Reach = EVERYTHING) -> Mapping[int, list[NamedWorker]]:
    """The workers that are connected to each master, by name."""
    query = (
        sa.select(_connected.master_id, _w.name, _w.id)
        .join_from(t.connected_workers, t.workers, _w.id == _connected.worker_id)
        .order_by(_w.name)
    )
    query, values = _within(query, "worker", _w.id, reach)
    found: dict[int, list[NamedWorker]] = defaultdict(list)
    for row in connection.sql.execute(query, values):
        found[row[0]].append(NamedWorker(row[1], row[2]))
    return found


def builders_of_masters(connection: Connection, reach: Reach = EVERYTHING) -> Mapping[int, list[NamedBuilder]]:
    """The builders of each master's configuration, by name."""
    of, b = t.builder_masters.c, t.builders.c
    query = (
        sa.select(of.master_id, b.id, b.name)
        .join_from(t.builder_masters, t.builders, b.id == of.builder_id)
        .order_by(b.name)
    )
    query, values = _within(query, "builder", b.id, reach)
    found: dict[int, list[NamedBuilder]] = defaultdict(list)
    for row in connection.sql.execute(query, values):
        found[row[0]].append(NamedBuilder(row[1], row[2]))
    return found
