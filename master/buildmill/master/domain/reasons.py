"""Why a request waits: one form for the page, the command line and programs."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import msgspec

from buildmill.master.domain.resources import Resource


class Because(StrEnum):
    """Codes of reasons. `docs/reference/waiting.md` says what each means and what helps."""

    # it does not wait, or not for long
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    COMPLETE = "complete"
    IDLE = "idle"
    # the worker
    OFFLINE = "worker_offline"
    COMING = "worker_starting"
    FAILING = "worker_failing"
    NOT_STARTED = "worker_not_started"
    PAUSED = "worker_paused"
    GRACEFUL = "worker_graceful"
    QUARANTINED = "worker_quarantined"
    BUSY = "worker_busy"
    # what else is in use
    LOCK = "lock"
    BEHIND = "behind"
    # functions of the configuration
    REFUSED = "refused"
    ASKED = "function_pending"
    FAILED = "function_failed"
    # the request and the masters
    HELD = "held"
    NOT_MADE = "build_not_made"
    NO_WORKER = "no_worker"
    NO_BUILDER = "no_builder"
    OTHER_MASTER = "other_master"
    MASTER_INACTIVE = "master_inactive"
    MASTER_STOPPING = "master_stopping"


class Reason(Resource, frozen=True, kw_only=True):
    """One reason.

    Attributes:
        buildid: the first of `buildids`, or None.
        buildids: builds that are in the way; those of the request itself for ``running`` and ``stopping``.
        code: for programs.
        function: the function of the configuration, as its argument is called: ``nextBuild``.
        lock: name of the lock.
        position: place of the request among those of its builder, from 1.
        text: for people; a whole sentence without a full stop.
        worker, workerid: the worker that the reason is about.
    """

    type_name = "reason"
    plural = "reasons"
    id_field = "code"

    buildid: int | None = None
    buildids: list[int] = []
    code: Annotated[Because, msgspec.Meta(extra={"type": "string"})]
    function: str | None = None
    lock: str | None = None
    position: int | None = None
    text: str
    worker: str | None = None
    workerid: int | None = None


def in_the_way(code: Because, text: str, builds: Sequence[int], **about: str | int | None) -> Reason:
    """A reason that is about builds; `about` are its other fields."""
    ids = sorted(builds)
    return Reason(code=code, text=text, buildid=ids[0] if ids else None, buildids=ids, **about)  # type: ignore[arg-type]  # names of its fields
