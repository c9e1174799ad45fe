"""Documents of whole pages, below ``pages``: the front page, all builders, one builder.

The rows are read in one go, in a fixed number of statements; reasons come from the distributor behind that. Documents
with reasons are given again for a second only, and not beyond a commit: nobody tells when a reason changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from buildmill.common.errors import NotFound, NotSupported, Unavailable
from buildmill.master.data.cursors import cursor_of
from buildmill.master.data.endpoints.build_page import BUILD_PAGE
from buildmill.master.data.endpoints.directory import builders_of
from buildmill.master.data.endpoints.endpoint import Context, Endpoint, Kind, Part
from buildmill.master.data.endpoints.explain import within_reach
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.types import TYPES
from buildmill.master.data.versions import EVERY_CHANGE
from buildmill.master.db import builders as builder_rows
from buildmill.master.db import log_horizons
from buildmill.master.db.reading import directory, overview
from buildmill.master.db.reading.builds import BUILDS
from buildmill.master.db.reading.requests import REQUESTS
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.builder_health import health_of, typical_seconds
from buildmill.master.domain.log_horizons import Kept, kept
from buildmill.master.domain.page_documents import (
    BrokenBuilder,
    BuilderPage,
    BuildersPage,
    BuilderSummary,
    BuildMark,
    FrontPage,
    WaitingLine,
    WaitingRequest,
)
from buildmill.master.domain.projects import Reach
from buildmill.master.domain.queries import START, Page, Query, only
from buildmill.master.domain.reasons import Reason
from buildmill.master.domain.resources import Build, Builder, ForceScheduler

LISTED: Final = 50
"""The longest list of a page."""
EXPLAINED: Final = 10
"""Requests of one builder that are given with their reasons; each costs a look at all that wait there."""
RECENT: Final = 20
"""Builds that have ended, on the front page."""
STRIP: Final = 10
NEWEST: Final = 25


async def reasons_of(
    context: Context, requests: Mapping[int, int], reach: Reach
) -> Mapping[int, Sequence[Reason]] | None:
    """Reasons by the request's id; None where nobody knows any, or the engine is away."""
    if not requests:
        return {}
    try:
        found = await context.reasons.waiting(requests)
    except (NotSupported, Unavailable):
        return None
    return {request: await within_reach(context, reasons, reach) for request, reasons in found.items()}


def given_reasons(reasons: Mapping[int, Sequence[Reason]] | None, request_id: int) -> list[Reason] | None:
    """Those of one request, as documents have them."""
    return None if reasons is None else list(reasons.get(request_id, ()))


# -- the front page --------------------------------------------------------------------


def _front_rows(connection: Connection, spec: ResultSpec, now: float) -> FrontPage:
    """The front page without reasons."""
    reach = spec.query.reach
    builders = {builder.builderid: builder for builder in builders_of(connection, {}, spec)}
    wants_broken, wants_running = spec.wants("broken", "broken_total"), spec.wants("running", "running_total")
    marks = overview.marks(connection) if wants_broken or wants_running else {}
    broken: list[BrokenBuilder] | None = None
    broken_total = None
    if wants_broken:
        every = _broken(builders, marks)
        broken, broken_total = every[:LISTED], len(every)
    running, running_total = overview.running(connection, LISTED, marks, reach) if wants_running else (None, None)
    hours, hours_since = overview.hours(connection, now, reach) if spec.wants("hours", "hours_since") else (None, None)
    lines, waiting_total = _lines(connection, builders) if spec.wants("waiting", "waiting_total") else (None, None)
    return FrontPage(
        broken=broken,
        broken_total=broken_total,
        hours=hours,
        hours_since=hours_since,
        masters=directory.masters(connection) if spec.wants("masters") else None,
        recent=overview.recent(connection, RECENT, reach) if spec.wants("recent") else None,
        running=running,
        running_total=running_total,
        waiting=lines,
        waiting_total=waiting_total,
        withheld=sorted(spec.withheld),
        workers=overview.workers_health(connection, LISTED, reach) if spec.wants("workers") else None,
    )


