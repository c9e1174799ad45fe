"""Where a request stands, for those who ask why it waits: one read for all that its rows say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from buildmill.master.db import build_retries
from buildmill.master.db import tables as t
from buildmill.master.db.transaction import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningBuild:
    """A build that has not ended.

    Attributes:
        stop_reason: why it was asked to stop; None when it was not.
    """

    build_id: int
    worker_id: int | None
    worker: str | None
    stop_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A master that has to do with a request.

    Attributes:
        has_builder: whether its configuration has the builder.
    """

    name: str
    is_active: bool
    has_builder: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the rows say.

    Attributes:
        request_id: None when nothing waits for the builder.
        results: None while it is not complete.
        claimed_by: the master's id.
        builds: those of the request that run.
        masters: by id: those that run the builder, and the one that has claimed the request.
        retry_at_ms: when its next attempt is due, while it waits for that.
    """

    request_id: int | None
    builder_id: int
    builder: str
    results: int | None = None
    claimed_by: int | None = None
    builds: Sequence[RunningBuild] = ()
    masters: Mapping[int, Owner] = field(default_factory=dict)
    retry_at_ms: int | None = None

    @property
    def is_waiting(self) -> bool:
        return self.results is None and self.claimed_by is None


def of_request(connection: Connection, request_id: int) -> Standing | None:
    """Where a request stands; None when there is none of this id."""
    r = t.build_requests.c
    row = connection.sql.execute(
        sa.select(r.builder_id, t.builders.c.name, r.complete, r.results, r.claimed_by)
        .join(t.builders, t.builders.c.id == r.builder_id)
        .where(r.id == request_id)
    ).one_or_none()
    if row is None:
        return None
    return Standing(
        request_id=request_id,
        builder_id=row.builder_id,
        builder=row.name,
        results=row.results if row.complete else None,
        claimed_by=row.claimed_by,
        builds=_running(connection, request_id),
        masters=_masters(connection, row.builder_id, row.claimed_by),
        retry_at_ms=build_retries.due_at_ms(connection, request_id),
    )


def of_builder(connection: Connection, builder_id: int) -> Standing | None:
    """Where the oldest waiting request of a builder stands; None when there is no builder of this id."""
    r = t.build_requests.c
    name = connection.sql.execute(sa.select(t.builders.c.name).where(t.builders.c.id == builder_id)).scalar()
    if name is None:
        return None
    oldest = connection.sql.execute(
        sa.select(r.id)
        .where(r.builder_id == builder_id, r.complete == sa.text("0"), r.claimed_by.is_(None))
        .order_by(r.id)
        .limit(1)
    ).scalar()
    masters = _masters(connection, builder_id, None)
    return Standing(request_id=oldest, builder_id=builder_id, builder=name, masters=masters)


def of_builders(connection: Connection, builder_ids: Sequence[int]) -> dict[int, Standing]:
    """Which masters run some builders, by the builder's id: a `Standing` without a request each."""
    m, owners, b = t.masters.c, t.builder_masters.c, t.builders.c
    rows = connection.sql.execute(
        sa.select(b.id, b.name, m.id, m.name, m.active)
        .select_from(t.builders.outerjoin(t.builder_masters, owners.builder_id == b.id).outerjoin(t.masters))
        .where(b.id.in_(builder_ids))
        .order_by(b.id, m.id)
    )
    found: dict[int, tuple[str, dict[int, Owner]]] = {}
    for builder_id, builder, master_id, master, active in rows:
        masters = found.setdefault(builder_id, (builder, {}))[1]
        if master_id is not None:
            masters[master_id] = Owner(name=master, is_active=bool(active), has_builder=True)
    return {
        builder_id: Standing(request_id=None, builder_id=builder_id, builder=builder, masters=masters)
        for builder_id, (builder, masters) in found.items()
    }


def _running(connection: Connection, request_id: int) -> list[RunningBuild]:
    b = t.builds.c
    rows = connection.sql.execute(
        sa.select(b.id, b.worker_id, t.workers.c.name, b.stop_requested_at, b.stop_reason)
        .join(t.workers, t.workers.c.id == b.worker_id, isouter=True)
        .where(b.build_request_id == request_id, b.complete_at.is_(None))
        .order_by(b.id)
    )
    return [
        RunningBuild(
            build_id=row.id,
            worker_id=row.worker_id,
            worker=row.name,
            stop_reason=None if row.stop_requested_at is None else row.stop_reason or "",
        )
        for row in rows
    ]


def _masters(connection: Connection, builder_id: int, claimed_by: int | None) -> dict[int, Owner]:
    m, owners = t.masters.c, t.builder_masters.c
    rows = connection.sql.execute(
        sa.select(m.id, m.name, m.active, owners.builder_id)
        .join(t.builder_masters, sa.and_(owners.master_id == m.id, owners.builder_id == builder_id), isouter=True)
        .where(sa.or_(owners.builder_id.is_not(None), m.id == claimed_by))
        .order_by(m.id)
    )
    return {
        row.id: Owner(name=row.name, is_active=bool(row.active), has_builder=row.builder_id is not None) for row in rows
    }
