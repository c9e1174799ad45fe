"""Which master a build belongs to, when several write into one database.

A build is handed over when its worker connects to another master, or when its own master and its worker have both been
away for too long. The master that had it may not know yet: everything that is written about a build is written on
the condition that it still is the writer's.

Specification: docs/internals/durability.md, rules R7 to R10.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import sqlalchemy as sa

from buildmill.common.errors import BuildmillError
from buildmill.common.results import EXCEPTION, RETRY, Result
from buildmill.master.db import builds, commands, steps
from buildmill.master.db import tables as t
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection, Transaction

_b = t.builds.c
_m = t.masters.c


class NotOurs(BuildmillError):
    """Another master has taken the build over."""


class Orphan(NamedTuple):
    """A build whose master holds no lease.

    Attributes:
        fence: changes when somebody takes it.
    """

    build_id: int
    fence: int


class OwnBuild(NamedTuple):
    """An unfinished build as its master's row knows it.

    Attributes:
        stop: (result, reason) of the wish to stop it, or None.
    """

    build_id: int
    handovers: int
    stop: tuple[int, str] | None


_OWNER = Statement(
    sa.select(_b.master_id, _b.handovers).where(_b.id == sa.bindparam("build")).with_for_update(key_share=True)
)
_OWN = Statement(
    sa.select(_b.id, _b.handovers, _b.stop_requested_at, _b.stop_results, _b.stop_reason)
    .where(_b.complete_at.is_(None), _b.master_id == sa.bindparam("master"))
    .order_by(_b.id)
)
_ORPHANS = Statement(
    sa.select(_b.id, _b.fence)
    .join(t.masters, _m.id == _b.master_id)
    .where(_b.complete_at.is_(None), _m.id != sa.bindparam("master"), _m.lease_until < sa.bindparam("now"))
    .order_by(_b.id)
)
_TAKE = Statement(
    t.builds.update()
    .where(_b.id == sa.bindparam("build"), _b.fence == sa.bindparam("known"), _b.complete_at.is_(None))
    .values(
        fence=_b.fence + sa.text("1"), handovers=_b.handovers + sa.text("1"), master_id=sa.bindparam("master")
    )
    .returning(_b.build_request_id, _b.worker_id)
)  # fmt: skip
_CLAIM = Statement(
    t.build_requests.update()
    .where(
        t.build_requests.c.id == sa.select(_b.build_request_id).where(_b.id == sa.bindparam("build")).scalar_subquery()
    )
    .values(claimed_by=sa.bindparam("master"))
)
_WORKER = Statement(sa.select(t.workers.c.name, t.workers.c.install_id).where(t.workers.c.id == sa.bindparam("worker")))


def check(tx: Transaction, build_id: int, master_id: int, handovers: int) -> None:
    """Go on only if a build is still a master's; nobody takes it before this transaction has ended.

    Args:
        handovers: how often it had changed hands when the master got it.

    Raises:
        NotOurs: it is not.
    """
    if tx.one(_OWNER, build=build_id) != (master_id, handovers):
        raise NotOurs(f"build {build_id} has been taken over by another master")


def own(connection: Connection, master_id: int) -> list[OwnBuild]:
    """The unfinished builds of a master, oldest first."""
    return [
        OwnBuild(build, handovers, None if asked is None else (result, reason))
        for build, handovers, asked, result, reason in connection.all(_OWN, master=master_id)
    ]


def is_own(connection: Connection, build_id: int, master_id: int, handovers: int) -> bool:
    """Whether a build, finished or not, is still a master's."""
    return connection.one(_OWNER, build=build_id) == (master_id, handovers)


def moved(connection: Connection, master_id: int, known: Mapping[int, int], own_builds: list[OwnBuild]) -> list[int]:
    """Which builds that a master believes to have are another's.

    Args:
        known: how often each had changed hands when the master got it.
        own_builds: what `own` gave in this transaction.
    """
    sure = {build.build_id: build.handovers for build in own_builds}
    return [
        build_id
        for build_id, handovers in known.items()
        if sure.get(build_id) != handovers and not is_own(connection, build_id, master_id, handovers)
    ]


def orphans(connection: Connection, master_id: int, now: int) -> list[Orphan]:
    """Unfinished builds of other masters that hold no lease.

    Args:
        now: by the clock of the database.
    """
    return [Orphan(*row) for row in connection.all(_ORPHANS, master=master_id, now=now)]


def claim_request(tx: Transaction, build_id: int, master_id: int) -> None:
    """The request of a build that was taken over is claimed by its new master."""
    tx.run(_CLAIM, build=build_id, master=master_id)


def give_up(tx: Transaction, orphan: Orphan, master_id: int, seconds: float, max_attempts: int) -> bool:
    """Take an orphan and have its request tried again: neither its master nor its worker has come back.

    Args:
        seconds: how long that was waited for: nothing of it runs any more.
        max_attempts: so many builds of a request may lose what they run.

    Returns:
        Whether it still was an orphan.
    """
    row = tx.one(_TAKE, build=orphan.build_id, known=orphan.fence, master=master_id)
    if row is None:
        return False
    request_id, worker_id = row
    name, install_id = tx.one(_WORKER, worker=worker_id) or ("of another time", None)
    lost = f"its master and worker {name} were away for {seconds:g} s"
    stop = builds.stop_requested(tx, orphan.build_id)
    if stop is not None:
        result, text = Result(stop[0]), f"cancelled ({stop[1]})"
    elif builds.attempt(tx, orphan.build_id, request_id) >= max_attempts:
        result, text = EXCEPTION, f"exception ({lost})"
    else:
        result, text = RETRY, f"retry ({lost})"
    steps.abandon_unfinished(tx, orphan.build_id, result)
    if install_id is None:
        commands.lose_open(tx, [orphan.build_id])
    elif worker_id is not None:
        commands.end_assigned(tx, orphan.build_id, worker_id)
    builds.finish_with_request(tx, orphan.build_id, request_id, result, text)
    return True
