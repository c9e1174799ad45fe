"""How stagings end: with a droplet, with an error, by time, with their app; and what is kept of those that have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from buildmill.common import staging as wire
from buildmill.common.staging import Lifecycle
from buildmill.master.db import tables_of_staging as t
from buildmill.master.db.staging import apps, droplets, means, notes, reading, rows
from buildmill.master.db.staging.composing import LAYERS, kept_task
from buildmill.master.db.staging.means import Means
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.staging.errors import InvalidResult, StagingNotFound
from buildmill.master.domain.staging.outcomes import NO_START_COMMAND, stager_error, used_buildpacks
from buildmill.master.domain.staging.requests import ReportedEnd
from buildmill.master.domain.staging.values import (
    BuildState,
    Checksum,
    DropletState,
    MetadataChange,
    SbomFile,
    StagingBuild,
    UsedBuildpack,
)
from buildmill.master.domain.stopping import user

_b, _d = t.builds.c, t.droplets.c
_MANY = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a staging has made; all bytes are in the store, and verified.

    Attributes:
        bits: None of `docker`.
        caches: by key; None where those that are there stay as they are.
        worker: name of the one that has made it.
    """

    bits: Checksum | None
    buildpacks: tuple[UsedBuildpack, ...] | None
    process_types: Mapping[str, str]
    execution_metadata: str = ""
    image: str | None = None
    sboms: tuple[SbomFile, ...] = ()
    caches: Mapping[str, Checksum] | None = None
    worker: str = ""


def staged(tx: Transaction, guid: str, made: Made, by: Means) -> str:
    """A staging has succeeded: there is a droplet; the droplet's guid.

    Raises:
        StagingNotFound: it is gone, with its app.
        InvalidResult: it has ended.
    """
    row = _running(tx, guid)
    if not made.process_types:
        raise InvalidResult(NO_START_COMMAND)
    package = reading.find(tx, t.packages, row.package_guid)
    bits = {} if made.bits is None else {"sha256": made.bits.sha256, "size_bytes": made.bits.size_bytes}
    secret = {} if package is None or made.image is None else {
        "username": package.username, "password": package.password,
    }  # fmt: skip
    droplet = means.add(
        tx, t.droplets, by.guid(), app_guid=row.app_guid, package_guid=None if package is None else package.guid,
        build_guid=guid, state=str(DropletState.STAGED), lifecycle=row.lifecycle,
        buildpacks=rows.used_text(made.buildpacks), stack=row.stack or None, image=made.image,
        execution_metadata=made.execution_metadata, process_types=rows.json_text(dict(made.process_types)),
        created_by=row.created_by, **bits, **secret,
    )  # fmt: skip
    for sbom in made.sboms:
        file = {"sha256": sbom.file.sha256, "size_bytes": sbom.file.size_bytes}
        tx.sql.execute(t.sboms.insert().values(droplet_guid=droplet.guid, path=sbom.path, **file))
    if made.caches is not None:
        _keep_caches(tx, row, made.caches)
    tx.emit(rows.droplet_resource(droplet).event("new"))
    _end(
        tx, guid, BuildState.STAGED, droplet_guid=droplet.guid, droplet_sha256=droplet.sha256,
        droplet_size_bytes=droplet.size_bytes,
    )  # fmt: skip
    if by.voucher is not None and package is not None and package.sha256 is not None:
        source = Checksum(sha256=package.sha256, size_bytes=package.size_bytes)
        droplets.attest(tx, droplet.guid, source, by.voucher, made.worker)
    expire_droplets(tx, row.app_guid, by)
    prune_builds(tx, row.app_guid, by)
    return str(droplet.guid)


def staged_by_worker(
    tx: Transaction, guid: str, droplet: wire.Droplet, by: Means, *, worker: str, keeps_caches: bool
) -> str:
    """A worker has staged, and all that it has made is in the store; the droplet's guid. Raises as `staged`."""
    row = _running(tx, guid)
    task, result = kept_task(row), droplet.result
    metadata = result.get("lifecycle_metadata") or {}
    is_docker = task.lifecycle is Lifecycle.DOCKER
    made = Made(
        bits=None if droplet.file is None else _checksum(droplet.file),
        buildpacks=None if is_docker else used_buildpacks(task, result),
        process_types={str(kind): str(command) for kind, command in (result.get("process_types") or {}).items()},
        execution_metadata=str(result.get("execution_metadata") or ""),
        image=str(metadata.get("docker_image") or task.image) if is_docker else None,
        sboms=tuple(SbomFile(path=file.path, file=_checksum(file)) for file in droplet.sbom),
        caches={cache.key: _checksum(cache.file) for cache in droplet.caches} if keeps_caches else None,
        worker=worker,
    )
    return staged(tx, guid, made, by)


def _checksum(file: wire.File) -> Checksum:
    return Checksum(sha256=file.sha256, size_bytes=file.size_bytes)


