"""All that was written about a build under way: what a master needs to go on with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from buildmill.common.errors import NotFound
from buildmill.master.db import builds, commands
from buildmill.master.db import steps as step_rows
from buildmill.master.db import tables as t
from buildmill.master.db.builds import StartedBuild
from buildmill.master.db.commands import CommandRow
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.locks import Mode, Need
from buildmill.master.domain.resources import SourcedProperties, Step

_b = t.builds.c
_s = t.steps.c
_k = t.step_calls.c


_ABOUT = Statement(sa.select(_b.plan, _b.held_locks, _b.handovers).where(_b.id == sa.bindparam("build")))
_STEPS = Statement(sa.select(_s.id).where(_s.build_id == sa.bindparam("build")).order_by(_s.number))
_CALLS = Statement(sa.select(_k.ordinal, _k.kind, _k.fingerprint, _k.outcome).where(_k.step_id == sa.bindparam("step")))
_SET_PLAN = Statement(t.builds.update().where(_b.id == sa.bindparam("build")).values(plan=sa.bindparam("document")))
_SET_LOCKS = Statement(
    t.builds.update().where(_b.id == sa.bindparam("build")).values(held_locks=sa.bindparam("document"))
)


class HeldLock(msgspec.Struct, frozen=True, array_like=True):
    """A lock that a build holds, under the name of its holder; the rest as in `domain.locks.Need`."""

    holder: str
    key: list[str]
    mode: str
    count: int
    max_count: int

    @property
    def need(self) -> Need:
        """It, as the lock table knows it."""
        return Need(tuple(self.key), Mode(self.mode), self.count, self.max_count)


class RecordedCall(NamedTuple):
    """One recorded effect of a step."""

    kind: str
    fingerprint: str
    outcome: Any


class StepRecord(NamedTuple):
    """One step, with what it has done, by ordinal."""

    step: Step
    calls: dict[int, RecordedCall]
    commands: dict[int, CommandRow]


class BuildRecord(NamedTuple):
    """One build under way.

    Attributes:
        handovers: how often another master has taken it over.
        properties: empty: it has not begun; nothing has happened.
        plan: what its steps were.
        stop: (result, reason, by) of the wish to stop it.
    """

    started: StartedBuild
    handovers: int
    properties: SourcedProperties
    plan: list[str]
    held_locks: list[HeldLock]
    stop: tuple[int, str, str] | None
    steps: list[StepRecord]


def load(connection: Connection, build_id: int) -> BuildRecord:
    """Read everything about a build.

    Raises:
        NotFound: no such build.
    """
    started = builds.started(connection, build_id)
    row = connection.one(_ABOUT, build=build_id)
    if row is None:
        raise NotFound(f"no build {build_id}")
    plan, held_locks, handovers = row
    return BuildRecord(
        started=started,
        handovers=handovers,
        properties=builds.properties(connection, build_id),
        plan=msgspec.json.decode(plan or "[]", type=list[str]),
        held_locks=msgspec.json.decode(held_locks or "[]", type=list[HeldLock]),
        stop=builds.stop_requested(connection, build_id),
        steps=[_step(connection, step_id) for (step_id,) in connection.all(_STEPS, build=build_id)],
    )


def _step(connection: Connection, step_id: int) -> StepRecord:
    calls = {
        ordinal: RecordedCall(kind, fingerprint, msgspec.json.decode(outcome))
        for ordinal, kind, fingerprint, outcome in connection.all(_CALLS, step=step_id)
    }
    return StepRecord(step_rows.get(connection, step_id), calls, commands.of_step(connection, step_id))


def set_plan(tx: Transaction, build_id: int, plan: Sequence[str]) -> None:
    """Write down what the steps of a build are."""
    tx.run(_SET_PLAN, build=build_id, document=msgspec.json.encode(list(plan)).decode())


def set_held_locks(tx: Transaction, build_id: int, held: Sequence[HeldLock]) -> None:
    """Write down which locks a build holds."""
    document = msgspec.json.encode(list(held)).decode() if held else None
    tx.run(_SET_LOCKS, build=build_id, document=document)


def unrecorded_child(connection: Connection, build_id: int) -> tuple[int, list[int]] | None:
    """A set that a build has triggered although no call of its steps says so: the master died in between.

    Returns:
        Its id and its requests', or None.
    """
    recorded = {
        outcome[0]
        for outcome in (
            msgspec.json.decode(row.outcome)
            for row in connection.sql.execute(
                sa.select(_k.outcome)
                .join(t.steps, _s.id == _k.step_id)
                .where(_s.build_id == build_id, _k.kind == "trigger")
            )
        )
        if outcome
    }
    sets = connection.sql.execute(
        # a set that builds a triggered build again has the same parent, but nobody waits for it
        sa.select(t.buildsets.c.id)
        .where(t.buildsets.c.parent_build_id == build_id, t.buildsets.c.rebuilt_build_id.is_(None))
        .order_by(t.buildsets.c.id)
    ).scalars()
    for buildset_id in sets:
        if buildset_id not in recorded:
            requests = connection.sql.execute(
                sa.select(t.build_requests.c.id)
                .where(t.build_requests.c.buildset_id == buildset_id)
                .order_by(t.build_requests.c.id)
            ).scalars()
            return buildset_id, list(requests)
    return None
