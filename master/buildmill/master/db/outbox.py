"""Events for other processes: written in the transaction that causes them, numbered in commit order.

Each commit that tells something adds one row with all its events. The row ``last`` of ``event_ends`` holds the newest
number; it is the lock that gives commits of several processes one order, taken behind everything else of a transaction,
so that no other row is waited for under it. Old rows are removed; who has not read them by then reads the state anew.

Specification: ADR "Tell other processes by an outbox in commit order".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.stored_events import StoredEvent, pack, unpack

CHANNEL: Final = "buildmill_events"
"""Where PostgreSQL tells that something was committed."""
KEPT_EVENTS: Final = 50_000
KEPT_SECONDS: Final = 900

_LAST = "last"
_b, _e = t.event_batches.c, t.event_ends.c
_ADD_END = Statement(
    sa.text("INSERT INTO event_ends (name, number, epoch) VALUES (:end, 0, :epoch) ON CONFLICT (name) DO NOTHING")
)
_NUMBER = Statement(
    t.event_ends.update()
    .where(_e.name == sa.bindparam("end"))
    .values(number=_e.number + sa.bindparam("count", type_=sa.BigInteger))
    .returning(_e.number)
)
_ADD = Statement(t.event_batches.insert())
# one question instead of three: each goes to the server and back
_ADD_AND_TELL = Statement(
    sa.text(
        "WITH numbered AS (UPDATE event_ends SET number = number + :count WHERE name = :end RETURNING number), "
        "added AS (INSERT INTO event_batches (last_number, first_number, origin, told_at, body) "
        "SELECT number, number - :count + 1, :origin, :told_at, :body FROM numbered) "
        "SELECT pg_notify(:channel, '') FROM numbered"
    )
)
_TELL = Statement(sa.text("SELECT pg_notify(:channel, '')"))
_END = Statement(sa.select(_e.number, _e.epoch).where(_e.name == sa.bindparam("end")))
_OLDEST = Statement(sa.select(_b.first_number).order_by(_b.last_number).limit(1))
_AFTER = Statement(
    sa.select(_b.first_number, _b.last_number, _b.origin, _b.body)
    .where(_b.last_number > sa.bindparam("position"))
    .order_by(_b.last_number)
    .limit(sa.bindparam("most", type_=sa.Integer))
)


class End(NamedTuple):
    """The newest event.

    Attributes:
        number: 0 when none was told yet.
        epoch: stands before numbers in the ids of events.
    """

    number: int
    epoch: str


class Batch(NamedTuple):
    """What one commit has told.

    Attributes:
        events: none where they were not asked for.
    """

    first_number: int
    last_number: int
    origin: str
    events: Sequence[StoredEvent]


class Outbox:
    """Writes down what a transaction tells.

    Args:
        origin: which process writes.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def append(self, tx: Transaction) -> None:
        """Add the events of a transaction; the last thing in it."""
        count = len(tx.events)
        if not count:
            if tx.is_postgresql:  # what is kept of rows that change without an event becomes old
                tx.all(_TELL, channel=CHANNEL)
            return
        told = {"origin": self.origin, "told_at": tx.now, "body": pack(tx.events)}
        if tx.is_postgresql:
            tx.all(_ADD_AND_TELL, count=count, end=_LAST, channel=CHANNEL, **told)
        else:
            number = int(tx.scalar(_NUMBER, count=count, end=_LAST))
            tx.run(_ADD, last_number=number, first_number=number - count + 1, **told)


def open_(tx: Transaction, epoch: str) -> End:
    """Have the row that numbers are taken from; the newest event.

    Args:
        epoch: of the numbers, if they begin now.
    """
    tx.run(_ADD_END, end=_LAST, epoch=epoch)
    return newest(tx)


def newest(connection: Connection) -> End:
    """The newest event."""
    return End(*(connection.one(_END, end=_LAST) or (0, "")))


def oldest(connection: Connection) -> int:
    """Number of the oldest event that is kept, or of the next one if none is."""
    found = connection.scalar(_OLDEST)
    return newest(connection).number + 1 if found is None else int(found)


def after(connection: Connection, position: int, most: int, besides: str | None) -> tuple[End, list[Batch]]:
    """The newest event, and what was told after the event with the number `position`, in order.

    Args:
        most: so many batches at most.
        besides: of this origin only the numbers are wanted.
    """
    # read first: what is committed in between is then found by the next question, and nothing seems to be missing
    end = newest(connection)
    rows = connection.all(_AFTER, position=position, most=most)
    return end, [
        Batch(first, last, origin, () if origin == besides else unpack(bytes(body)))
        for first, last, origin, body in rows
    ]


def begin_anew(tx: Transaction, known: End, epoch: str) -> End:
    """Numbers are smaller than before (a failover, a backup was restored): let ids be others from now on."""
    tx.sql.execute(
        t.event_ends.update()
        .where(_e.name == _LAST, _e.number < known.number, _e.epoch == known.epoch)
        .values(epoch=epoch)
    )
    return newest(tx)


def trim(tx: Transaction, kept_events: int = KEPT_EVENTS, kept_seconds: int = KEPT_SECONDS) -> int:
    """Remove old events; returns how many rows."""
    through = newest(tx).number - kept_events
    old = sa.or_(_b.last_number <= through, _b.told_at < tx.now - kept_seconds)
    removed: int = tx.sql.execute(t.event_batches.delete().where(old)).rowcount
    return removed
