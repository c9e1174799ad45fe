"""Documents of the pages that are lists: schedulers, requests that wait, builds by their branch; and of one change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from buildmill.common.errors import InvalidInput, NotFound
from buildmill.master.data.endpoints.directory import builders_of
from buildmill.master.data.endpoints.endpoint import Context, Endpoint, Kind, Part
from buildmill.master.data.endpoints.pages import given_reasons, reasons_of
from buildmill.master.data.endpoints.sources import of_elements
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.types import TYPES
from buildmill.master.data.versions import EVERY_CHANGE
from buildmill.master.data.versions import REQUESTS as REQUESTS_CHANGE
from buildmill.master.db.reading import directory, lists, schedulers
from buildmill.master.db.reading.requests import REQUESTS
from buildmill.master.db.reading.sources import CHANGES
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.list_documents import (
    BuildOfBranch,
    ChangePage,
    PendingRequest,
    RequestReasons,
    SchedulerPage,
    SchedulerRun,
    SchedulersPage,
    SchedulerState,
)
from buildmill.master.domain.queries import NO_ROWS, Filter, Operator, Page, Query, only
from buildmill.master.domain.resources import Scheduler

RUNS: Final = 50
"""Runs of a scheduler that its page has."""
BUILDS_OF_CHANGE: Final = 200
CHILDREN: Final = 20
EXPLAINED: Final = 60
"""Requests whose reasons are given at once; each costs a look at all that wait on its builder."""


# -- schedulers ------------------------------------------------------------------------


def _states(connection: Connection, rows: Sequence[Scheduler], spec: ResultSpec) -> list[SchedulerState]:
    reach, plans = spec.query.reach, schedulers.plans(connection, spec.query.reach)
    newest = {row.schedulerid: plans[row.schedulerid].newest_set for row in rows}
    runs: Mapping[int, SchedulerRun] = {}
    if "runs" not in spec.withheld:
        runs = schedulers.runs(connection, [bsid for bsid in newest.values() if bsid is not None], reach)
    readable = None if reach.is_everything else {builder.name for builder in builders_of(connection, {}, spec)}
    found = []
    for row in rows:
        plan = plans[row.schedulerid]
        names = plan.builder_names
        is_run = row.master is not None and row.master.active
        found.append(
            SchedulerState(
                builder_names=names
                if names is None or readable is None
                else [name for name in names if name in readable],
                can_run=plan.can_run,
                kind=plan.kind,
                last_run=runs.get(newest[row.schedulerid] or 0),
                next_run_at=plan.next_run_at if is_run else None,
                run_asked_by=None if plan.run_asked is None else plan.run_asked.by,
                scheduler=row,
                waiting_changes=plan.waiting_changes,
            )
        )
    return found


def _schedulers(connection: Connection, _keys: Keys, spec: ResultSpec) -> SchedulersPage:
    rows = sorted(directory.schedulers(connection), key=lambda row: row.name)
    return SchedulersPage(_states(connection, rows, spec), sorted(spec.withheld))


def _scheduler(connection: Connection, keys: Keys, spec: ResultSpec) -> SchedulerPage | None:
    rows = [row for row in directory.schedulers(connection) if row.schedulerid == keys["schedulerid"]]
    if not rows:
        return None
    (state,) = _states(connection, rows, spec)
    found: list[SchedulerRun] | None = None
    if spec.wants("runs"):
        ids = schedulers.newest_sets(connection, state.scheduler.name, RUNS)
        by_id = schedulers.runs(connection, ids, spec.query.reach)
        found = [by_id[bsid] for bsid in ids if bsid in by_id]
    return SchedulerPage(found, state, sorted(spec.withheld))


# -- what waits ------------------------------------------------------------------------

_QUEUE = ("-priority", "submitted_at", "buildrequestid")
"""The order in which requests of a builder are taken, where the configuration names no other one."""


def _pending(connection: Connection, _keys: Keys, spec: ResultSpec) -> Page[PendingRequest]:
    query = spec.query if spec.query.order else replace(spec.query, order=_QUEUE)
    filters = of_elements(query.filters, {"tags": "tag"})
    return NO_ROWS if filters is None else lists.PENDING.page(connection, replace(query, filters=filters), count=True)


def _asked_ids(spec: ResultSpec) -> tuple[int, ...]:
    """The requests that a question about reasons names."""
    filters = spec.query.filters
    expected = f"buildrequestid must be there 1 to {EXPLAINED} times, and nothing else"
    if len(filters) != 1 or filters[0].field != "buildrequestid":
        raise InvalidInput("buildrequestid", expected)
    if filters[0].operator not in (Operator.EQ, Operator.IN) or len(filters[0].values) > EXPLAINED:
        raise InvalidInput("buildrequestid", expected)
    return filters[0].values


async def _reasons(context: Context, _keys: Keys, spec: ResultSpec) -> list[RequestReasons]:
    asked = Filter("buildrequestid", Operator.IN, _asked_ids(spec))
    unclaimed = only("claimed", False)
    waiting = await context.ask(REQUESTS.select, Query((asked, unclaimed), reach=spec.query.reach))
    builders = {request.buildrequestid: request.builderid for request in waiting}
    reasons = await reasons_of(context, builders, spec.query.reach)
    return [RequestReasons(request, given_reasons(reasons, request)) for request in builders]


# -- changes ---------------------------------------------------------------------------


def _change(connection: Connection, keys: Keys, spec: ResultSpec) -> ChangePage | None:
    reach = spec.query.reach
    change = CHANGES.one(connection, changeid=keys["changeid"])
    if change is None:
        raise NotFound("no such change")
    builds = None
    if spec.wants("builds"):
        builds = lists.builds_of_change(connection, change.changeid, BUILDS_OF_CHANGE, reach)
    named = Filter("changeid", Operator.IN, tuple(change.parent_changeids))
    parents = CHANGES.select(connection, Query((named,), reach=reach)) if change.parent_changeids else []
    following = Query((only("parent", change.changeid),), ("changeid",), CHILDREN, reach=reach)
    return ChangePage(
        builds=builds,
        change=change,
        children=CHANGES.select(connection, following),
        parents=parents,
        withheld=sorted(spec.withheld),
    )


# -- builds of a builder -----------------------------------------------------------------


def _builds(connection: Connection, keys: Keys, spec: ResultSpec) -> Page[BuildOfBranch]:
    query = spec.query if spec.query.order else replace(spec.query, order=("-number",))
    return lists.BUILDS_OF_BRANCHES.page(connection, query.narrowed(only("builderid", keys["builderid"])))


_RUNS = Part("runs", "buildsets.read", "buildsets")

ENDPOINTS: list[Endpoint] = [
    Endpoint(
        "pages/schedulers",
        Kind.SINGLE,
        TYPES["schedulers_page"],
        "schedulers.read",
        _schedulers,
        depends=EVERY_CHANGE,
        parts=(Part("schedulers", "schedulers.read", "schedulers", is_required=True), _RUNS),
    ),
    Endpoint(
        "pages/schedulers/n:schedulerid",
        Kind.SINGLE,
        TYPES["scheduler_page"],
        "schedulers.read",
        _scheduler,
        depends=EVERY_CHANGE,
        parts=(Part("scheduler", "schedulers.read", "schedulers/n:schedulerid", is_required=True), _RUNS),
    ),
    Endpoint(
        "pages/pending",
        Kind.COLLECTION,
        TYPES["pending_request"],
        "buildrequests.read",
        _pending,
        depends=(REQUESTS_CHANGE,),
        parts=(
            Part("requests", "buildrequests.read", "buildrequests", is_required=True),
            Part("builders", "builders.read", "builders", is_required=True),
        ),
    ),
    Endpoint(
        "pages/reasons",
        Kind.COLLECTION,
        TYPES["request_reasons"],
        "reasons.read",
        load=_reasons,
        named=("buildrequestid", EXPLAINED),
        depends=None,
        parts=(Part("reasons", "reasons.read", "buildrequests", is_required=True),),
    ),
    Endpoint(
        "pages/changes/n:changeid",
        Kind.SINGLE,
        TYPES["change_page"],
        "changes.read",
        _change,
        depends=EVERY_CHANGE,
        parts=(
            Part("change", "changes.read", "changes/n:changeid", is_required=True),
            Part("builds", "builds.read", "changes/n:changeid/builds"),
        ),
    ),
    Endpoint(
        "pages/builders/n:builderid/builds",
        Kind.COLLECTION,
        TYPES["build_of_branch"],
        "builds.read",
        _builds,
        depends=EVERY_CHANGE,
        parts=(
            Part("builds", "builds.read", "builders/n:builderid/builds", is_required=True),
            Part("sourcestamps", "sourcestamps.read", "sourcestamps", is_required=True),
        ),
    ),
]
