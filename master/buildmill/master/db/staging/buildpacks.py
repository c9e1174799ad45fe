"""Admin buildpacks: made, uploaded, ordered; and those of the configured folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from buildmill.common.staging import Lifecycle
from buildmill.master.db import tables_of_staging as t
from buildmill.master.db.staging import jobs, means, notes, places, reading, rows
from buildmill.master.db.staging.means import Means
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.staging.errors import BuildpackLocked, NotUnique, Unprocessable
from buildmill.master.domain.staging.requests import BuildpackChange, NewBuildpack
from buildmill.master.domain.staging.values import (
    Buildpack,
    BuildpackState,
    Checksum,
    Job,
    JobError,
    JobState,
)

_b = t.buildpacks.c
_UPLOAD = "buildpack.upload"
_OF_CONFIGURATION = ": it comes from the master's configuration, and is changed only there"


def create(tx: Transaction, new: NewBuildpack, by: Means) -> Buildpack:
    """Add a buildpack; those behind its position move on.

    Raises:
        Unprocessable: no such stack.
        NotUnique: there is one of this name for that stack.
    """
    stack = _checked_stack(tx, new.stack)
    _check_name(tx, new.name, stack, str(new.lifecycle))
    row = means.add(
        tx, t.buildpacks, by.guid(), name=new.name, stack=stack, lifecycle=str(new.lifecycle),
        state=str(BuildpackState.AWAITING_UPLOAD), position=0, enabled=int(new.is_enabled),
        locked=int(new.is_locked),
    )  # fmt: skip
    metadata = notes.change(tx, row.guid, new.metadata, is_new=True)
    _move(tx, row, new.position)
    row = reading.get(tx, t.buildpacks, row.guid, "Buildpack")
    tx.emit(rows.buildpack_resource(row).event("new"))
    return rows.buildpack(row, metadata)


def _checked_stack(tx: Transaction, name: str | None) -> str:
    if name is not None and places.stack(tx, name) is None:
        raise Unprocessable(f"Stack '{name}' does not exist")
    return name or ""


def _check_name(tx: Transaction, name: str, stack: str, lifecycle: str, besides: str = "") -> None:
    # one at a time: of two the second sees the first, and is not stopped by the index
    tx.sql.execute(sa.select(t.stacks.c.id).order_by(t.stacks.c.id).with_for_update())
    query = sa.select(_b.guid).where(_b.name == name, _b.stack == stack, _b.lifecycle == lifecycle, _b.guid != besides)
    if tx.sql.execute(query).first() is not None:
        where = f"the stack '{stack}'" if stack else "an unassigned stack"
        raise NotUnique(f"Buildpack with name '{name}', {where} and lifecycle '{lifecycle}' already exists")


def _move(tx: Transaction, row: Any, position: int | None) -> None:
    """Put a buildpack at a place among those of its lifecycle, and number them all from 1."""
    query = sa.select(_b.guid, _b.position).where(_b.lifecycle == row.lifecycle, _b.guid != row.guid)
    others = [(guid, at) for guid, at in tx.sql.execute(query.order_by(_b.position, _b.id))]
    place = len(others) if position is None else min(max(position - 1, 0), len(others))
    ordered = [*others[:place], (row.guid, row.position), *others[place:]]
    for number, (guid, at) in enumerate(ordered, 1):
        if at != number:
            tx.sql.execute(t.buildpacks.update().where(_b.guid == guid).values(position=number))


def update(tx: Transaction, guid: str, change: BuildpackChange) -> Buildpack:
    """Change a buildpack.

    Raises:
        StagingNotFound: there is none.
        BuildpackLocked: the configuration has it; only its position and whether it is enabled can be changed.
        Unprocessable: no such stack, or it has one already.
        NotUnique: there is one of this name for that stack.
    """
    row = reading.get(tx, t.buildpacks, guid, "Buildpack")
    if row.configured and (change.name is not None or change.stack is not None):
        raise BuildpackLocked(_OF_CONFIGURATION)
    values: dict[str, Any] = {}
    name, stack = row.name, row.stack
    if change.stack is not None and change.stack != row.stack:
        if row.stack:
            raise Unprocessable("Buildpack stack cannot be changed")
        values["stack"] = stack = _checked_stack(tx, change.stack)
    if change.name is not None and change.name != row.name:
        values["name"] = name = change.name
    if (name, stack) != (row.name, row.stack):
        _check_name(tx, name, stack, row.lifecycle, guid)
    for field, value in (("enabled", change.is_enabled), ("locked", change.is_locked)):
        if value is not None:
            values[field] = int(value)
    metadata = notes.change(tx, guid, change.metadata)
    means.change(tx, t.buildpacks, guid, **values)
    if change.position is not None:
        _move(tx, row, change.position)
    row = reading.get(tx, t.buildpacks, guid, "Buildpack")
    tx.emit(rows.buildpack_resource(row).event("update"))
    return rows.buildpack(row, metadata)


def delete(tx: Transaction, guid: str, by: Means) -> Job:
    """Remove a buildpack.

    Raises:
        StagingNotFound: there is none.
        BuildpackLocked: the configuration has it.
    """
    row = reading.get(tx, t.buildpacks, guid, "Buildpack")
    if row.configured:
        raise BuildpackLocked(_OF_CONFIGURATION)
    _remove(tx, row)
    return jobs.done(tx, by, "buildpack.delete", "buildpack", guid)


def _remove(tx: Transaction, row: Any) -> None:
    notes.forget(tx, [row.guid])
    tx.sql.execute(t.buildpacks.delete().where(_b.guid == row.guid))
    behind = t.buildpacks.update().where(_b.lifecycle == row.lifecycle, _b.position > row.position)
    tx.sql.execute(behind.values(position=_b.position - 1))
    tx.emit(rows.buildpack_resource(row).event("deleted"))


# -- uploads -----------------------------------------------------------------------------------


def begin_upload(tx: Transaction, guid: str, by: Means) -> Job:
    """Say that the bytes of a buildpack are coming.

    Raises:
        StagingNotFound: there is none.
        BuildpackLocked: nobody may upload to it.
    """
    row = reading.get(tx, t.buildpacks, guid, "Buildpack")
    if row.configured:
        raise BuildpackLocked(_OF_CONFIGURATION)
    if row.locked:
        raise BuildpackLocked
    return jobs.add(tx, by, _UPLOAD, "buildpack", guid, JobState.PROCESSING)


def finish_upload(tx: Transaction, job_guid: str, filename: str, bits: Checksum) -> Buildpack:
    """Its bytes are in the store; they take the place of others.

    Raises:
        StagingNotFound: the buildpack or the job is gone.
        InvalidResult: the job has ended.
    """
    job = jobs.end(tx, job_guid, JobState.COMPLETE)
    row = reading.get(tx, t.buildpacks, job.resource_guid, "Buildpack")
    return _with_bits(tx, row.guid, filename, bits)


def _with_bits(tx: Transaction, guid: str, filename: str, bits: Checksum, **values: Any) -> Buildpack:
    row = means.change(
        tx, t.buildpacks, guid, state=str(BuildpackState.READY), filename=filename, sha256=bits.sha256,
        size_bytes=bits.size_bytes, **values,
    )  # fmt: skip
    tx.emit(rows.buildpack_resource(row).event("update"))
    return rows.buildpack(row, notes.one(tx, guid))


def fail_upload(tx: Transaction, job_guid: str, error: JobError) -> Job:
    """Its bytes cannot be used; the buildpack stays as it was. Raises as `finish_upload`."""
    return jobs.end(tx, job_guid, JobState.FAILED, [error])


# -- of the configuration ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A buildpack of the configured folder, whose archive is in the store.

    Attributes:
        stack: None fits every one.
    """

    name: str
    stack: str | None
    lifecycle: Lifecycle
    filename: str
    bits: Checksum


