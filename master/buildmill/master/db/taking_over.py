"""What the steps of a build had triggered, and what another build takes over of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.statement import Statement
from buildmill.master.db.tables_of_rebuilds import failed_parts, taken_builds
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.taking_over import GOOD, TakenBuild, Takeover, Triggered, divide

TRIGGER, TAKE_OVER = "trigger", "take over"
"""Kinds of recorded calls: sets that were asked for, and builds that were not."""
_AT_ONCE = 500

_b, _r, _s, _k = t.builds.c, t.build_requests.c, t.steps.c, t.step_calls.c
_taken = taken_builds.c

_STEP = Statement(sa.select(_s.build_id, _s.name, _s.number).where(_s.id == sa.bindparam("step")))
_SAME_STEP = Statement(
    sa.select(_s.id).where(
        _s.build_id == sa.bindparam("build"), _s.name == sa.bindparam("name"), _s.number == sa.bindparam("number")
    )
)
_CALLS = Statement(
    sa.select(_k.kind, _k.fingerprint, _k.outcome)
    .where(
        _k.step_id == sa.bindparam("step"),
        sa.or_(_k.kind == sa.bindparam("triggering"), _k.kind == sa.bindparam("taking")),
    )
    .order_by(_k.ordinal)
)
_OUTCOMES = Statement(
    sa.select(_k.kind, _k.outcome)
    .join(t.steps, _s.id == _k.step_id)
    .where(
        _s.build_id == sa.bindparam("build"),
        sa.or_(_k.kind == sa.bindparam("triggering"), _k.kind == sa.bindparam("taking")),
    )
)
_ADD = Statement(
    taken_builds.insert().values(
        {name: sa.bindparam(name) for name in ("step_id", "taken_build_id", "build_id", "from_build_id")}
    )
)
_PART = Statement(
    sa.select(failed_parts.c.origin_build_id).where(failed_parts.c.build_request_id == sa.bindparam("request"))
)
_ADD_PART = Statement(
    failed_parts.insert().values(
        build_request_id=sa.bindparam("request"), origin_build_id=sa.bindparam("origin"),
    )
)  # fmt: skip
_LAST = sa.select(sa.func.max(_b.id)).where(_b.build_request_id == _r.id).correlate(t.build_requests).scalar_subquery()


def note_part(tx: Transaction, request_id: int, origin_build_id: int) -> None:
    """Write down that a request asks for the failed part of a build only."""
    tx.run(_ADD_PART, request=request_id, origin=origin_build_id)


def take(tx: Transaction, step_id: int, origin_id: int, asked: str, builder_ids: frozenset[int] | None) -> Takeover:
    """Take over what the same call of the same step of an earlier build has that ended well.

    Args:
        origin_id: the earlier build.
        asked: fingerprint of the call.
        builder_ids: see `domain.taking_over.divide`.
    """
    step: Any = tx.one(_STEP, step=step_id)
    build_id, name, number = step
    occurrence = len(_calls_of(tx, step_id, asked).taken_over)
    same = tx.scalar(_SAME_STEP, build=origin_id, name=name, number=number)
    earlier = [] if same is None else _earlier(tx, origin_id, same, asked, occurrence)
    divided = divide(earlier, builder_ids)
    came_from = {one.build_id: one.from_build_id for one in divided.taken if one.build_id is not None}
    for taken_id, from_id in came_from.items():
        tx.run(_ADD, step_id=step_id, taken_build_id=taken_id, build_id=build_id, from_build_id=from_id)
    failed = {one.build_id: one.builder_id for one in divided.again if one.build_id is not None}
    in_part = (build for build in _that_triggered(tx, failed) if could_take_over(tx, build))
    again = [(failed[build], build) for build in in_part]
    return Takeover(asked=asked, taken=_described(tx, came_from), again=again)


class Taken(NamedTuple):
    """A build that a step has taken over, and the one that had triggered it."""

    step_number: int
    build_id: int
    from_build_id: int | None


def taken_by(connection: Connection, build_id: int, most: int) -> list[Taken]:
    """What the steps of a build have taken over, in their order, the oldest builds first."""
    rows = connection.sql.execute(
        sa.select(_s.number, _taken.taken_build_id, _taken.from_build_id)
        .join(t.steps, _s.id == _taken.step_id)
        .where(_taken.build_id == build_id)
        .order_by(_s.number, _taken.taken_build_id)
        .limit(most)
    )
    return [Taken(*row) for row in rows]


def failed_part_of(connection: Connection, request_id: int) -> int | None:
    """The build whose failed part a request asks for; None if it asks for all."""
    found: int | None = connection.scalar(_PART, request=request_id)
    return found


class _Calls(NamedTuple):
    """Calls of a step that asked for the same, in order: the outcome of each."""

    triggered: list[Any]
    taken_over: list[Takeover]


def _calls_of(connection: Connection, step_id: int, asked: str) -> _Calls:
    found = _Calls([], [])
    for kind, fingerprint, outcome in connection.all(_CALLS, step=step_id, triggering=TRIGGER, taking=TAKE_OVER):
        if kind == TRIGGER and fingerprint == asked:
            found.triggered.append(msgspec.json.decode(outcome))
        elif kind == TAKE_OVER:
            takeover = msgspec.json.decode(outcome, type=Takeover)
            if takeover.asked == asked:
                found.taken_over.append(takeover)
    return found


def _earlier(connection: Connection, origin_id: int, step_id: int, asked: str, occurrence: int) -> list[Triggered]:
    """What one call of a step had asked for, and what it had taken over itself."""
    calls = _calls_of(connection, step_id, asked)
    found: list[Triggered] = []
    if occurrence < len(calls.taken_over):
        found += _taken_by(connection, step_id, calls.taken_over[occurrence])
    if occurrence < len(calls.triggered) and calls.triggered[occurrence][0] is not None:
        found += _of_sets(connection, origin_id, [calls.triggered[occurrence][0]])
    return found


def _of_sets(connection: Connection, origin_id: int, buildset_ids: Iterable[int]) -> list[Triggered]:
    ids, found = sorted(buildset_ids), []
    for start in range(0, len(ids), _AT_ONCE):
        rows = connection.sql.execute(
            sa.select(_r.builder_id, _b.id, sa.case((_r.complete == 1, _b.results)))
            .select_from(t.build_requests.outerjoin(t.builds, _b.id == _LAST))
            .where(_r.buildset_id.in_(ids[start : start + _AT_ONCE]))
            .order_by(_r.id)
        )
        found += [
            Triggered(builder_id=builder, build_id=build, results=results, from_build_id=origin_id)
            for builder, build, results in rows
        ]
    return found


def _taken_by(connection: Connection, step_id: int, takeover: Takeover) -> list[Triggered]:
    ids = [one.build_id for one in takeover.taken]
    rows = connection.sql.execute(
        sa.select(_r.builder_id, _b.id, _b.results, _taken.from_build_id)
        .select_from(taken_builds.join(t.builds, _b.id == _taken.taken_build_id).join(t.build_requests))
        .where(_taken.step_id == step_id, _b.id.in_(ids))
        .order_by(_b.id)
    )
    return [
        Triggered(builder_id=builder, build_id=build, results=results, from_build_id=origin)
        for builder, build, results, origin in rows
    ]


def _that_triggered(connection: Connection, build_ids: Iterable[int]) -> list[int]:
    """Those of some builds, mostly few, whose steps have triggered something or taken it over."""
    ids = sorted(build_ids)
    found: list[int] = []
    for start in range(0, len(ids), _AT_ONCE):
        rows = connection.sql.execute(
            sa.select(_s.build_id)
            .distinct()
            .join(t.step_calls, _k.step_id == _s.id)
            .where(_s.build_id.in_(ids[start : start + _AT_ONCE]), _k.kind.in_((TRIGGER, TAKE_OVER)))
            .order_by(_s.build_id)
        )
        found += rows.scalars()
    return found


def _described(connection: Connection, came_from: dict[int, int | None]) -> list[TakenBuild]:
    origins = {origin for origin in came_from.values() if origin is not None}
    of_origins = connection.sql.execute(sa.select(_b.id, _b.number).where(_b.id.in_(origins)))
    numbers = {row.id: row.number for row in of_origins}
    found = {}
    rows = connection.sql.execute(
        sa.select(_b.id, _r.builder_id, _b.builder_id, t.builders.c.name, _b.number, _b.results)
        .select_from(t.builds.join(t.build_requests).join(t.builders, t.builders.c.id == _b.builder_id))
        .where(_b.id.in_(came_from))
    )
    for build, builder, shown, name, number, results in rows:
        origin = came_from[build]
        found[build] = TakenBuild(
            build_id=build,
            builder_id=builder,
            shown_builder_id=shown,
            builder=name,
            number=number,
            results=results,
            from_number=None if origin is None else numbers.get(origin),
        )
    return [found[build] for build in came_from]


def could_take_over(connection: Connection, build_id: int) -> list[int]:
    """Ids of the builds that a rebuild of the failed part could take over, as far as its steps ask for the same."""
    sets, taken = set(), set()
    for kind, document in connection.all(_OUTCOMES, build=build_id, triggering=TRIGGER, taking=TAKE_OVER):
        if kind == TAKE_OVER:
            taken |= {one.build_id for one in msgspec.json.decode(document, type=Takeover).taken}
        elif (buildset := msgspec.json.decode(document)[0]) is not None:
            sets.add(buildset)
    triggered = _of_sets(connection, build_id, sets)
    found = {one.build_id for one in triggered if one.is_good and one.build_id is not None}
    if taken:  # those that are still there
        rows = connection.sql.execute(
            sa.select(_b.id)
            .join(taken_builds, _taken.taken_build_id == _b.id)
            .where(_taken.build_id == build_id, _b.results.in_(sorted(GOOD)))
        )
        found |= set(rows.scalars())
    return sorted(found)
