"""Whether this database may take another master's records, and how far that has come."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from buildmill.common.errors import Conflict, NotFound
from buildmill.master.db import state
from buildmill.master.db import tables as t
from buildmill.master.db.original.carrying import MARKER, is_empty
from buildmill.master.db.original.source import Source
from buildmill.master.db.transaction import Transaction

_OBJECT: Final = "records"
_NAME: Final = "progress"


def begin(tx: Transaction, source: Source) -> bool:
    """Take the empty database for `source`; whether an interrupted import goes on.

    Raises:
        Conflict: it has records of its own or of another master, or has all of them already.
    """
    try:
        found = state.get(tx, MARKER, _OBJECT, _NAME)
    except NotFound:
        if not is_empty(tx):
            raise Conflict(
                "the database has records already, and both count their builds from 1: "
                "make a new master and a new database with `buildmill create-master`, and carry over into that"
            ) from None
        _put(tx, source, is_finished=False)
        return False
    if found["source"] != source.name:
        raise Conflict(f"the database has a part of the records of {found['source']}: go on with that one")
    if found["finished"]:
        raise Conflict(f"the records of {source.name} are here already")
    theirs = source.ids("masters")
    if any(master not in theirs for master in tx.sql.execute(sa.select(t.masters.c.id)).scalars()):
        raise Conflict(
            "a master was started here before all records were carried over, and has given ids of its own: "
            "begin again with a new database"
        )
    return True


def end(tx: Transaction, source: Source) -> None:
    """All is here."""
    _put(tx, source, is_finished=True)


def _put(tx: Transaction, source: Source, *, is_finished: bool) -> None:
    state.put(tx, MARKER, _OBJECT, _NAME, {"source": source.name, "finished": is_finished})