def failed(tx: Transaction, guid: str, error: str, by: Means) -> bool:
    """A staging has failed; False if it has ended already, or is gone."""
    row = _locked(tx, guid)
    if row is None or row.state != BuildState.STAGING:
        return False
    _end(tx, guid, BuildState.FAILED, error=error)
    prune_builds(tx, row.app_guid, by)
    return True


def _running(tx: Transaction, guid: str) -> Any:
    row = _locked(tx, guid)
    if row is None:
        raise StagingNotFound("Build")
    if row.state != BuildState.STAGING:
        raise InvalidResult("the staging has ended")
    return row


def _locked(tx: Transaction, guid: str) -> Any:
    """The row of a staging, if it is there: of two that end it at the same time the second sees that it has ended."""
    return tx.sql.execute(sa.select(t.builds).where(_b.guid == guid).with_for_update()).one_or_none()


def _end(tx: Transaction, guid: str, state: BuildState, **values: Any) -> Any:
    # what the worker was told has secrets, and nobody needs it any more
    row = means.change(tx, t.builds, guid, state=str(state), task=None, **values)
    tx.emit(rows.build_resource(row).event("finished"))
    return row


def reported(tx: Transaction, guid: str, end: ReportedEnd, by: Means, who: str) -> StagingBuild:
    """A component from outside says how a staging has ended; the engine's build is stopped.

    Raises:
        StagingNotFound: there is none.
        InvalidResult: it has ended.
    """
    row = _running(tx, guid)
    if end.state is BuildState.FAILED:
        failed(tx, guid, stager_error(end.error), by)
    else:
        made = Made(
            bits=None, buildpacks=None, process_types=end.process_types, image=end.image or None,
            execution_metadata="",
        )  # fmt: skip
        droplet_guid = staged(tx, guid, made, by)
        apps.set_current_droplet(tx, row.app_guid, droplet_guid)
    apps.stop(tx, row, "somebody else has reported its end", user(who), by)
    return reading.build(tx, guid)


def update(tx: Transaction, guid: str, change: MetadataChange) -> StagingBuild:
    """Change labels and annotations of a build. Raises StagingNotFound."""
    reading.get(tx, t.builds, guid, "Build")
    notes.change(tx, guid, change)
    return reading.build(tx, guid)


# -- caches ------------------------------------------------------------------------------------


def _keep_caches(tx: Transaction, row: Any, caches: Mapping[str, Checksum]) -> None:
    """Have exactly these caches of an app on a stack, for one lifecycle: what is not named was given up."""
    c = t.caches.c
    of_cnb = c.key == LAYERS if row.lifecycle == Lifecycle.CNB else c.key != LAYERS
    tx.sql.execute(t.caches.delete().where(c.app_guid == row.app_guid, c.stack == row.stack, of_cnb))
    for key, file in caches.items():
        tx.sql.execute(
            t.caches.insert().values(
                app_guid=row.app_guid, stack=row.stack, key=key, sha256=file.sha256, size_bytes=file.size_bytes,
                used_at=tx.now,
            )
        )  # fmt: skip


# -- how many are kept -------------------------------------------------------------------------


def expire_droplets(tx: Transaction, app_guid: str, by: Means) -> None:
    """Let the bytes go of the oldest droplets of an app beyond the most that are kept; its current one is kept."""
    current = sa.select(t.apps.c.current_droplet_guid).where(
        t.apps.c.guid == app_guid, t.apps.c.current_droplet_guid.is_not(None)
    )
    old = (
        sa.select(_d.guid)
        .where(
            _d.app_guid == app_guid,
            _d.state.in_((str(DropletState.STAGED), str(DropletState.FAILED))),
            _d.guid.not_in(current),
        )
        .order_by(_d.id.desc())
        .limit(_MANY)
        .offset(by.config.limits.kept_droplets)
    )
    for guid in list(tx.sql.execute(old).scalars()):
        tx.sql.execute(t.sboms.delete().where(t.sboms.c.droplet_guid == guid))
        row = means.change(tx, t.droplets, guid, state=str(DropletState.EXPIRED), sha256=None, size_bytes=None)
        tx.emit(rows.droplet_resource(row).event("update"))


def prune_builds(tx: Transaction, app_guid: str, by: Means) -> None:
    """Remove the oldest ended builds of an app beyond the most that are kept."""
    old = (
        sa.select(t.builds)
        .where(_b.app_guid == app_guid, _b.state != BuildState.STAGING)
        .order_by(_b.id.desc())
        .limit(_MANY)
        .offset(by.config.limits.kept_builds)
    )
    gone: Sequence[Any] = tx.sql.execute(old).all()
    guids = [row.guid for row in gone]
    if not guids:
        return
    notes.forget(tx, guids)
    tx.sql.execute(t.droplets.update().where(_d.build_guid.in_(guids)).values(build_guid=None))
    tx.sql.execute(t.builds.delete().where(_b.guid.in_(guids)))
    for row in gone:
        tx.emit(rows.build_resource(row).event("deleted"))