def publish(tx: Transaction, packed: Sequence[Packed], by: Means) -> None:
    """Have exactly these buildpacks of a configuration, new ones behind all others."""
    kept: set[str] = set()
    for each in packed:
        row = _find(tx, each.name, each.stack, each.lifecycle)
        if row is None:
            made = create(tx, NewBuildpack(name=each.name, stack=each.stack, lifecycle=each.lifecycle), by)
            row = reading.get(tx, t.buildpacks, made.guid, "Buildpack")
        kept.add(row.guid)
        if (row.sha256, row.filename, row.configured) != (each.bits.sha256, each.filename, 1):
            _with_bits(tx, row.guid, each.filename, each.bits, configured=1)
    gone = tx.sql.execute(sa.select(t.buildpacks).where(_b.configured == 1)).all()
    for row in gone:
        if row.guid not in kept:
            _remove(tx, reading.get(tx, t.buildpacks, row.guid, "Buildpack"))


def _find(tx: Transaction, name: str, stack: str | None, lifecycle: Lifecycle) -> Any | None:
    query = sa.select(t.buildpacks).where(_b.name == name, _b.stack == (stack or ""), _b.lifecycle == str(lifecycle))
    return tx.sql.execute(query).one_or_none()


# -- for a staging -----------------------------------------------------------------------------


def named(connection: Connection, name: str, stack: str, lifecycle: str) -> Any | None:
    """The admin buildpack of a name that fits a stack; one for this stack before one for all."""
    query = sa.select(t.buildpacks).where(_b.name == name, _b.stack.in_(("", stack)), _b.lifecycle == lifecycle)
    return connection.sql.execute(query.order_by(_b.stack.desc()).limit(1)).first()


def enabled(connection: Connection, stack: str, lifecycle: str) -> list[Any]:
    """Those that may be detected on a stack, in their order."""
    query = sa.select(t.buildpacks).where(
        _b.stack.in_(("", stack)), _b.lifecycle == lifecycle, _b.enabled == 1, _b.state == BuildpackState.READY
    )
    return list(connection.sql.execute(query.order_by(_b.position, _b.id)))
