"""What becomes of builds that were running when this master ended, or another one: they go on, or are tried again."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from buildmill.common.results import RETRY, Result
from buildmill.master.db import build_requests, builds, commands, resuming, steps
from buildmill.master.db.resuming import BuildRecord
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.resources import Build, BuildRequest


def settle(
    tx: Transaction, master_id: int, may_go_on: Callable[[Build, BuildRequest], bool]
) -> tuple[int, list[BuildRecord]]:
    """End the builds that cannot go on; their commands are lost, and they are tried again.

    Returns:
        How many they were, and the records of the others.
    """
    return settle_these(tx, builds.unfinished(tx, master_id), may_go_on)


def settle_these(
    tx: Transaction, unfinished: Iterable[Build], may_go_on: Callable[[Build, BuildRequest], bool]
) -> tuple[int, list[BuildRecord]]:
    """As `settle`, for builds that this master has, and does not run."""
    left, kept = [], []
    for build in unfinished:
        if may_go_on(build, build_requests.get(tx, build.buildrequestid)):
            kept.append(resuming.load(tx, build.buildid))
        else:
            left.append(build)
    if left:
        commands.lose_open(tx, [build.buildid for build in left])
    for build in left:
        stop = builds.stop_requested(tx, build.buildid)
        result, text = RETRY, "retry (the master ended while it ran)"
        if stop is not None:
            result, text = Result(stop[0]), f"cancelled ({stop[1]})"
        steps.abandon_unfinished(tx, build.buildid, result)
        builds.finish_with_request(tx, build.buildid, build.buildrequestid, result, text)
    return len(left), kept
