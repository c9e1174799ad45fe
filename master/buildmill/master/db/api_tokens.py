"""Tokens of programs. Of a token itself only its digest is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from buildmill.common.errors import NotFound
from buildmill.master.db import tables as t
from buildmill.master.db.statement import Row, Statement
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.resources import Token

_t = t.api_tokens.c
_COLUMNS = (_t.id, _t.name, _t.username, _t.scopes, _t.created_at, _t.expires_at, _t.last_used_at, _t.revoked_at)
_BY_DIGEST = Statement(
    sa.select(_t.id, _t.user_info, _t.scopes, _t.expires_at, _t.last_used_at).where(
        _t.digest == sa.bindparam("digest"), _t.revoked_at.is_(None)
    )
)


class StoredToken(NamedTuple):
    """What a token stands for; instants are seconds since the epoch."""

    tokenid: int
    user: Mapping[str, Any]
    scopes: frozenset[str]
    expires_at: int
    last_used_at: int | None


def _from_row(row: Row) -> Token:
    return Token(
        tokenid=row[0], name=row[1], username=row[2], scopes=msgspec.json.decode(row[3]), created_at=row[4],
        expires_at=row[5], last_used_at=row[6], revoked_at=row[7],
    )  # fmt: skip


def add(
    tx: Transaction, digest: str, name: str, user: Mapping[str, Any], scopes: Sequence[str], lifetime_seconds: int
) -> int:
    """Keep a new token; returns its id.

    Args:
        user: whom it stands for; has a ``username``.
    """
    values = {
        "digest": digest, "name": name, "username": user["username"], "user_info": msgspec.json.encode(user).decode(),
        "scopes": msgspec.json.encode(sorted(scopes)).decode(), "created_at": tx.now,
        "expires_at": tx.now + lifetime_seconds,
    }  # fmt: skip
    return int(tx.sql.execute(t.api_tokens.insert().values(**values).returning(_t.id)).scalar_one())


def find(connection: Connection, digest: str) -> StoredToken | None:
    """A token that was not revoked, however old."""
    row = connection.one(_BY_DIGEST, digest=digest)
    if row is None:
        return None
    return StoredToken(row[0], msgspec.json.decode(row[1]), frozenset(msgspec.json.decode(row[2])), row[3], row[4])


def used(tx: Transaction, token_id: int) -> None:
    """Note that it was used."""
    tx.sql.execute(t.api_tokens.update().where(_t.id == token_id).values(last_used_at=tx.now))


def tokens(connection: Connection, username: str | None = None) -> list[Token]:
    """All tokens, or those of one user, revoked ones too, by id."""
    query = sa.select(*_COLUMNS).order_by(_t.id).limit(10_000)
    if username is not None:
        query = query.where(_t.username == username)
    return [_from_row(tuple(row)) for row in connection.sql.execute(query)]


def get(connection: Connection, token_id: int) -> Token | None:
    """A token, or None."""
    row = connection.sql.execute(sa.select(*_COLUMNS).where(_t.id == token_id)).one_or_none()
    return None if row is None else _from_row(tuple(row))


def revoke(tx: Transaction, token_id: int, username: str | None = None) -> None:
    """End a token now; one that has ended already is left as it is.

    Args:
        username: only one of this user's.

    Raises:
        NotFound: there is no such token.
    """
    this = [_t.id == token_id] if username is None else [_t.id == token_id, _t.username == username]
    if tx.sql.execute(sa.select(_t.id).where(*this)).scalar() is None:
        raise NotFound(f"no token {token_id}")
    tx.sql.execute(t.api_tokens.update().where(*this, _t.revoked_at.is_(None)).values(revoked_at=tx.now))
