"""Which logs the steps of each master's configuration delete.

Such a step deletes logs of every builder, whichever master runs it: so what they do is kept by master.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.log_horizons import LogHorizons
from buildmill.master.domain.resources import Master

_m = t.masters.c
_BY_ACTIVITY = Statement(sa.select(_m.active, _m.log_horizons).order_by(_m.active.desc(), _m.last_active.desc(), _m.id))
_DECODER = msgspec.json.Decoder(list[LogHorizons])


def configure(tx: Transaction, master_id: int, rules: Sequence[LogHorizons]) -> None:
    """Make these the rules of a master; a change is told."""
    row = tx.sql.execute(sa.select(_m.active, _m.last_active, _m.name, _m.log_horizons).where(_m.id == master_id)).one()
    text = msgspec.json.encode(rules, order="deterministic").decode()
    if row.log_horizons == text:
        return
    tx.sql.execute(t.masters.update().where(_m.id == master_id).values(log_horizons=text))
    if row.log_horizons is not None:  # else it is new, and will be told as started
        tx.emit(Master(bool(row.active), row.last_active, master_id, row.name).event("update"))


def in_force(connection: Connection) -> list[LogHorizons] | None:
    """The rules of all masters that run; of the one that ran last, if none does. None if one has not told its own."""
    rows = connection.all(_BY_ACTIVITY)
    told = [text for is_active, text in rows if is_active] or [text for _, text in rows[:1]]
    if not told or None in told:
        return None
    return [rule for text in told for rule in _DECODER.decode(text)]
