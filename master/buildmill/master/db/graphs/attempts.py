"""Attempts of jobs: each is a buildset with one request, asked for in the transaction that opens what it writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from buildmill.master.db import builders, builds, buildsets
from buildmill.master.db import tables as t
from buildmill.master.db.graphs import versions
from buildmill.master.db.graphs.chunks import chunks
from buildmill.master.db.graphs.landscape import HeadRow
from buildmill.master.db.graphs.rows import BuildRow, JobRow, change_job
from buildmill.master.db.statement import Statement
from buildmill.master.db.tables_of_graphs import (
    graph_attempt_inputs,
    graph_attempts,
    graph_job_outputs,
    target_versions,
)
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.orchestration import rids
from buildmill.master.domain.orchestration.running import Phase
from buildmill.master.domain.orchestration.values import JobSpec, JobStatus

SOURCE = "Foundry"
"""Source of the properties that every attempt has."""

RETRYABLE = "foundry_retryable"
"""A step that sets this property to false says that another attempt is useless."""

_BUILDERS = "ids of builders"
_a, _v = graph_attempts.c, target_versions.c
_STAMP_KEYS = ("codebase", "repository", "branch", "revision", "project")


class AttemptRow(NamedTuple):
    """A row of an attempt; the order is that of `ATTEMPT_COLUMNS`."""

    id: int
    job_id: int
    number: int
    build_request_id: int
    build_id: int | None
    requested_at_ms: int
    started_at_ms: int | None
    finished_at_ms: int | None
    results: int | None


ATTEMPT_COLUMNS = tuple(_a[name] for name in AttemptRow._fields)
_COUNT = Statement(sa.select(sa.func.count()).select_from(graph_attempts).where(_a.job_id == sa.bindparam("job")))
_ADD = Statement(
    graph_attempts.insert()
    .values({name: sa.bindparam(name) for name in ("job_id", "number", "build_request_id", "requested_at_ms")})
    .returning(_a.id)
)
_ADD_INPUT = Statement(
    graph_attempt_inputs.insert().values(
        {name: sa.bindparam(name) for name in ("attempt_id", "target_id", "version_id")}
    )
)
_o = graph_job_outputs.c
_WRITES = Statement(
    graph_job_outputs.update()
    .where(_o.job_id == sa.bindparam("job"), _o.target_id == sa.bindparam("target"))
    .values(version_id=sa.bindparam("version"))
)
_PAYLOAD = Statement(sa.select(_v.payload).where(_v.id == sa.bindparam("version")))
_WRITTEN = Statement(sa.select(_v.id).where(_v.attempt_id == sa.bindparam("attempt")).order_by(_v.id))
_FINISH = Statement(
    graph_attempts.update()
    .where(_a.id == sa.bindparam("attempt"))
    .values(results=sa.bindparam("result"), finished_at_ms=sa.bindparam("at_ms"))
)
_NOTE_BUILD = Statement(
    graph_attempts.update()
    .where(_a.id == sa.bindparam("attempt"))
    .values(build_id=sa.bindparam("build"), started_at_ms=sa.bindparam("at_ms"))
)


def of_job(connection: Connection, job_id: int) -> list[AttemptRow]:
    """Attempts of a job, first to last."""
    query = sa.select(*ATTEMPT_COLUMNS).where(_a.job_id == job_id).order_by(_a.number)
    return [AttemptRow(*row) for row in connection.sql.execute(query)]


def open_attempts(connection: Connection, request_ids: Sequence[int] | None = None) -> list[AttemptRow]:
    """Attempts that have not ended, oldest first; only those of some requests, if these are given."""
    query = sa.select(*ATTEMPT_COLUMNS).where(_a.finished_at_ms.is_(None)).order_by(_a.id)
    if request_ids is None:
        return [AttemptRow(*row) for row in connection.sql.execute(query)]
    return [
        AttemptRow(*row)
        for some in chunks(sorted(request_ids))
        for row in connection.sql.execute(query.where(_a.build_request_id.in_(some)))
    ]


class MissingInputs(Exception):
    """A job cannot be tried: what it reads has no version. Attributes: rids: of these targets."""

    def __init__(self, rids_: Sequence[str]) -> None:
        super().__init__(", ".join(rids_))
        self.rids = tuple(rids_)


def ask(
    tx: Transaction,
    job: JobRow,
    of: BuildRow,
    spec: JobSpec,
    ids: Mapping[str, int],
    heads: Mapping[int, HeadRow],
    random_bytes: rids.RandomBytes,
) -> int:
    """Begin the next attempt of a job that has its outputs for itself.

    Args:
        ids: rows of its outputs and inputs.
        heads: of its inputs, as `landscape.head_rows` gives them.

    Returns:
        Id of the build request.

    Raises:
        MissingInputs: nothing was written.
    """
    missing = [rid for rid in spec.inputs if ids[rid] not in heads and rid not in spec.outputs]
    if missing:
        raise MissingInputs(missing)
    read = {rid: heads[ids[rid]] for rid in spec.inputs if ids[rid] in heads}
    number = 1 + int(tx.scalar(_COUNT, job=job.id))
    written = {rid: rids.random_rid(rids.VERSION, random_bytes) for rid in spec.outputs}
    properties = {name: (value, SOURCE) for name, value in spec.properties.items()} | {
        name: (value, SOURCE)
        for name, value in {
            "branch": of.branch,
            "foundry_build_rid": of.rid,
            "foundry_job_rid": job.rid,
            "foundry_attempt": number,
            "foundry_inputs": {rid: head.version_rid for rid, head in read.items()},
            "foundry_outputs": written,
        }.items()
    }
    builder_id = _builder(tx, spec.builder)
    asked = buildsets.NewBuildset(
        source_stamps=_source_stamps(tx, list(read.values())),
        builder_ids=[builder_id],
        scheduler="orchestration",
        reason=f"job graph, attempt {number}",
        properties=properties,
        external_idstring=job.rid,
    )
    request_id = buildsets.add(tx, asked)[1][builder_id]
    attempt_id = int(
        tx.scalar(_ADD, job_id=job.id, number=number, build_request_id=request_id, requested_at_ms=tx.now_ms)
    )
    if read:
        tx.run_many(
            _ADD_INPUT,
            [
                {"attempt_id": attempt_id, "target_id": ids[rid], "version_id": head.version_id}
                for rid, head in read.items()
            ],
        )
    for rid, version_rid in written.items():
        new = versions.Opening(
            rid=version_rid, target_rid=rid, branch=of.branch, logic=spec.logic, attempt_id=attempt_id, job_rid=job.rid
        )
        version_id = versions.open_version(tx, versions.branch(tx, ids[rid], of.branch, of.chain[1:]), new)
        tx.run(_WRITES, job=job.id, target=ids[rid], version=version_id)
    change_job(tx, job, of, phase=str(Phase.ASKED), retry_at_ms=None)
    return request_id


def _builder(tx: Transaction, name: str) -> int:
    """The id of a builder, which never changes."""
    known: dict[str, int] = tx.memory.setdefault(_BUILDERS, {})
    if name not in known:
        known[name] = builders.find(tx, name)
    return known[name]


def _source_stamps(tx: Transaction, read: Sequence[HeadRow]) -> list[int | str | Mapping[str, Any]]:
    """The sources that the inputs have come from, as far as changes have committed them; one without content else."""
    found: dict[str, dict[str, Any]] = {}
    for version_id in sorted(head.version_id for head in read if head.attempt_id is None):
        payload = msgspec.json.decode(tx.scalar(_PAYLOAD, version=version_id))
        if isinstance(payload.get("codebase"), str):
            stamp = {key: payload[key] for key in _STAMP_KEYS if payload.get(key) is not None}
            found[payload["codebase"]] = stamp
    return list(found.values()) or [{"codebase": ""}]


def close_versions(tx: Transaction, attempt: AttemptRow, state: Any, build_rid: str) -> None:
    """Commit, or give up, all that an attempt has opened."""
    for (version_id,) in tx.all(_WRITTEN, attempt=attempt.id):
        versions.close(tx, version_id, state, build_rid)


def finish(tx: Transaction, attempt: AttemptRow, results: int, at_ms: int) -> None:
    """An attempt has ended."""
    tx.run(_FINISH, attempt=attempt.id, result=results, at_ms=at_ms)


def note_build(tx: Transaction, attempt: AttemptRow, job: JobRow, of: BuildRow, build_id: int, at_ms: int) -> JobRow:
    """A worker has begun with an attempt, perhaps not for the first time."""
    started = attempt.started_at_ms if attempt.started_at_ms is not None else at_ms
    tx.run(_NOTE_BUILD, attempt=attempt.id, build=build_id, at_ms=started)
    return change_job(tx, job, of, status=str(JobStatus.RUNNING), latest_attempt_at_ms=at_ms)


class EngineState(NamedTuple):
    """What the engine has made of a request.

    Attributes:
        build_id: its latest build; None before the first.
        is_running: that build has not ended.
        build_started_at: in seconds.
        results: of the request, once it is complete.
    """

    is_complete: bool
    is_claimed: bool
    results: int | None
    complete_at: int | None
    build_id: int | None
    is_running: bool
    build_started_at: int


def engine_states(connection: Connection, request_ids: Sequence[int]) -> dict[int, EngineState]:
    """By id, what has become of requests."""
    r, b = t.build_requests.c, t.builds.c
    found: dict[int, EngineState] = {}
    for some in chunks(request_ids):
        latest = {
            row[0]: row
            for row in connection.sql.execute(
                sa.select(b.build_request_id, b.id, b.complete_at, b.started_at)
                .where(b.build_request_id.in_(some))
                .order_by(b.id)
            )
        }
        rows = connection.sql.execute(
            sa.select(r.id, r.complete, r.claimed_by, r.results, r.complete_at).where(r.id.in_(some))
        )
        for request_id, complete, claimed_by, results, complete_at in rows:
            build = latest.get(request_id)
            found[request_id] = EngineState(
                bool(complete), claimed_by is not None, results, complete_at, build[1] if build else None,
                build is not None and build[2] is None, build[3] if build else 0,
            )  # fmt: skip
    return found


def is_retryable(connection: Connection, build_id: int | None) -> bool:
    """Whether no step of a build has said that another attempt is useless."""
    if build_id is None:
        return True
    value, _ = builds.properties(connection, build_id).get(RETRYABLE, (True, ""))
    return value is not False