def _broken(builders: Mapping[int, Builder], marks: Mapping[int, Sequence[BuildMark]]) -> list[BrokenBuilder]:
    found = []
    for builder in builders.values():
        if not builder.masterids:
            continue
        health = health_of(marks.get(builder.builderid, ()))
        if health.broken is None or health.since is None:
            continue
        good = None if health.last_good is None else health.last_good.number
        found.append(
            BrokenBuilder(health.broken, builder.builderid, good, builder.name, health.since.number, builder.tags)
        )
    return sorted(found, key=lambda one: (-(one.build.complete_at or 0), one.builderid))


def _lines(connection: Connection, builders: Mapping[int, Builder]) -> tuple[list[WaitingLine], int]:
    lines = [line for line in overview.lines(connection) if line.builder_id in builders]
    shown = lines[:LISTED]
    since = overview.submitted_at(connection, [line.oldest for line in shown])
    found = [
        WaitingLine(
            builder=builders[line.builder_id].name,
            builderid=line.builder_id,
            buildrequestid=line.oldest,
            length=line.length,
            reasons=None,
            since=since[line.oldest],
        )
        for line in shown
    ]
    return found, sum(line.length for line in lines)


async def _front(context: Context, _keys: Keys, spec: ResultSpec) -> FrontPage:
    page = await context.ask(_front_rows, spec, context.database.clock.seconds())
    if not page.waiting or not spec.wants("reasons", "waiting"):
        return page
    oldest = {line.buildrequestid: line.builderid for line in page.waiting}
    reasons = await reasons_of(context, oldest, spec.query.reach)
    lines = [replace(line, reasons=given_reasons(reasons, line.buildrequestid)) for line in page.waiting]
    return replace(page, waiting=lines)


# -- builders --------------------------------------------------------------------------


def _builders(connection: Connection, _keys: Keys, spec: ResultSpec) -> BuildersPage:
    with_builds, with_lines = "builds" not in spec.withheld, "waiting" not in spec.withheld
    marks = overview.marks(connection) if with_builds else {}
    waiting = {line.builder_id: line.length for line in overview.lines(connection)} if with_lines else {}
    summaries = []
    for builder in sorted(builders_of(connection, {}, spec), key=lambda one: one.name):
        of_builder = marks.get(builder.builderid, [])
        health = health_of(of_builder)
        summaries.append(
            BuilderSummary(
                builder=builder,
                builds=of_builder[:STRIP] if with_builds else None,
                good_builds=health.good if with_builds else None,
                rated_builds=health.rated if with_builds else None,
                waiting=waiting.get(builder.builderid, 0) if with_lines else None,
            )
        )
    return BuildersPage(builders=summaries, withheld=sorted(spec.withheld))


# -- one builder -----------------------------------------------------------------------


_OF_BUILDS: Final = (
    "bad_in_a_row", "builds", "builds_next", "good_builds", "good_in_a_row", "rated_builds", "typical_s"
)  # fmt: skip
"""What a builder's page says of its builds."""


def _logs_kept(connection: Connection, builder: Builder) -> Kept:
    rules = log_horizons.in_force(connection)
    return Kept(is_known=False) if rules is None else kept(rules, builder.name, builder.tags)


