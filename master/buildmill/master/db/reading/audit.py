"""Questions about the audit log."""

from __future__ import annotations

from collections.abc import Sequence

from buildmill.master.db import audit
from buildmill.master.db import tables as t
from buildmill.master.db.reading.collection import Collection, integer, text
from buildmill.master.db.statement import Row
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.audit import AuditEntry

_a = t.audit_entries.c


def _entries(_connection: Connection, rows: Sequence[Row]) -> list[AuditEntry]:
    return [audit.from_row(row) for row in rows]


AUDIT: Collection[AuditEntry] = Collection(
    columns=audit.COLUMNS,
    source=t.audit_entries,
    make=_entries,
    key=_a.id,
    fields={
        "action": text(_a.action),
        "actor": text(_a.actor),
        "address": text(_a.address),
        "auditid": integer(_a.id),
        "digest": text(_a.digest),
        "happened_at": integer(_a.happened_at),
        "method": text(_a.method),
        "outcome": text(_a.outcome),
        "path": text(_a.path),
        "reason": text(_a.reason),
        "username": text(_a.username),
        "via": text(_a.via),
    },
)
