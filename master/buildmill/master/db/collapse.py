"""When two waiting requests of one builder do the same work, so that the newer one may stand for both.

They do when their sets have the same codebases, and for each codebase the same repository, branch and project,
no patch, and either changes on both sides or on none and then equal revisions; and when the properties that
schedulers gave them are equal. All of it is put into one key, so that no pair has to be compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from buildmill.master.db import source_stamps
from buildmill.master.db import tables as t
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection

_HAS_CHANGES = Statement(sa.select(t.changes.c.id).where(t.changes.c.source_stamp_id == sa.bindparam("stamp")).limit(1))


def key_of(connection: Connection, stamp_ids: Sequence[int], properties: Mapping[str, tuple[Any, str]]) -> str | None:
    """The key of a set with these source stamps and properties; None when it never collapses (a patch)."""
    content: list[Any] = []
    for stamp_id in stamp_ids:
        stamp = source_stamps.get(connection, stamp_id)
        if stamp.patch is not None:
            return None
        changed = connection.one(_HAS_CHANGES, stamp=stamp_id) is not None
        content.append(
            [
                stamp.codebase,
                stamp.repository,
                stamp.branch,
                stamp.project,
                changed,
                None if changed else stamp.revision,
            ]
        )
    content.sort(key=lambda row: row[0])
    given = sorted(
        (name, value) for name, (value, source) in properties.items() if source == "Scheduler" and name != "scheduler"
    )
    encoded = msgspec.msgpack.encode([content, given])
    return hashlib.blake2b(encoded, digest_size=16).hexdigest()
