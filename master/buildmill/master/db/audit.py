"""The audit log: entries are added at its end, and removed from its begin when they are old; nothing else is done.

Each entry holds SHA-256 over the digest of the one before and over what it says, so that whoever changes, adds or
removes one has to change all that follow. Numbers have no gaps. The table ``audit_ends`` has two rows: ``last``, the
newest entry, and ``removed``, the newest of those that were removed for their age. Its row ``last`` is also the lock
under which masters append: it is taken at the end of a transaction, so that no other row is waited for under it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from buildmill.common.errors import BuildmillError
from buildmill.master.db import tables as t
from buildmill.master.db.statement import Row, Statement
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.audit import AuditEntry, NewEntry, fitting, json_text
from buildmill.master.domain.rights import Actor, Via

NO_DIGEST: Final = "0" * 64
"""What stands before the first entry."""
PRUNE: Final = "audit.prune"
AT_ONCE: Final = 500

_LAST, _REMOVED = "last", "removed"
_a, _e = t.audit_entries.c, t.audit_ends.c
COLUMNS = (
    _a.id, _a.happened_at, _a.actor, _a.username, _a.address, _a.via, _a.action, _a.method, _a.path, _a.parameters,
    _a.before, _a.after, _a.outcome, _a.reason, _a.digest,
)  # fmt: skip
_NAMES = (
    "auditid", "happened_at", "actor", "username", "address", "via", "action", "method", "path", "parameters",
    "before", "after", "outcome", "reason",
)  # fmt: skip
_JSON = frozenset({"parameters", "before", "after"})
_LOCK = Statement(
    t.audit_ends.update()
    .where(_e.name == sa.bindparam("end"))
    .values(entry_id=_e.entry_id + sa.bindparam("count", type_=sa.BigInteger))
    .returning(_e.entry_id, _e.digest)
)
_ADD_END = Statement(
    sa.text("INSERT INTO audit_ends (name, entry_id, digest) VALUES (:end, 0, :digest) ON CONFLICT (name) DO NOTHING")
)
_SET_END = Statement(
    t.audit_ends.update()
    .where(_e.name == sa.bindparam("end"))
    .values(entry_id=sa.bindparam("entry", type_=sa.BigInteger), digest=sa.bindparam("new_digest"))
)


class End(NamedTuple):
    """An entry at an end of the log: its number, 0 for none, and its digest."""

    auditid: int = 0
    digest: str = NO_DIGEST


class DamagedEntry(BuildmillError):
    """An entry that nobody here has written.

    Attributes:
        auditid: its number.
    """

    def __init__(self, auditid: int) -> None:
        super().__init__(f"audit entry {auditid} cannot be read: it was not written by a master")
        self.auditid = auditid


def canonical(values: Sequence[Any]) -> bytes:
    """What is hashed of an entry: a JSON object of its `COLUMNS` without the digest, in their order.

    Raises:
        DamagedEntry: a column holds no document.
    """
    row = dict(zip(_NAMES, values, strict=True))
    for name in _JSON:
        try:
            msgspec.json.decode(row[name], type=dict[str, Any])
        except (ValueError, TypeError):
            raise DamagedEntry(row["auditid"]) from None
        row[name] = msgspec.Raw(row[name].encode())
    return msgspec.json.encode(row)


def digest_of(previous: str, entry: bytes) -> str:
    """The digest of an entry, by that of the one before and its `canonical` form."""
    return hashlib.sha256(previous.encode("ascii", "replace") + b"\n" + entry).hexdigest()


def from_row(row: Row) -> AuditEntry:
    """A struct from a row of `COLUMNS`.

    Raises:
        DamagedEntry: a column holds no document.
    """
    try:
        parameters, before, after = (msgspec.json.decode(text, type=dict[str, Any]) for text in row[9:12])
    except (ValueError, TypeError):
        raise DamagedEntry(row[0]) from None
    return AuditEntry(
        auditid=row[0], happened_at=row[1], actor=row[2], username=row[3], address=row[4], via=row[5], action=row[6],
        method=row[7], path=row[8], parameters=parameters, before=before, after=after, outcome=row[12], reason=row[13],
        digest=row[14],
    )  # fmt: skip


# -- writing ---------------------------------------------------------------------------


def append(tx: Transaction, entry: NewEntry) -> None:
    """Add an entry at the end of this transaction; not if the unit of work fails that adds it."""
    actor = entry.actor
    texts = (actor.name, actor.username, actor.address, str(actor.via), entry.action, entry.method, entry.path)
    values = (
        tx.now, *map(fitting, texts), json_text(entry.parameters), json_text(entry.before), json_text(entry.after),
        str(entry.outcome), fitting(entry.reason),
    )  # fmt: skip
    tx.after_units(partial(_append, values))


def _append(values: Sequence[Any], tx: Transaction) -> None:
    number, previous = _locked(tx, 1)
    row = (number, *values)
    digest = digest_of(previous, canonical(row))
    names = [column.name for column in COLUMNS]
    tx.sql.execute(t.audit_entries.insert().values(dict(zip(names, (*row, digest), strict=True))))
    tx.run(_SET_END, end=_LAST, entry=number, new_digest=digest)


def _locked(tx: Transaction, count: int) -> End:
    """Raise the number of the newest entry by `count`, and keep all others from it until the commit."""
    row = tx.one(_LOCK, end=_LAST, count=count)
    if row is None:
        tx.run(_ADD_END, end=_LAST, digest=NO_DIGEST)
        row = tx.one(_LOCK, end=_LAST, count=count)
        assert row is not None
    return End(*row)


def prune(tx: Transaction, before: int, most: int = 10_000) -> int:
    """Remove the oldest entries, and add one that says so.

    Args:
        before: an instant; entries that are not older stay, and so do all behind them.
        most: so many at once.

    Returns:
        How many will be gone with the commit.
    """
    through = _through(tx, before, most)
    count = 0 if through is None else through.auditid - removed(tx).auditid
    if count:
        tx.after_units(partial(_prune, before, most))
    return count


def _prune(before: int, most: int, tx: Transaction) -> None:
    _locked(tx, 0)
    through = _through(tx, before, most)
    if through is None:  # another master was quicker
        return
    tx.sql.execute(t.audit_entries.delete().where(_a.id <= through.auditid))
    tx.run(_ADD_END, end=_REMOVED, digest=NO_DIGEST)
    tx.run(_SET_END, end=_REMOVED, entry=through.auditid, new_digest=through.digest)
    janitor = Actor("janitor", via=Via.NOTHING)
    told = {"through": through.auditid, "digest": through.digest}
    append(tx, NewEntry(actor=janitor, action=PRUNE, method="prune", path="audit", after=told))


def _through(connection: Connection, before: int, most: int) -> End | None:
    """The newest entry that may go; clocks of masters differ, so not every older number is of an older instant."""
    first, stays = connection.sql.execute(
        sa.select(
            sa.select(sa.func.min(_a.id)).scalar_subquery(),
            sa.select(sa.func.min(_a.id)).where(_a.happened_at >= before).scalar_subquery(),
        )
    ).one()
    if first is None:
        return None
    below = first + most if stays is None else min(stays, first + most)
    row = connection.sql.execute(
        sa.select(_a.id, _a.digest).where(_a.id < below).order_by(_a.id.desc()).limit(1)
    ).one_or_none()
    return None if row is None else End(row.id, row.digest)


# -- reading ---------------------------------------------------------------------------


def last(connection: Connection) -> End:
    """The newest entry."""
    return _end(connection, _LAST)


def removed(connection: Connection) -> End:
    """The newest of those that were removed for their age."""
    return _end(connection, _REMOVED)


def _end(connection: Connection, name: str) -> End:
    row = connection.sql.execute(sa.select(_e.entry_id, _e.digest).where(_e.name == name)).one_or_none()
    return End() if row is None else End(*row)


def rows(connection: Connection, *conditions: sa.ColumnElement[bool]) -> Iterator[tuple[Any, ...]]:
    """Rows of `COLUMNS`, oldest first."""
    newest = None
    while True:
        query = sa.select(*COLUMNS).where(*conditions).order_by(_a.id).limit(AT_ONCE)
        if newest is not None:
            query = query.where(_a.id > newest)
        found = [tuple(row) for row in connection.sql.execute(query)]
        yield from found
        if len(found) < AT_ONCE:
            return
        newest = found[-1][0]


def since(instant: int | None, actor: str | None) -> list[sa.ColumnElement[bool]]:
    """Conditions for `rows`.

    Args:
        instant: entries of then and later; None for all.
        actor: a name or a name for logging in; None for all.
    """
    conditions: list[sa.ColumnElement[bool]] = []
    if instant is not None:
        conditions.append(_a.happened_at >= instant)
    if actor is not None:
        conditions.append(sa.or_(_a.actor == actor, _a.username == actor))
    return conditions


def exported(row: Sequence[Any]) -> str:
    """A row of `COLUMNS` as a line of JSON whose ``entry`` is exactly what was hashed."""
    return f'{{"digest":"{row[-1]}","entry":{canonical(row[:-1]).decode()}}}'


def problems(connection: Connection) -> Iterator[str]:
    """What shows that the log was tampered with; to be read from one state of the database."""
    begin = removed(connection)
    number, digest = begin
    pruned = None
    for row in rows(connection):
        if row[0] != number + 1:
            yield f"audit entry {number + 1} is missing: {row[0]} follows {number or 'the begin'}"
        if not _is_sound(digest, row):
            yield f"audit entry {row[0]} is not what was written: it does not follow from the one before"
        if row[6] == PRUNE:
            pruned = row[11]
        number, digest = row[0], str(row[-1])
    if (number, digest) != (end := last(connection)):
        yield f"the audit log ends with entry {number}, {end.auditid} was the last that was written"
    if begin.auditid and (pruned is None or not _tells(pruned, begin)):
        yield f"no entry says that audit entries up to {begin.auditid} were removed for their age"


def contradictions(connection: Connection, known: End) -> Iterator[str]:
    """What shows that an entry that was there once is not, or is another one."""
    if known.auditid < removed(connection).auditid:
        return
    ends = [removed(connection), *(End(row[0], row[-1]) for row in rows(connection, _a.id == known.auditid))]
    if known not in ends:
        yield f"audit entry {known.auditid} is not the one that was there before"


def _is_sound(previous: str, row: Sequence[Any]) -> bool:
    try:
        return digest_of(previous, canonical(row[:-1])) == str(row[-1])
    except (DamagedEntry, ValueError, TypeError):
        return False


def _tells(pruned: Any, begin: End) -> bool:
    try:
        return bool(msgspec.json.decode(pruned) == {"through": begin.auditid, "digest": begin.digest})
    except (ValueError, TypeError):
        return False
