"""What a process asks of the engine of a master, and the answers: a row each, told by events that carry only its id.

A question is taken once. One that was taken by a run of the engine that has ended since is answered with that: whether
it was done is not known.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, NamedTuple

import sqlalchemy as sa

from buildmill.common.errors import Unavailable
from buildmill.master.db import tables as t
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.events import Event

KEPT_SECONDS: Final = 600
RETRY_AFTER: Final = timedelta(seconds=5)

_c, _m = t.engine_calls.c, t.masters.c
_NOW = Statement(sa.text("SELECT CAST(extract(epoch FROM clock_timestamp()) AS bigint)"))
_ANSWER = Statement(sa.select(_c.answer).where(_c.id == sa.bindparam("call")))


class EngineAway(Unavailable):
    """The engine that was to be asked gives no sign of life, or no answer."""


class Question(NamedTuple):
    """What is asked.

    Attributes:
        is_taken: an earlier run of the engine has begun to work on it.
    """

    call_id: int
    origin: str
    text: str
    is_taken: bool


class EngineState(NamedTuple):
    """How the engine of a master is.

    Attributes:
        alive_until: how long its lease holds, by the clock of the database.
        now: that clock.
    """

    master_id: int
    name: str
    is_active: bool
    alive_until: int
    now: int

    @property
    def problem(self) -> str | None:
        """Why it cannot be asked; None when it can."""
        if not self.is_active:
            return f"the engine of master {self.name} does not run"
        if self.alive_until < self.now:
            return f"the engine of master {self.name} has given no sign of life for {self.now - self.alive_until} s"
        return None


def engine_of(connection: Connection, name: str, now: int) -> EngineState | None:
    """The engine of the master of that name, or of the only one that is active; None when there is none.

    Args:
        now: by this machine, which is also SQLite's clock.
    """
    now = int(connection.scalar(_NOW)) if connection.is_postgresql else now
    rows = connection.sql.execute(sa.select(_m.id, _m.name, _m.active, _m.lease_until).order_by(_m.id)).all()
    found = [row for row in rows if row.name == name] or [row for row in rows if row.active] or list(rows)
    if len(found) != 1:
        return None
    row = found[0]
    return EngineState(row.id, row.name, bool(row.active), row.lease_until, now)


def ask(tx: Transaction, name: str, origin: str, question: str) -> int:
    """Ask the engine of a master something; returns the call's id.

    Raises:
        EngineAway: it gives no sign of life.
    """
    engine = engine_of(tx, name, tx.now)
    if engine is None:
        raise EngineAway(f"master {name} is not known here, and which other one is meant is not clear", RETRY_AFTER)
    if (problem := engine.problem) is not None:
        raise EngineAway(problem, RETRY_AFTER)
    call_id: int = tx.sql.execute(
        t.engine_calls.insert()
        .values(master_id=engine.master_id, origin=origin, asked_at=tx.now, question=question)
        .returning(_c.id)
    ).scalar_one()
    tx.emit(Event((("control", "calls", str(engine.master_id), "asked"),), {"callid": call_id}))
    return call_id


def open_ones(connection: Connection, master_id: int) -> list[Question]:
    """What was asked of a master and has no answer yet, oldest first."""
    rows = connection.sql.execute(
        sa.select(_c.id, _c.origin, _c.question, _c.taken_at)
        .where(_c.master_id == master_id, _c.answered_at.is_(None))
        .order_by(_c.id)
    )
    return [Question(row.id, row.origin, row.question, row.taken_at is not None) for row in rows]


def take(tx: Transaction, call_id: int) -> bool:
    """Begin to work on a question; False when it was withdrawn, or taken already."""
    where = (_c.id == call_id, _c.taken_at.is_(None))
    return bool(tx.sql.execute(t.engine_calls.update().where(*where).values(taken_at=tx.now)).rowcount)


def answer(tx: Transaction, call_id: int, origin: str, text: str) -> None:
    """Answer a question, and forget what it was."""
    tx.sql.execute(
        t.engine_calls.update().where(_c.id == call_id).values(answered_at=tx.now, answer=text, question="{}")
    )
    tx.emit(Event((("control", "calls", origin, "answered"),), {"callid": call_id}))


def answer_to(connection: Connection, call_id: int) -> str | None:
    """The answer; None when there is none yet."""
    found: str | None = connection.scalar(_ANSWER, call=call_id)
    return found


def withdraw(tx: Transaction, call_id: int) -> bool:
    """Take a question back that the engine has not begun to work on; False when it has."""
    return bool(tx.sql.execute(t.engine_calls.delete().where(_c.id == call_id, _c.taken_at.is_(None))).rowcount)


def forget(tx: Transaction, call_id: int) -> None:
    """The answer was read, or nobody waits for it."""
    tx.sql.execute(t.engine_calls.delete().where(_c.id == call_id))


def forget_old(tx: Transaction, kept_seconds: int = KEPT_SECONDS) -> None:
    """Remove what nobody waits for any more."""
    tx.sql.execute(t.engine_calls.delete().where(_c.asked_at < tx.now - kept_seconds))
