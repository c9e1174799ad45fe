"""Sessions of people who have logged in, by the digest of what their cookie holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection, Transaction

_s = t.web_sessions.c
_ONE = Statement(sa.select(_s.user_info, _s.created_at, _s.seen_at).where(_s.digest == sa.bindparam("digest")))


class StoredSession(NamedTuple):
    """One session; instants are seconds since the epoch."""

    user: Mapping[str, Any]
    created_at: int
    seen_at: int


def add(tx: Transaction, digest: str, user: Mapping[str, Any], address: str) -> None:
    """Begin a session now. What JSON does not know is kept as text."""
    info = msgspec.json.encode(user, enc_hook=str).decode()
    tx.sql.execute(
        t.web_sessions.insert().values(
            digest=digest, user_info=info, address=address[:64], created_at=tx.now, seen_at=tx.now
        )
    )


def find(connection: Connection, digest: str) -> StoredSession | None:
    """A session, however old."""
    row = connection.one(_ONE, digest=digest)
    return None if row is None else StoredSession(msgspec.json.decode(row[0]), row[1], row[2])


def seen(tx: Transaction, digest: str) -> None:
    """Note that its user is still there."""
    tx.sql.execute(t.web_sessions.update().where(_s.digest == digest).values(seen_at=tx.now))


def end(tx: Transaction, digest: str) -> None:
    """End a session; one that is not there any more is left alone."""
    tx.sql.execute(t.web_sessions.delete().where(_s.digest == digest))


def forget_old(tx: Transaction, idle_seconds: int, whole_seconds: int) -> None:
    """End what was begun, or last used, too long ago."""
    tx.sql.execute(
        t.web_sessions.delete().where(
            sa.or_(_s.seen_at <= tx.now - idle_seconds, _s.created_at <= tx.now - whole_seconds)
        )
    )
