"""What schedules were told and have not looked at yet.

An event for thousands of schedules is told in one statement, in the transaction in which it happens; they look at it
in slices, each a transaction of its own, so that others get to write between them. Whatever else is done to a schedule,
it looks at all that it was told first: so everything comes out as if it had looked at once. ADR 55.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from buildmill.master.db.schedules import beginning
from buildmill.master.db.schedules.rows import EVENTS, INBOX, SCHEDULES, VERSIONS, trigger_of
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.events import Event
from buildmill.master.domain.schedules.triggers import Happening, Trigger, holds

TOLD = ("schedule_inbox", None, "new")
"""Events: there is something to look at."""
AT_ONCE = 50
"""So many things that were told are looked at in one slice."""
_s, _e, _v, _i = SCHEDULES.c, EVENTS.c, VERSIONS.c, INBOX.c
_TELL = Statement(
    INBOX.insert().from_select(
        ["schedule_id", "kind", "subject", "branch", "happened_at"],
        sa.select(_e.schedule_id, _e.kind, _e.subject, _e.branch, sa.cast(sa.bindparam("happened_at"), sa.BigInteger))
        .select_from(EVENTS.join(SCHEDULES, _s.id == _e.schedule_id))
        .where(
            _e.subject == sa.bindparam("subject"),
            _e.kind == sa.bindparam("kind"),
            _e.branch == sa.bindparam("branch"),
            _s.paused_by == "",
        )
        .order_by(_e.schedule_id),
    )
)
_HAPPENED = Statement(
    EVENTS.update()
    .where(
        _e.schedule_id == sa.bindparam("schedule"),
        _e.kind == sa.bindparam("of_kind"),
        _e.subject == sa.bindparam("of_subject"),
        _e.branch == sa.bindparam("of_branch"),
    )
    .values(happened_at=sa.bindparam("at"))
)


def tell(tx: Transaction, happening: Happening) -> None:
    """Tell all schedules that wait for it, and are not paused, of something that has happened."""
    if tx.run(_TELL, **happening._asdict(), happened_at=tx.now):
        tx.emit(Event((("schedule_inbox", happening.kind, "new"),), {"kind": happening.kind}))


def is_empty(connection: Connection) -> bool:
    """Whether there is nothing to look at."""
    return connection.sql.execute(sa.select(_i.id).limit(1)).first() is None


def work_off(tx: Transaction) -> bool:
    """Let schedules look at the oldest things that they were told; whether there are more."""
    found = tx.sql.execute(sa.select(_i.id, _i.schedule_id).order_by(_i.id).limit(AT_ONCE)).all()
    if found:
        rows = lock(tx, {row.schedule_id for row in found})
        _look(tx, rows, _i.id.in_([row.id for row in found]))
    return len(found) == AT_ONCE


def look(tx: Transaction, rows: Sequence[Any]) -> bool:
    """Let schedules look at all that they were told.

    Args:
        rows: of schedules, locked.

    Returns:
        Whether that was anything; the rows are stale then.
    """
    return _look(tx, rows, _i.schedule_id.in_([row.id for row in rows]))


def lock(tx: Transaction, schedule_ids: Collection[int]) -> Sequence[Any]:
    """Rows of schedules that nobody else changes before this transaction ends, in the order of their ids."""
    query = sa.select(SCHEDULES).where(_s.id.in_(schedule_ids)).order_by(_s.id)
    # others may tell them something meanwhile
    return tx.sql.execute(query.with_for_update(key_share=True)).all()


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a schedule waits for, and since when each of its events holds; None while it does not."""

    trigger: Trigger
    events: Mapping[Happening, int | None]

    @property
    def happened(self) -> set[Happening]:
        return {event for event, at in self.events.items() if at is not None}


def waiting(connection: Connection, rows: Sequence[Any]) -> dict[int, Waiting]:
    """How far schedules are, by their ids."""
    texts: dict[str, str] = dict(
        connection.sql.execute(sa.select(_v.rid, _v.trigger).where(_v.rid.in_([row.version_rid for row in rows]))).all()
    )
    events: dict[int, dict[Happening, int | None]] = {row.id: {} for row in rows}
    query = sa.select(_e.schedule_id, _e.kind, _e.subject, _e.branch, _e.happened_at)
    for schedule_id, *event, at in connection.sql.execute(query.where(_e.schedule_id.in_(events))):
        events[schedule_id][Happening(*event)] = at
    return {row.id: Waiting(trigger_of(texts[row.version_rid]), events[row.id]) for row in rows}


def _look(tx: Transaction, rows: Sequence[Any], which: sa.ColumnElement[bool]) -> bool:
    told = tx.sql.execute(INBOX.delete().where(which).returning(INBOX)).all()
    if not told:
        return False
    awake = [row for row in rows if not row.paused_by]
    states = waiting(tx, awake)
    held: dict[int, int] = {}
    noted: list[dict[str, Any]] = []
    for schedule_id, notes in _by_schedule(told).items():
        if (state := states.get(schedule_id)) is None:
            continue  # it was paused before it was told, by another master
        times, left = _outcome(state, notes)
        if times:
            held[schedule_id] = times
        noted += [
            {"schedule": schedule_id, "of_kind": event.kind, "of_subject": event.subject, "of_branch": event.branch,
             "at": at}
            for event, at in left.items()
        ]  # fmt: skip
    beginning.fire(tx, [row for row in awake if row.id in held], held)
    if noted:
        tx.run_many(_HAPPENED, noted)
    return True


def _by_schedule(told: Iterable[Any]) -> dict[int, list[tuple[Happening, int]]]:
    notes: dict[int, list[tuple[Happening, int]]] = {}
    for row in sorted(told, key=lambda row: row.id):
        notes.setdefault(row.schedule_id, []).append((Happening(row.kind, row.subject, row.branch), row.happened_at))
    return notes


def _outcome(state: Waiting, notes: Iterable[tuple[Happening, int]]) -> tuple[int, dict[Happening, int]]:
    """How often the trigger has held, and which events hold after that that did not before, since when."""
    times, happened, left = 0, state.happened, dict[Happening, int]()
    for event, at in notes:
        if event not in state.events or event in happened:
            continue
        happened.add(event)
        left[event] = at
        if holds(state.trigger, happened):
            times += 1
            happened.clear()
            left.clear()
    return times, left
