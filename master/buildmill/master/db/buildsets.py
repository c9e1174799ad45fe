"""Rows of buildsets: added with their requests in one go, complete when the last request is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa

from buildmill.common.errors import NotFound
from buildmill.common.results import Result
from buildmill.master.db import collapse, source_stamps, taking_over
from buildmill.master.db import tables as t
from buildmill.master.db.statement import Row, Statement
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.resources import BuildRequest, Buildset
from buildmill.master.domain.result_rules import worst_of

_b, _r = t.buildsets.c, t.build_requests.c

COLUMNS = (
    _b.id, _b.complete, _b.complete_at, _b.external_idstring, _b.parent_build_id, _b.parent_relationship,
    _b.reason, _b.rebuilt_build_id, _b.results, _b.submitted_at,
)  # fmt: skip

_GET = Statement(sa.select(*COLUMNS).where(_b.id == sa.bindparam("id")))
_PROPERTIES = Statement(sa.select(_b.properties).where(_b.id == sa.bindparam("id")))
_ADD = Statement(
    t.buildsets.insert()
    .values(
        {
            name: sa.bindparam(name)
            for name in (
                "external_idstring", "reason", "submitted_at", "waiting_requests", "parent_build_id",
                "parent_relationship", "rebuilt_build_id", "properties", "scheduler",
            )
        }
    )
    .returning(_b.id)
)  # fmt: skip
_ADD_SOURCE_STAMP = Statement(
    t.buildset_source_stamps.insert().values(
        buildset_id=sa.bindparam("buildset_id"), source_stamp_id=sa.bindparam("source_stamp_id")
    )
)
_ADD_REQUEST = Statement(
    t.build_requests.insert()
    .values(
        {
            name: sa.bindparam(name)
            for name in ("buildset_id", "builder_id", "priority", "submitted_at", "waited_for", "collapse_key")
        }
    )
    .returning(_r.id)
)
_ONE_LESS = Statement(
    t.buildsets.update()
    .where(_b.id == sa.bindparam("buildset"), _b.complete == 0)
    .values(waiting_requests=_b.waiting_requests - 1)
    .returning(_b.waiting_requests)
)
_REQUEST_RESULTS = Statement(sa.select(_r.results).where(_r.buildset_id == sa.bindparam("buildset")))
_COMPLETE = Statement(
    t.buildsets.update()
    .where(_b.id == sa.bindparam("buildset"))
    .values(complete=sa.text("1"), complete_at=sa.bindparam("now"), results=sa.bindparam("result"))
    .returning(*COLUMNS)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBuildset:
    """What is asked for: these builders on these sources.

    Attributes:
        source_stamps: ids, contents (see `source_stamps.find_or_add`) or codebase names; at least one.
        properties: ``{name: (value, source)}``.
        priority: of each request, or by builder id.
        collapsing: builders on which this set takes the place of waiting requests for the same work.
        failed_parts: by builder id, builds whose failed part is asked for only. A request for a part neither takes the
            place of one for all, nor does that one take its place.
    """

    source_stamps: Sequence[int | str | Mapping[str, Any]]
    builder_ids: Sequence[int]
    scheduler: str = ""
    reason: str = ""
    properties: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    external_idstring: str | None = None
    waited_for: bool = False
    priority: int | Mapping[int, int] = 0
    rebuilt_build_id: int | None = None
    collapsing: frozenset[int] = frozenset()
    parent_build_id: int | None = None
    parent_relationship: str | None = None
    failed_parts: Mapping[int, int] = field(default_factory=dict)

    @property
    def collapsing_on(self) -> frozenset[int]:
        """Those of `collapsing` on which it does."""
        return self.collapsing - self.failed_parts.keys()


def from_row(connection: Connection, row: Row) -> Buildset:
    """A struct from a row of `COLUMNS`, with its source stamps."""
    return Buildset(
        bsid=row[0],
        complete=bool(row[1]),
        complete_at=row[2],
        external_idstring=row[3],
        parent_buildid=row[4],
        parent_relationship=row[5],
        reason=row[6],
        rebuilt_buildid=row[7],
        results=-1 if row[8] is None else row[8],
        sourcestamps=source_stamps.of_buildset(connection, row[0]),
        submitted_at=row[9],
    )


def get(connection: Connection, buildset_id: int) -> Buildset:
    """One buildset.

    Raises:
        NotFound: no such id.
    """
    row = connection.one(_GET, id=buildset_id)
    if row is None:
        raise NotFound(f"no buildset {buildset_id}")
    return from_row(connection, row)


def properties(connection: Connection, buildset_id: int) -> dict[str, tuple[Any, str]]:
    """``{name: (value, source)}``.

    Raises:
        NotFound: no such id.
    """
    document = connection.scalar(_PROPERTIES, id=buildset_id)
    if document is None:
        raise NotFound(f"no buildset {buildset_id}")
    return msgspec.json.decode(document, type=dict[str, tuple[Any, str]])


def incomplete_of(connection: Connection, scheduler: str) -> list[int]:
    """Ids of the sets of one scheduler that still wait for builds, oldest first."""
    rows = connection.sql.execute(
        sa.select(_b.id).where(_b.complete == sa.text("0"), _b.scheduler == scheduler).order_by(_b.id)
    )
    return list(rows.scalars())


def add(tx: Transaction, new: NewBuildset) -> tuple[int, dict[int, int]]:
    """Add a set with one request for each builder.

    Returns:
        The set's id, and the request's id for each builder id. A set without builders is complete at once.
    """
    stamps = list(dict.fromkeys(source_stamps.resolve(tx, wanted) for wanted in new.source_stamps))
    builder_ids = list(dict.fromkeys(new.builder_ids))
    buildset_id = tx.scalar(
        _ADD,
        external_idstring=new.external_idstring,
        reason=new.reason,
        submitted_at=tx.now,
        waiting_requests=len(builder_ids),
        parent_build_id=new.parent_build_id,
        parent_relationship=new.parent_relationship,
        rebuilt_build_id=new.rebuilt_build_id,
        properties=msgspec.json.encode(dict(new.properties)).decode(),
        scheduler=new.scheduler or None,
    )
    for stamp in stamps:
        tx.run(_ADD_SOURCE_STAMP, buildset_id=buildset_id, source_stamp_id=stamp)
    key = collapse.key_of(tx, stamps, new.properties) if new.collapsing_on else None
    requests: dict[int, int] = {}
    for builder_id in builder_ids:
        priority = new.priority if isinstance(new.priority, int) else new.priority.get(builder_id, 0)
        request_id = tx.scalar(
            _ADD_REQUEST,
            buildset_id=buildset_id, builder_id=builder_id, priority=priority, submitted_at=tx.now,
            waited_for=int(new.waited_for), collapse_key=key if builder_id in new.collapsing_on else None,
        )  # fmt: skip
        requests[builder_id] = request_id
        if (origin := new.failed_parts.get(builder_id)) is not None:
            taking_over.note_part(tx, request_id, origin)
        request = BuildRequest(
            builderid=builder_id, buildrequestid=request_id, buildsetid=buildset_id, claimed=False,
            claimed_at=None, claimed_by_masterid=None, complete=False, complete_at=None, priority=priority,
            properties=None, results=-1, submitted_at=tx.now, waited_for=new.waited_for,
        )  # fmt: skip
        tx.emit(request.event("new"))
    buildset = Buildset(
        bsid=buildset_id, complete=False, complete_at=None, external_idstring=new.external_idstring,
        parent_buildid=new.parent_build_id, parent_relationship=new.parent_relationship, reason=new.reason,
        rebuilt_buildid=new.rebuilt_build_id, results=-1,
        sourcestamps=[source_stamps.get(tx, stamp) for stamp in stamps], submitted_at=tx.now,
    )  # fmt: skip
    tx.emit(buildset.new_event(new.scheduler))
    if not builder_ids:
        _finish(tx, buildset_id, Result.SUCCESS)
    return buildset_id, requests


def request_completed(tx: Transaction, buildset_id: int, result: int) -> None:
    """One request of the set has its final result; the last one completes the set with the worst of all."""
    waiting = tx.scalar(_ONE_LESS, buildset=buildset_id)
    if waiting is not None and waiting <= 0:
        results = [row[0] for row in tx.all(_REQUEST_RESULTS, buildset=buildset_id)]
        _finish(tx, buildset_id, worst_of([Result.SUCCESS, *(Result(r) for r in results if r is not None)]))


def _finish(tx: Transaction, buildset_id: int, result: Result) -> None:
    row = tx.one(_COMPLETE, buildset=buildset_id, now=tx.now, result=int(result))
    assert row is not None
    tx.emit(from_row(tx, row).event("complete"))
