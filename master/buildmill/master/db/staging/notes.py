"""Labels and annotations of whatever has a guid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

import sqlalchemy as sa

from buildmill.master.db.graphs.chunks import chunks
from buildmill.master.db.tables_of_staging import notes
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.staging.metadata import merged
from buildmill.master.domain.staging.requests import LabelRule, LabelTest
from buildmill.master.domain.staging.values import Metadata, MetadataChange

_n = notes.c
_LABEL = "label"
_ANNOTATION = "annotation"
_NOTHING = Metadata()


def of(connection: Connection, guids: Collection[str]) -> dict[str, Metadata]:
    """The metadata of each; what has none is there as well."""
    labels: dict[str, dict[str, str]] = defaultdict(dict)
    annotations: dict[str, dict[str, str]] = defaultdict(dict)
    for some in chunks(list(guids)):
        query = sa.select(notes).where(_n.owner_guid.in_(some)).order_by(_n.owner_guid, _n.kind, _n.key)
        for guid, kind, key, value in connection.sql.execute(query):
            (labels if kind == _LABEL else annotations)[guid][key] = value
    return {guid: Metadata(labels=labels.get(guid, {}), annotations=annotations.get(guid, {})) for guid in guids}


def one(connection: Connection, guid: str) -> Metadata:
    """The metadata of one."""
    return of(connection, [guid])[guid]


def change(tx: Transaction, guid: str, wanted: MetadataChange, *, is_new: bool = False) -> Metadata:
    """Merge a change into what is there.

    Args:
        is_new: nothing is there.

    Raises:
        TooManyLabels, TooManyAnnotations: nothing was changed.
    """
    before = _NOTHING if is_new else one(tx, guid)
    after = merged(before, wanted)
    if after != before:
        _replace(tx, guid, _LABEL, dict(before.labels), dict(after.labels))
        _replace(tx, guid, _ANNOTATION, dict(before.annotations), dict(after.annotations))
    return after


def _replace(tx: Transaction, guid: str, kind: str, before: dict[str, str], after: dict[str, str]) -> None:
    gone = [key for key, value in before.items() if after.get(key) != value]
    come = [key for key, value in after.items() if before.get(key) != value]
    if gone:
        tx.sql.execute(notes.delete().where(_n.owner_guid == guid, _n.kind == kind, _n.key.in_(gone)))
    if come:
        rows = [{"owner_guid": guid, "kind": kind, "key": key, "value": after[key]} for key in come]
        tx.sql.execute(notes.insert(), rows)


def forget(tx: Transaction, guids: Collection[str]) -> None:
    """Remove the metadata of what is gone."""
    for some in chunks(list(guids)):
        tx.sql.execute(notes.delete().where(_n.owner_guid.in_(some)))


def matching(guid: sa.ColumnElement[str], rule: LabelRule) -> sa.ColumnElement[bool]:
    """The condition that what has this guid meets one requirement of a label selector."""
    own = sa.select(sa.literal(1)).where(_n.owner_guid == guid, _n.kind == _LABEL, _n.key == rule.key)
    if rule.test in (LabelTest.IN, LabelTest.NOT_IN):
        own = own.where(_n.value.in_(rule.values))
    found = sa.exists(own)
    return found if rule.test in (LabelTest.EXISTS, LabelTest.IN) else sa.not_(found)
