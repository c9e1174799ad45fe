"""Rows of branches and versions of targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from buildmill.common.errors import Conflict, InvalidInput
from buildmill.master.db.graphs import happenings
from buildmill.master.db.graphs.section import enter
from buildmill.master.db.statement import Statement
from buildmill.master.db.tables import changes
from buildmill.master.db.tables_of_graphs import (
    graph_attempts,
    graph_jobs,
    graph_locks,
    target_branches,
    target_heads,
    target_versions,
    targets,
)
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.orchestration import rids
from buildmill.master.domain.orchestration.errors import TargetsNotFound
from buildmill.master.domain.orchestration.resources import TargetVersion
from buildmill.master.domain.orchestration.values import HappeningKind, Version, VersionState

_t, _b, _v, _h = targets.c, target_branches.c, target_versions.c, target_heads.c

SOURCE = (
    target_versions.join(target_branches, _b.id == _v.branch_id)
    .join(targets, _t.id == _b.target_id)
    .outerjoin(graph_attempts, graph_attempts.c.id == _v.attempt_id)
    .outerjoin(graph_jobs, graph_jobs.c.id == graph_attempts.c.job_id)
)
COLUMNS = (
    _b.name, _v.closed_at_ms, graph_jobs.c.rid, _v.opened_at_ms, _v.payload, _v.rid, _v.state, _t.rid, _v.id,
)  # fmt: skip


def resource(row: Sequence[Any]) -> TargetVersion:
    """A document from a row of `COLUMNS`."""
    payload = msgspec.json.decode(row[4], type=dict[str, Any])
    return TargetVersion(row[0], row[1], row[2], row[3], payload, row[5], row[6], row[7], row[8])


def value(found: TargetVersion) -> Version:
    """The same as a value."""
    return Version(
        rid=found.rid, target_rid=found.target_rid, branch=found.branch, state=VersionState(found.state),
        job_rid=found.job_rid, payload=found.payload, opened_at_ms=found.opened_at_ms, closed_at_ms=found.closed_at_ms,
    )  # fmt: skip


_GET = Statement(sa.select(*COLUMNS).select_from(SOURCE).where(_v.id == sa.bindparam("version")))
_BRANCHES = Statement(sa.select(_b.name, _b.id).where(_b.target_id == sa.bindparam("target")).order_by(_b.id))
_ADD_BRANCH = Statement(
    target_branches.insert()
    .values({name: sa.bindparam(name) for name in ("target_id", "name", "parent_id", "created_at_ms")})
    .returning(_b.id)
)
_OPEN = Statement(
    target_versions.insert()
    .values({name: sa.bindparam(name) for name in ("rid", "branch_id", "state", "logic", "attempt_id", "opened_at_ms")})
    .returning(_v.id, _v.payload)
)
_CLOSE = Statement(
    target_versions.update()
    .where(_v.id == sa.bindparam("version"), _v.state == sa.bindparam("before"))
    .values(state=sa.bindparam("after"), closed_at_ms=sa.bindparam("at_ms"))
    .returning(_v.branch_id)
)
_MOVE_HEAD = Statement(
    target_heads.update().where(_h.branch_id == sa.bindparam("branch")).values(version_id=sa.bindparam("version"))
)
_ADD_HEAD = Statement(target_heads.insert().values({name: sa.bindparam(name) for name in ("branch_id", "version_id")}))


def get(connection: Connection, version_id: int) -> TargetVersion:
    """One version, by its row."""
    row = connection.one(_GET, version=version_id)
    assert row is not None
    return resource(row)


def branch(tx: Transaction, target_id: int, name: str, fallbacks: Sequence[str] = ()) -> int:
    """The row of a branch; a missing one is made off the first fallback that is there."""
    found: dict[str, int] = dict(tx.all(_BRANCHES, target=target_id))
    if name in found:
        return found[name]
    parent = next((found[fallback] for fallback in fallbacks if fallback in found), None)
    return int(tx.scalar(_ADD_BRANCH, target_id=target_id, name=name, parent_id=parent, created_at_ms=tx.now_ms))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A version that an attempt begins to write.

    Attributes:
        job_rid: of the job whose attempt it is.
    """

    rid: str
    target_rid: str
    branch: str
    logic: str
    attempt_id: int
    job_rid: str


