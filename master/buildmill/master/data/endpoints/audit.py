"""The audit log, for those who may know what others do."""

from __future__ import annotations

from buildmill.master.data.endpoints.endpoint import Endpoint, collection, single
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.db.reading.audit import AUDIT
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.audit import AuditEntry
from buildmill.master.domain.queries import Page


def _all(connection: Connection, _keys: Keys, spec: ResultSpec) -> Page[AuditEntry]:
    return AUDIT.page(connection, spec.query, count=True)


def _one(connection: Connection, keys: Keys, _spec: ResultSpec) -> AuditEntry | None:
    return AUDIT.one(connection, auditid=keys["auditid"])


ENDPOINTS: list[Endpoint] = [
    *collection("audit_entry", "audit.read", _all, "audit", depends=None),
    *single("audit_entry", "audit.read", _one, "audit/n:auditid", depends=None),
]