def _builder_rows(connection: Connection, keys: Keys, spec: ResultSpec) -> BuilderPage:
    """The page of a builder without reasons and force schedulers."""
    builder_id: int = keys["builderid"]
    try:
        builder = builder_rows.get(connection, builder_id)
    except NotFound:
        raise NotFound("no such builder") from None
    newest: Page[Build] | None = None
    health = typical = None
    if spec.wants(*_OF_BUILDS):
        newest = BUILDS.page(connection, Query((only("builderid", builder_id),), ("-number",), NEWEST, after=START))
        marks = overview.marks_of(connection, builder_id)
        health, typical = health_of(marks), typical_seconds(marks)
    waiting, waiting_total = None, None
    if spec.wants("waiting", "waiting_total"):
        query = Query((only("waiting on", builder_id),), limit=EXPLAINED)
        waiting = [WaitingRequest(None, request) for request in REQUESTS.select(connection, query)]
        full = len(waiting) == EXPLAINED
        waiting_total = overview.waiting_count(connection, builder_id) if full else len(waiting)
    masters = None
    if spec.wants("masters"):
        masters = [master for master in directory.masters(connection) if master.masterid in builder.masterids]
    logs = _logs_kept(connection, builder)
    return BuilderPage(
        bad_in_a_row=None if health is None else health.bad_in_a_row,
        builder=builder,
        builds=None if newest is None else list(newest.rows),
        builds_next=None if newest is None or newest.next is None else cursor_of(newest.next),
        forceschedulers=None,
        good_builds=None if health is None else health.good,
        good_in_a_row=None if health is None else health.good_in_a_row,
        log_horizon_is_known=logs.is_known,
        log_horizon_s=None if logs.horizon is None else int(logs.horizon.total_seconds()),
        masters=masters,
        rated_builds=None if health is None else health.rated,
        typical_s=typical,
        waiting=waiting,
        waiting_total=waiting_total,
        withheld=sorted(spec.withheld),
        workers=overview.workers_of(connection, builder_id) if spec.wants("workers") else None,
    )


async def _builder(context: Context, keys: Keys, spec: ResultSpec) -> BuilderPage:
    page = await context.ask(_builder_rows, keys, spec)
    more: dict[str, Any] = {}
    if page.waiting and spec.wants("reasons", "waiting"):
        requests = [entry.request for entry in page.waiting]
        of_builders = {request.buildrequestid: request.builderid for request in requests}
        reasons = await reasons_of(context, of_builders, spec.query.reach)
        more["waiting"] = [WaitingRequest(given_reasons(reasons, one.buildrequestid), one) for one in requests]
    if spec.wants("forceschedulers"):
        more["forceschedulers"] = await _force_schedulers(context, page.builder.name)
    return replace(page, **more)


async def _force_schedulers(context: Context, builder: str) -> list[ForceScheduler] | None:
    """Those of a builder; None when the engine is away."""
    try:
        known = await context.force_schedulers.documents()
    except Unavailable:
        return None
    return [found for found in known if builder in found.builder_names]


ENDPOINTS: list[Endpoint] = [
    Endpoint(
        "pages/front",
        Kind.SINGLE,
        TYPES["front_page"],
        "builders.read",
        load=_front,
        depends=None,
        is_brief=True,
        parts=(
            Part("builders", "builders.read", "builders", is_required=True),
            Part("broken", "builds.read", "builds"),
            Part("hours", "builds.read", "builds"),
            Part("masters", "masters.read", "masters"),
            Part("reasons", "reasons.read", "buildrequests"),
            Part("recent", "builds.read", "builds"),
            Part("running", "builds.read", "builds"),
            Part("waiting", "buildrequests.read", "buildrequests"),
            Part("workers", "workers.read", "workers"),
        ),
    ),
    Endpoint(
        "pages/builders",
        Kind.SINGLE,
        TYPES["builders_page"],
        "builders.read",
        _builders,
        depends=EVERY_CHANGE,
        parts=(
            Part("builders", "builders.read", "builders", is_required=True),
            Part("builds", "builds.read", "builds"),
            Part("waiting", "buildrequests.read", "buildrequests"),
        ),
    ),
    Endpoint(
        "pages/builders/n:builderid",
        Kind.SINGLE,
        TYPES["builder_page"],
        "builders.read",
        load=_builder,
        depends=None,
        is_brief=True,
        parts=(
            Part("builder", "builders.read", "builders/n:builderid", is_required=True),
            Part("builds", "builds.read", "builders/n:builderid/builds"),
            Part("forceschedulers", "forceschedulers.read", "builders/:builderid/forceschedulers"),
            Part("masters", "masters.read", "builders/n:builderid/masters"),
            Part("reasons", "reasons.read", "builders/n:builderid/explain"),
            Part("waiting", "buildrequests.read", "builders/n:builderid/buildrequests"),
            Part("workers", "workers.read", "builders/n:builderid/workers"),
        ),
    ),
    *BUILD_PAGE,
]