def open_version(tx: Transaction, branch_id: int, new: Opening) -> int:
    """Begin a version; nobody else may have one open there."""
    row = tx.one(
        _OPEN,
        rid=new.rid, branch_id=branch_id, state=str(VersionState.OPEN), logic=new.logic, attempt_id=new.attempt_id,
        opened_at_ms=tx.now_ms,
    )  # fmt: skip
    assert row is not None
    version_id, payload = row
    told = (new.branch, None, new.job_rid, tx.now_ms, payload, new.rid, VersionState.OPEN, new.target_rid, version_id)
    tx.emit(resource(told).event("open"))
    return int(version_id)


def close(tx: Transaction, version_id: int, state: VersionState, build_rid: str | None) -> None:
    """Commit an open version, which is the head of its branch from now on, or give it up."""
    branch_id = tx.scalar(_CLOSE, version=version_id, before=str(VersionState.OPEN), after=str(state), at_ms=tx.now_ms)
    if branch_id is None:
        return
    if state is VersionState.COMMITTED:
        _move_head(tx, branch_id, version_id)
    _tell(tx, version_id, build_rid)


def _move_head(tx: Transaction, branch_id: int, version_id: int) -> None:
    if not tx.run(_MOVE_HEAD, branch=branch_id, version=version_id):
        tx.run(_ADD_HEAD, branch_id=branch_id, version_id=version_id)


def _tell(tx: Transaction, version_id: int, build_rid: str | None) -> None:
    version = get(tx, version_id)
    tx.emit(version.event(version.state))
    if version.state == VersionState.COMMITTED:
        happenings.add(
            tx,
            HappeningKind.VERSION_COMMITTED,
            target_rid=version.target_rid,
            branch=version.branch,
            build_rid=build_rid,
        )


def commit_from_outside(
    tx: Transaction, target: str, branch_name: str, payload: Mapping[str, Any], random_bytes: rids.RandomBytes
) -> Version:
    """Add a committed version that no job has made.

    Args:
        target: RID or name.
        payload: what JSON can represent.

    Raises:
        TargetsNotFound: no such target in the configuration.
        Conflict: a job has that output for itself.
        InvalidInput: no name of a branch, or a payload that JSON cannot represent.
    """
    if not branch_name:
        raise InvalidInput("branch", "expected the name of a branch")
    try:
        document = msgspec.json.encode(dict(payload)).decode()
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput("payload", f"expected what JSON can represent: {error}") from error
    enter(tx)
    target_id = tx.sql.execute(
        sa.select(_t.id).where(sa.or_(_t.rid == target, _t.name == target), _t.configured == 1).order_by(_t.id)
    ).scalar()
    if target_id is None:
        raise TargetsNotFound([target])
    if is_locked(tx, target_id, branch_name):
        raise Conflict(f"a job is about to write {target} on branch {branch_name}")
    branch_id = branch(tx, target_id, branch_name)
    version_id = int(
        tx.sql.execute(
            target_versions.insert()
            .values(
                rid=rids.random_rid(rids.VERSION, random_bytes), branch_id=branch_id, payload=document,
                state=str(VersionState.COMMITTED), opened_at_ms=tx.now_ms, closed_at_ms=tx.now_ms,
            )
            .returning(_v.id)
        ).scalar_one()
    )  # fmt: skip
    _move_head(tx, branch_id, version_id)
    _tell(tx, version_id, None)
    return value(get(tx, version_id))


def is_locked(connection: Connection, target_id: int, branch_name: str) -> bool:
    """Whether a job has a target for itself on a branch."""
    found = connection.sql.execute(
        sa.select(graph_locks.c.job_id).where(graph_locks.c.target_id == target_id, graph_locks.c.branch == branch_name)
    )
    return found.first() is not None


def newest_change(connection: Connection) -> int:
    """Id of the newest change; 0 when there is none."""
    return int(connection.sql.execute(sa.select(sa.func.max(changes.c.id))).scalar() or 0)
